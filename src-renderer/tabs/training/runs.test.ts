import { describe, expect, it } from 'vitest';
import {
  type ListedModel,
  type TrainingRunDto,
  trainInputSchema,
} from '../../../src-shared/contract/training.ts';
import { bestOf, comparedMetrics, differingSettings, overlayLine } from './compare.ts';
import { axisEnd, sampled } from './curve.ts';
import { figureText } from './Figures.tsx';
import { filterLog, logText } from './logFilter.ts';
import { filterModels, NO_FILTER } from './modelFilter.ts';
import { multiplesOf } from './multiples.ts';
import { actionsOf } from './runActions.ts';
import { engineText, epochShare } from './runText.ts';
import { shownSetting } from './SettingsList.tsx';

function run(id: string, extra: Partial<TrainingRunDto> = {}, input: object = {}): TrainingRunDto {
  return {
    id,
    jobId: id,
    input: trainInputSchema.parse({ symbol: 'EURUSD', timeframe: 'H1', ...input }),
    state: 'done',
    startedMs: 0,
    step: 100,
    totalSteps: 200,
    epoch: 3,
    curve: [],
    restarts: 0,
    ...extra,
  };
}

describe('comparison', () => {
  it('lists only the settings that differ, those of the family by their own name', () => {
    const rows = differingSettings([
      run('a', {}, { batch: 64, model: { hidden: [16] } }),
      run('b', {}, { batch: 128, model: { hidden: [16], residual: true } }),
    ]);
    expect(rows).toEqual([
      { key: 'batch', label: 'Batch size', values: ['64', '128'] },
      { key: 'model.residual', label: 'Residual', values: ['–', 'on'] },
    ]);
  });

  it('marks the one best value, and none where losses are of different kinds', () => {
    const validation = (inputs: readonly object[]) =>
      comparedMetrics(
        inputs.map((input, i) => run(String(i), { bestValidation: 0.3 - 0.1 * i }, input)),
        [],
      ).find((r) => r.key === 'bestValidation');
    expect(validation([{}, {}])).toMatchObject({ values: ['0.3', '0.2'], best: 1 });
    expect(validation([{ loss: 'mse' }, {}])).not.toHaveProperty('best');
    expect(bestOf([1, 1], 'low')).toBeUndefined();
    expect(bestOf([undefined, 2], 'low')).toBeUndefined();
    expect(bestOf([3, undefined, 5], 'high')).toBe(2);
  });

  it('draws a loss by step or by share of the run', () => {
    const curve = [
      { step: 50, train: 3 },
      { step: 100, train: 2, validation: 2.5 },
    ];
    expect(overlayLine(run('a', { curve }), 'train', 'step')).toEqual({ x: [50, 100], y: [3, 2] });
    expect(overlayLine(run('a', { curve }), 'validation', 'share')).toEqual({ x: [50], y: [2.5] });
  });
});

