import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { DeviceDto, FamilyInfo } from '../../../src-shared/contract/training.ts';
import { changedFields } from './changed.ts';
import { deviceOf, switchNotes } from './deviceNotes.ts';
import { readSettings, settingFields, settingLabel, settingText } from './familySettings.ts';
import { checkDraft, defaultDraft, restoreDraft, withFamily } from './fields.ts';
import { restorePresets } from './presets.ts';
import { shareOfRate } from './scheduleShape.ts';

const schema = z.strictObject({
  channels: z.int().min(1).max(1024).default(16),
  hidden: z.array(z.int().min(1)).default([16, 8]),
  activation: z.enum(['relu', 'gelu']).default('relu'),
  residual: z.boolean().default(true),
  alpha: z.number().min(0).default(0.1),
  members: z.array(z.string()).default([]),
  convs: z.union([z.literal(1), z.literal(2)]).default(1),
  odd: z.record(z.string(), z.number()).default({}),
});

function family(name: FamilyInfo['name'], extra: Partial<FamilyInfo> = {}): FamilyInfo {
  return {
    name,
    title: name,
    description: '',
    role: 'regressor',
    fit: 'gradient',
    schema: z.toJSONSchema(schema),
    defaults: schema.parse({}),
    runDefaults: {},
    ...extra,
  };
}

describe('settings of a family', () => {
  const fields = settingFields(z.toJSONSchema(schema), schema.parse({}));

  it('reads kinds, bounds and defaults from the schema, in its order', () => {
    expect(fields.map((f) => [f.name, f.kind])).toEqual([
      ['channels', 'integer'],
      ['hidden', 'numbers'],
      ['activation', 'choice'],
      ['residual', 'switch'],
      ['alpha', 'number'],
      ['members', 'texts'],
      ['convs', 'choice'],
      ['odd', 'json'],
    ]);
    expect(fields[0]).toMatchObject({ min: 1, max: 1024, fallback: 16, label: 'Channels' });
    expect(fields[2]?.options).toEqual(['relu', 'gelu']);
    expect(fields[4]).not.toHaveProperty('max');
  });

  it('gives nothing for what is no schema', () => {
    expect(settingFields(undefined, {})).toEqual([]);
    expect(settingFields({ type: 'object' }, {})).toEqual([]);
  });

  it('turns what was typed into values', () => {
    const read = readSettings(fields, {
      channels: '32',
      hidden: '64, 32 8',
      odd: '{"a":1}',
      convs: '2',
      extra: 5,
    });
    expect(read).toEqual({
      values: { channels: 32, hidden: [64, 32, 8], odd: { a: 1 }, convs: 2, extra: 5 },
      errors: {},
    });
    expect(readSettings(fields, { hidden: '' }).values).toEqual({ hidden: [] });
  });

  it('names what is wrong and leaves it out', () => {
    const read = readSettings(fields, { channels: 2000, hidden: '8, x', alpha: '', odd: '{' });
    expect(read.values).toEqual({});
    expect(read.errors).toEqual({
      channels: 'At most 1024.',
      hidden: '"x" is not a number.',
      alpha: 'A number is needed.',
      odd: 'This is not JSON.',
    });
    expect(readSettings(fields, { channels: 1.5 }).errors.channels).toBe('A whole number is needed.');
  });

  it('names and shows settings as a person writes them', () => {
    expect(settingLabel('kernelSize')).toBe('Kernel size');
    expect(settingText([16, 8])).toBe('16, 8');
    expect(settingText(0.5)).toBe('0.5');
  });

  it('reach the run, or the form says which one is wrong', () => {
    const draft = { ...defaultDraft(), model: { channels: 8 } };
    const checked = checkDraft(draft, 'EURUSD', 'H1', family('mlp'));
    expect(checked.ok && checked.input.model).toEqual({ channels: 8 });
    const wrong = checkDraft({ ...draft, model: { channels: 0 } }, 'EURUSD', 'H1', family('mlp'));
    expect(wrong).toEqual({ ok: false, errors: { 'model.channels': 'At least 1.' } });
  });
});

describe('a family inside a family', () => {
  const mlp = family('mlp', { schema: z.toJSONSchema(z.strictObject({ hidden: z.array(z.int()) })) });
  const horizons = family('horizons', {
    schema: z.toJSONSchema(
      z.strictObject({
        family: z.enum(['ridge', 'mlp']),
        model: z.record(z.string(), z.unknown()),
        hours: z.array(z.number()).min(2).max(8),
      }),
    ),
    defaults: { family: 'ridge', model: {}, hours: [1, 4] },
  });
  const checked = (model: Record<string, unknown>) =>
    checkDraft({ ...defaultDraft(), family: 'horizons', model }, 'EURUSD', 'H1', horizons, [mlp]);

  it('is read by its own form, its hours one by one', () => {
    const result = checked({ family: 'mlp', model: { hidden: '32, 8' }, hours: ['1', '24'] });
    expect(result.ok && result.input.model).toEqual({
      family: 'mlp',
      model: { hidden: [32, 8] },
      hours: [1, 24],
    });
  });

  it('says which of its settings is wrong', () => {
    expect(checked({ family: 'mlp', model: { hidden: 'many' }, hours: ['4'] })).toEqual({
      ok: false,
      errors: { 'model.model.hidden': '"many" is not a number.', 'model.hours': 'At least 2 are needed.' },
    });
  });
});

