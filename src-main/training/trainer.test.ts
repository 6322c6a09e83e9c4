import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG, learnable, type RecordingIo, recordingIo } from '../../tests/support/trainingRun.ts';
import { Predictor } from '../models/predictor.ts';
import { openEngine } from '../tensor/engine.ts';
import { readCheckpoint } from './checkpointStore.ts';
import { type LogLine, type TrainIo, train } from './trainer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'frontier-train-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const io = (overrides: Partial<TrainIo> = {}): RecordingIo =>
  recordingIo(path.join(directory, 'run'), overrides);

const data = learnable(1000, 3, 4);

describe('train', () => {
  it.each([
    { family: 'mlp', model: { hidden: [16] } },
    { family: 'tcn', model: { channels: 8, levels: 2, kernelSize: 2 } },
  ] as const)('$family learns a linear rule down to its noise', async ({ family, model }) => {
    const link = io();
    const result = await train(data, { ...CONFIG, family, model, epochs: 40 }, link);
    // The noise has variance 0.01; predicting zero would score about 0.62.
    expect(result.bestValidationLoss).toBeLessThan(0.02);
    expect(result.steps).toBe(40 * Math.floor(data.trainEnds.length / 32));
    expect(link.reports.at(-1)).toMatchObject({ step: result.steps, epoch: 40, etaMs: 0, engine: 'cpu' });
    expect(link.reports.filter((r) => r.validationLoss !== undefined)).toHaveLength(40);
    expect(result.stopped).toBe(false);
  });

  it('hands out a model whose predictions score the reported validation loss', async () => {
    const result = await train(data, CONFIG, io());
    const { engine } = await openEngine('cpu', 1);
    const predictor = await Predictor.load(result.onnx, engine);
    const predictions = await predictor.predictRows(data.features, data.validationEnds);
    let sum = 0;
    data.validationEnds.forEach((end, i) => {
      sum += (predictions[i]! - data.targets[end]!) ** 2;
    });
    expect(sum / data.validationEnds.length).toBeCloseTo(result.bestValidationLoss!, 5);
    await predictor.close();
  });

  it('gives the same weights bit for bit for the same seed, however the steps are cut into chunks', async () => {
    const one = await train(data, CONFIG, io());
    const two = await train(
      data,
      { ...CONFIG, chunkSteps: 5 },
      io({ checkpointDir: path.join(directory, 'two') }),
    );
    const other = await train(
      data,
      { ...CONFIG, seed: 8 },
      io({ checkpointDir: path.join(directory, 'three') }),
    );
    expect(Buffer.from(two.onnx).equals(Buffer.from(one.onnx))).toBe(true);
    expect(Buffer.from(other.onnx).equals(Buffer.from(one.onnx))).toBe(false);
  });

  it('goes on after a stop and ends with the weights of an uninterrupted run', async () => {
    const whole = await train(data, CONFIG, io({ checkpointDir: path.join(directory, 'whole') }));
    const controller = new AbortController();
    const link = io({ signal: controller.signal, onChunk: (r) => r.step >= 40 && controller.abort() });
    const part = await train(data, CONFIG, link);
    expect(part.stopped).toBe(true);
    expect(part.steps).toBeLessThan(whole.steps);
    const rest = await train(data, CONFIG, io());
    expect(rest.steps).toBe(whole.steps);
    expect(rest.curve).toEqual(whole.curve);
    expect(Buffer.from(rest.onnx).equals(Buffer.from(whole.onnx))).toBe(true);
  });

  it('lets the process hear a stop that comes from outside while chunks follow each other', async () => {
    const controller = new AbortController();
    const endless = { ...CONFIG, epochs: 100_000 };
    // The timer is set by the first chunk and can only fire if the process turns its event loop between chunks.
    let _timer: NodeJS.Timeout | undefined;
    const onChunk = (): void => {
      _timer ??= setTimeout(() => controller.abort(), 5);
    };
    const result = await train(data, endless, io({ signal: controller.signal, onChunk }));
    expect(result.stopped).toBe(true);
    expect(result.steps).toBeGreaterThan(0);
  });

  it('refuses to hand out a model when it was stopped before its first step', async () => {
    const signal = AbortSignal.abort();
    await expect(train(data, CONFIG, io({ signal }))).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('saves before it waits while paused', async () => {
    let pauses = 0;
    let saved = 0;
    let steps = 0;
    const link = io({
      checkpointIntervalMs: 1e9,
      onChunk: (report) => {
        steps = report.step;
      },
      paused: () => pauses === 0 && steps > 0,
      waitWhilePaused: async () => {
        pauses += 1;
        saved = (await readCheckpoint(path.join(directory, 'run')))!.progress.step;
      },
    });
    const result = await train(data, CONFIG, link);
    expect(pauses).toBe(1);
    expect(saved).toBeGreaterThan(0);
    expect(saved).toBeLessThan(result.steps);
    expect(result.stopped).toBe(false);
  });

  it('ends by patience and keeps the best weights, not the last', async () => {
    const noise = { ...data, targets: data.targets.map((_, i) => Math.sin(i * 12.9898) * 2) };
    const result = await train(noise, { ...CONFIG, model: { hidden: [64] }, epochs: 200, patience: 5 }, io());
    expect(result.stoppedEarly).toBe(true);
    const stepsPerEpoch = Math.floor(data.trainEnds.length / 32);
    expect(result.steps).toBe(result.bestStep + 5 * stepsPerEpoch);
  });

  it('stops on a loss that is not finite, names the step and keeps the last checkpoint', async () => {
    const wild = { ...data, targets: data.targets.map((y) => y * 1e30) };
    await expect(train(wild, CONFIG, io())).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/loss became .* at step 1/),
    });
  });

  it('refuses a checkpoint of other settings, of other data, and a damaged one', async () => {
    await train(data, { ...CONFIG, epochs: 1 }, io());
    const conflict = { code: 'CONFLICT' };
    await expect(train(data, { ...CONFIG, epochs: 1, learningRate: 0.02 }, io())).rejects.toMatchObject(
      conflict,
    );
    const changed = { ...data, features: data.features.map((x, i) => (i === 500 ? x + 1 : x)) };
    await expect(train(changed, { ...CONFIG, epochs: 1 }, io())).rejects.toMatchObject(conflict);
  });

  const files = async (): Promise<string[]> => (await readdir(path.join(directory, 'run'))).sort();
  const damage = async (name: string): Promise<void> => {
    const file = path.join(directory, 'run', name);
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
  };

  it('keeps the newest checkpoints only, and falls back to the one before where the last is damaged', async () => {
    const whole = await train(data, CONFIG, io({ checkpointDir: path.join(directory, 'whole') }));
    const controller = new AbortController();
    const each = { checkpointIntervalMs: 0, signal: controller.signal };
    const link = io({ ...each, onChunk: (r) => r.step >= 120 && controller.abort() });
    await train(data, { ...CONFIG, keepCheckpoints: 2 }, link);
    const [older, newest, ...more] = await files();
    expect(more).toEqual([]);
    await damage(newest!);
    const lines: LogLine[] = [];
    const rest = await train(data, { ...CONFIG, keepCheckpoints: 2 }, io({ onLog: (l) => lines.push(l) }));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warning', topic: 'checkpoint' }));
    const step = Number(/\d+/.exec(older!)![0]);
    expect(lines.some((l) => l.message.includes(`from the checkpoint of step ${step}.`))).toBe(true);
    expect(Buffer.from(rest.onnx).equals(Buffer.from(whole.onnx))).toBe(true);
    expect(rest.curve).toEqual(whole.curve);
    expect(await files()).toContain(`${newest}.damaged`);
  });

  it('refuses to go on where every checkpoint is damaged or cut short, and one of an earlier release', async () => {
    await train(data, { ...CONFIG, epochs: 1 }, io());
    const [only] = await files();
    await damage(only!);
    await expect(train(data, { ...CONFIG, epochs: 1 }, io())).rejects.toMatchObject({ code: 'CORRUPT' });
    await writeFile(path.join(directory, 'run', only!), 'FRTRAIN3');
    await expect(train(data, { ...CONFIG, epochs: 1 }, io())).rejects.toMatchObject({ code: 'CORRUPT' });
    await writeFile(path.join(directory, 'run', 'checkpoint.bin'), 'FRTRAIN2');
    const earlier = expect.stringMatching(/earlier release/);
    await expect(train(data, { ...CONFIG, epochs: 1 }, io())).rejects.toMatchObject({ message: earlier });
  });

  it.each([
    [
      'a feature that is not a number',
      { features: data.features.map((x, i) => (i === 302 ? Number.NaN : x)) },
      /feature 2 of row 100 is NaN/,
    ],
    [
      'an unknown target',
      { targets: data.targets.map((y, i) => (i === 50 ? Number.NaN : y)) },
      /target of row 50/,
    ],
    ['a constant target', { targets: data.targets.map(() => 1) }, /all training targets equal 1/],
    ['too few windows', { trainEnds: data.trainEnds.slice(0, 31) }, /31 training windows/],
    ['a window before the first row', { trainEnds: data.trainEnds.map((e) => e - 1) }, /cannot end at row 2/],
    ['features of another shape', { features: data.features.slice(3) }, /came with 2997 feature values/],
  ] as const)('refuses %s before it starts', async (_, change, message) => {
    await expect(train({ ...data, ...change }, CONFIG, io())).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });

  it('ignores rows that no window covers', async () => {
    const features = data.features.slice();
    features.fill(Number.NaN, (data.rows - 1) * 3);
    await expect(train({ ...data, features }, { ...CONFIG, epochs: 1 }, io())).resolves.toMatchObject({
      stopped: false,
    });
  });

  it.each([
    [{ batch: 0 }, /batch must be a whole number/],
    [{ learningRate: -1 }, /learningRate/],
    [{ family: 'mpl' as 'mlp' }, /unknown model family "mpl"/],
    [{ model: { layers: 3 } }, /layers/],
  ])('refuses the settings %o', async (change, message) => {
    await expect(train(data, { ...CONFIG, ...change }, io())).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });

  it('says why it is not on the engine asked for', async () => {
    const result = await train(data, { ...CONFIG, engine: 'webgpu', epochs: 1 }, io());
    if (result.engine === 'cpu') expect(result.engineDegradedReason).toMatch(/WebGPU is not available/);
    else expect(result.engineDegradedReason).toBeUndefined();
  });
});