describe('progress', () => {
  it('knows the share of the epoch', () => {
    const at = (step: number) => epochShare({ state: 'running', step, totalSteps: 40, stepsPerEpoch: 20 });
    expect([0, 5, 20, 30, 40].map(at)).toEqual([0, 0.25, 0, 0.5, 1]);
    expect(epochShare({ state: 'running', step: 5, totalSteps: 40 })).toBeUndefined();
  });

  it('names engine and device without saying the same twice', () => {
    expect(engineText({ engine: 'cpu', device: 'cpu' })).toBe('CPU');
    expect(engineText({ engine: 'cuda', device: 'NVIDIA H200' })).toBe('CUDA, NVIDIA H200');
    expect(engineText({})).toBe('–');
  });

  it('offers what can be done in each state', () => {
    expect(actionsOf('running')).toEqual(['pause', 'stop', 'save']);
    expect(actionsOf('paused')).toEqual(['resume', 'stop']);
    expect(actionsOf('done')).toEqual([]);
    expect(actionsOf('failed')).toEqual(['resume']);
  });

  it('draws a line per device, of what the devices say alone, with bounded points', () => {
    const reading = (device: string, step: number) => ({
      timeMs: step,
      step,
      device,
      utilization: step,
      memoryBytes: null,
      temperatureC: device === 'b' ? 60 : null,
      powerWatt: null,
      fanPct: null,
    });
    const readings = Array.from({ length: 1000 }, (_, i) => [reading('a', i), reading('b', i)]).flat();
    const multiples = multiplesOf([{ step: 1, train: 1, learningRate: 0.1 }], readings);
    expect(multiples.map((m) => [m.title, m.series.map((s) => s.name)])).toEqual([
      ['Learning rate', ['learningRate']],
      ['Device busy', ['a', 'b']],
      ['Temperature', ['b']],
    ]);
    const busy = multiples[1]!.series[0]!.points;
    expect(busy.length).toBeLessThanOrEqual(400);
    expect(busy.at(-1)?.step).toBe(999);
  });

  it('lets the axis of steps grow by halves of the run, and end with it', () => {
    const at = (step: number, endedMs?: number) =>
      axisEnd({ step, totalSteps: 1000, ...(endedMs === undefined ? {} : { endedMs }) });
    expect([0, 125, 126, 400, 501, 1000].map((step) => at(step))).toEqual([2, 125, 250, 500, 1000, 1000]);
    expect(at(300, 5)).toBe(300);
    expect(axisEnd({ step: 0, totalSteps: 0 })).toBe(1);
  });

  it('samples evenly, ends included', () => {
    expect(sampled([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)).toEqual([0, 4, 8]);
    expect(sampled([1, 2], 5)).toEqual([1, 2]);
  });
});

describe('log', () => {
  const log = [
    { timeMs: 0, level: 'info', topic: 'data', message: 'Loaded' },
    { timeMs: 1, level: 'decision', topic: 'batch', message: 'Halved to 64' },
    { timeMs: 2, level: 'error', topic: 'worker', message: 'Lost' },
  ] as const;

  it('filters by level and by text in topic or message', () => {
    expect(filterLog(log, 'decisions', '').map((l) => l.seq)).toEqual([1]);
    expect(filterLog(log, 'warnings', '').map((l) => l.seq)).toEqual([2]);
    expect(filterLog(log, 'all', 'BATCH').map((l) => l.seq)).toEqual([1]);
  });

  it('is saved oldest first', () => {
    const text = logText(filterLog(log, 'all', '').reverse());
    expect(text.split('\n')[1]).toBe('1970-01-01T00:00:00.001Z DECISION batch: Halved to 64');
  });
});

it('filters models by every word, role, market and files', () => {
  const model = (id: string, extra: Partial<ListedModel>): ListedModel =>
    ({
      id,
      symbol: 'EURUSD',
      timeframe: 'H1',
      family: 'mlp',
      role: 'regressor',
      version: 1,
      engine: 'cpu',
      present: true,
      ...extra,
    }) as ListedModel;
  const models = [
    model('a', {}),
    model('b', { family: 'elasticNet', symbol: 'GBPUSD' }),
    model('c', { role: 'anomaly', present: false }),
  ];
  const ids = (filter: Partial<typeof NO_FILTER>) =>
    filterModels(models, { ...NO_FILTER, ...filter }, { symbol: 'EURUSD', timeframe: 'H1' }).map((m) => m.id);
  expect(ids({})).toEqual(['a', 'b', 'c']);
  expect(ids({ text: 'elastic gbp' })).toEqual(['b']);
  expect(ids({ role: 'anomaly' })).toEqual(['c']);
  expect(ids({ here: true, gone: false })).toEqual(['a']);
});

it('shows figures of any size and settings of any kind', () => {
  expect([0.00001234, 12.345, 1234567, null].map(figureText)).toEqual(['1.23e−5', '12.35', '1,234,567', '–']);
  expect([true, [], { hidden: [8, 8] }, {}, 'huber'].map((v) => shownSetting(v))).toEqual([
    'on',
    'none',
    'hidden 8, 8',
    'default',
    'huber',
  ]);
});