describe('another family', () => {
  const mlp = family('mlp');
  const tcn = family('tcn', { runDefaults: { windowBars: 32, batch: 64 } });

  it('brings its defaults where nothing was chosen, and keeps what was', () => {
    const chosen = { ...defaultDraft(), batch: 256, model: { hidden: [4] } };
    const after = withFamily(chosen, mlp, tcn);
    expect(after).toMatchObject({ family: 'tcn', windowBars: 32, batch: 256, model: {} });
  });

  it('takes its defaults back on the way to the next one', () => {
    const there = withFamily(defaultDraft(), mlp, tcn);
    expect(withFamily(there, tcn, mlp)).toEqual(defaultDraft());
    expect(withFamily({ ...there, windowBars: 48 }, tcn, mlp).windowBars).toBe(48);
  });

  it('says which settings are not its defaults', () => {
    const draft = {
      ...withFamily(defaultDraft(), mlp, tcn),
      epochs: 5,
      model: { channels: 8, residual: true },
    };
    expect(changedFields(draft, tcn)).toEqual([
      { name: 'family', label: 'Model family', value: 'TCN' },
      { name: 'model.channels', label: 'Channels', value: '8' },
      { name: 'epochs', label: 'Epochs', value: '5' },
    ]);
  });
});

describe('what was kept', () => {
  it('comes back whole, over the defaults', () => {
    const draft = { ...defaultDraft(), epochs: 7, features: ['rsi_14'], model: { hidden: '8, 8' } };
    expect(restoreDraft(JSON.parse(JSON.stringify(draft)))).toEqual(draft);
    expect(restoreDraft({ epochs: 9, gone: 1, features: 'x' })).toEqual({ ...defaultDraft(), epochs: 9 });
  });

  it('is left out where it cannot be read', () => {
    expect(restoreDraft(undefined)).toBeUndefined();
    expect(restoreDraft({ family: 'forest' })).toBeUndefined();
    expect(
      Object.keys(restorePresets({ good: { epochs: 3 }, bad: 'x', worse: { family: 'forest' } })),
    ).toEqual(['good']);
    expect(restorePresets('x')).toEqual({});
  });
});

describe('the schedule', () => {
  const shape = { schedule: 'cosine', warmupSteps: 4, totalSteps: 12, stepsPerEpoch: 1 };

  it('warms up, then falls along half a cosine', () => {
    expect([0, 1, 2, 3].map((s) => shareOfRate(shape, s))).toEqual([0.25, 0.5, 0.75, 1]);
    expect(shareOfRate(shape, 4)).toBe(1);
    expect(shareOfRate(shape, 8)).toBeCloseTo(0.5, 12);
    expect(shareOfRate(shape, 12)).toBeCloseTo(0, 12);
  });

  it('halves every ten epochs, or stays', () => {
    const steps = { ...shape, schedule: 'step', warmupSteps: 0, stepsPerEpoch: 3 };
    expect([0, 29, 30, 59, 60].map((s) => shareOfRate(steps, s))).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(shareOfRate({ ...shape, schedule: 'plateau' }, 11)).toBe(1);
  });
});

describe('switches', () => {
  const device = (
    id: string,
    engine: DeviceDto['engine'],
    mixedPrecision: 'yes' | 'slower' | 'no',
  ): DeviceDto => ({
    id,
    engine,
    name: id,
    available: true,
    detail: '',
    memoryBytes: null,
    freeBytes: null,
    driver: null,
    utilization: null,
    temperatureC: null,
    powerWatt: null,
    fanPct: null,
    probeMs: null,
    supports: { mixedPrecision, graphCapture: false, tf32: false },
  });
  const cpu = device('cpu', 'cpu', 'slower');
  const cuda = device('cuda:1', 'cuda', 'yes');

  it('belong to the chosen device, or the first usable one of the engine', () => {
    const all = [cpu, { ...device('cuda:0', 'cuda', 'yes'), available: false }, cuda];
    expect(deviceOf(all, 'cuda', '')?.id).toBe('cuda:1');
    expect(deviceOf(all, 'cuda', 'cuda:0')?.id).toBe('cuda:0');
    expect(deviceOf(all, 'auto', '')).toBeUndefined();
  });

  it('say where they do nothing or slow down', () => {
    const draft = { ...defaultDraft(), precision: 'mixed' };
    const onCpu = switchNotes(draft, family('mlp'), cpu);
    expect(onCpu.precision).toMatchObject({ tone: 'warn', text: expect.stringContaining('Slower here') });
    expect(onCpu.attention?.text).toContain('no attention');
    expect(onCpu.layout?.text).toContain('one layout');
    expect(onCpu.checkpointing?.text).toContain('no blocks');
    expect(onCpu.averageEvery?.text).toContain('one device');
    const onCuda = switchNotes({ ...draft, devices: 2 }, family('diffusion'), cuda);
    expect(Object.keys(onCuda)).toEqual(['tf32', 'threads']);
    const able = { ...cuda, supports: { ...cuda.supports, tf32: true } };
    expect(switchNotes(draft, undefined, able)).not.toHaveProperty('tf32');
    const solved = switchNotes(draft, family('ridge', { fit: 'solved' }), cpu);
    expect(solved.checkpointing?.text).toContain('computed at once');
  });
});
