import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { matrixOf } from '../../src-main/app/modelFeatures.ts';
import { DEFAULT_FEATURES } from '../../src-main/features/index.ts';
import { Predictor } from '../../src-main/models/predictor.ts';
import type { ModelManifest } from '../../src-main/store/manifest.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { Graph, type Value } from '../../src-main/tensor/graph.ts';
import { emitModel } from '../../src-main/tensor/onnx/emit.ts';
import { log, reduceMean, reduceSum, sub, transpose } from '../../src-main/tensor/ops/index.ts';
import type { ListedModel, TrainInput } from '../../src-shared/contract/training.ts';
import { cleanUp, newFolder, openEngine } from '../support/engine.ts';
import { endOfRun } from '../support/engineWorld.ts';

let engine: FrontierEngine;
let folder: string;

beforeAll(async () => {
  engine = await openEngine();
  folder = newFolder();
  for await (const _ of await engine.client.data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
});
afterAll(async () => {
  await engine.close();
  await cleanUp();
});

async function trained(input: Partial<TrainInput>): Promise<ListedModel> {
  const { runId } = await engine.client.training.start({ symbol: 'SYNFX', timeframe: 'H1', ...input });
  const run = await endOfRun(engine, runId);
  if (run.modelId === undefined) throw new Error(run.error?.message ?? 'the run made no model');
  return engine.client.training.model({ modelId: run.modelId });
}

const folderOf = ({ symbol, timeframe, version }: ListedModel): string =>
  join(engine.context.home, 'models', `${symbol}_${timeframe}`, String(version));

/** Changes the manifest of a model and makes its checksums right again, as a wrong tool would. */
function forge(model: ListedModel, change: (manifest: ModelManifest) => object): () => void {
  const files = ['manifest.json', 'checksums.json'].map((name) => join(folderOf(model), name));
  const before = files.map((file) => readFileSync(file));
  const manifest = change(JSON.parse(before[0]!.toString('utf8')) as ModelManifest);
  const text = JSON.stringify(manifest);
  const sums = JSON.parse(before[1]!.toString('utf8')) as Record<string, string>;
  sums['manifest.json'] = createHash('sha256').update(text).digest('hex');
  writeFileSync(files[0]!, text);
  writeFileSync(files[1]!, JSON.stringify(sums));
  return () => {
    files.forEach((file, i) => {
      writeFileSync(file, before[i]!);
    });
  };
}

describe('stored models', () => {
  let model: ListedModel;
  beforeAll(async () => {
    model = await trained({ family: 'ridge', windowBars: 3 });
  });

  it('are solved, calibrated, judged and reported', async () => {
    expect(model).toMatchObject({ family: 'ridge', role: 'regressor', present: true, pinned: false });
    expect(model.parameters).toBe(3 * DEFAULT_FEATURES.length + 1);
    expect(model.conformal!.low).toBeLessThan(model.conformal!.achieved);
    const report = await engine.client.training.modelReport({ modelId: model.id });
    expect(report.map((part) => part.title)).toEqual(['Outcome by prediction, test span', 'Solution']);
  });

  it('are solved on the CPU whatever was asked for, and the run says so', async () => {
    const { client } = engine;
    const { runId } = await client.training.start({
      symbol: 'SYNFX',
      timeframe: 'H1',
      family: 'ridge',
      engine: 'tfjs',
      horizonBars: 9,
    });
    const run = await endOfRun(engine, runId);
    expect(run.engineNote).toMatch(/^Ridge regression is solved at once on the CPU/);
    expect(run.bestValidation).toBeGreaterThan(0);
  });

  it('are verified as a whole', async () => {
    const { checks } = await engine.client.training.verifyModel({ modelId: model.id });
    expect(checks).toHaveLength(5);
  });

  it.each([
    [
      'another order of features',
      (m: ModelManifest) => ({ ...m, features: [m.features[1], m.features[0], ...m.features.slice(2)] }),
      /its feature 1 is return_3, its scaler was fitted on return_1/,
    ],
    [
      'a feature that is not known',
      (m: ModelManifest) => ({
        ...m,
        features: ['moon_phase', ...m.features.slice(1)],
        scaler: { ...m.scaler, names: ['moon_phase', ...m.features.slice(1)] },
      }),
      /no feature "moon_phase"/,
    ],
    [
      'another window',
      (m: ModelManifest) => ({ ...m, windowBars: 4 }),
      /the manifest says 4 bars of 20 features to 1 outputs, the file takes 3 bars of 20/,
    ],
    [
      'another answer to the stored sample',
      (m: ModelManifest) => ({ ...m, sample: { ...m.sample!, y: [m.sample!.y[0]! + 0.5] } }),
      /for its stored sample it said .* on cpu it now says/,
    ],
    ['a later format', (m: ModelManifest) => ({ ...m, format: 2 }), /format 2; this release reads format 1/],
  ])('are refused with %s, both sides named', async (_, change, message) => {
    const restore = forge(model, change);
    try {
      await expect(engine.client.training.verifyModel({ modelId: model.id })).rejects.toThrow(message);
    } finally {
      restore();
    }
    await engine.client.training.verifyModel({ modelId: model.id });
  });

  it('are refused when a byte of the file changes', async () => {
    const file = join(folderOf(model), 'model.onnx');
    const before = readFileSync(file);
    const spoilt = Buffer.from(before);
    spoilt[spoilt.length >> 1]! ^= 1;
    writeFileSync(file, spoilt);
    await expect(engine.client.training.verifyModel({ modelId: model.id })).rejects.toThrow(
      /model\.onnx differs from its checksum/,
    );
    writeFileSync(file, before);
  });

  it('are exported with their scaler inside and imported again as the same signal', async () => {
    const { name, base64 } = await engine.client.training.exportModel({ modelId: model.id });
    expect(name).toMatch(/^SYNFX_H1_ridge_v\d+\.onnx$/);
    const path = join(folder, name);
    writeFileSync(path, Buffer.from(base64, 'base64'));
    const imported = await engine.client.training.importModel({
      path,
      symbol: 'SYNFX',
      timeframe: 'H1',
      features: [...DEFAULT_FEATURES],
      horizonBars: 12,
      scale: false,
    });
    expect(imported).toMatchObject({ family: 'imported', windowBars: 3, role: 'regressor' });
    expect(imported.testRankCorrelation).toBeCloseTo(model.testRankCorrelation!, 4);
    expect(imported.conformal!.achieved).toBeCloseTo(model.conformal!.achieved, 2);
    const genes = { entryThreshold: 1, stopAtr: 2, targetAtr: 3, riskFraction: 0.01, maxHoldingBars: 24 };
    const [ours, theirs] = await Promise.all(
      [model.id, imported.id].map((modelId) => engine.client.backtest.run({ modelId, span: 'test', genes })),
    );
    expect(theirs!.trades.length).toBe(ours!.trades.length);
  });

  it('made elsewhere are refused where they do not take the features', async () => {
    const path = join(folder, 'wrong.onnx');
    const { base64 } = await engine.client.training.exportModel({ modelId: model.id });
    writeFileSync(path, Buffer.from(base64, 'base64'));
    const input = { symbol: 'SYNFX', timeframe: 'H1', horizonBars: 12 } as const;
    await expect(
      engine.client.training.importModel({ ...input, path, features: ['return_1', 'rsi_14'] }),
    ).rejects.toThrow(/takes x \[batch, 3, 20\], not windows of 2 features/);
    writeFileSync(path, 'no model');
    await expect(
      engine.client.training.importModel({ ...input, path, features: ['return_1'] }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(/refused the model/) });
  });

  it.each<[string, (x: Value) => [Value, string[]], RegExp]>([
    [
      'gives one number for a whole batch',
      (x) => [reduceSum(x, [0, 1], false), []],
      /gives y float32\[\]; one float32 number per/,
    ],
    [
      'looks at the other rows of a batch',
      (x) => [sub(reduceMean(x, [1], true), reduceMean(x, [0, 1], true)), ['batch', '1']],
      /for a bar among others and .* for the same bar alone/,
    ],
    [
      'does not always give numbers',
      (x) => [log(reduceMean(x, [1], true)), ['batch', '1']],
      /predicts NaN for the/,
    ],
    [
      'gives a table that lies on its side',
      (x) => [transpose(reduceMean(x, [1], true), [1, 0]), ['1', 'batch']],
      /\[1,batch\]; one float32 number per window/,
    ],
  ])('made elsewhere are refused where the file %s', async (_, build, message) => {
    const graph = new Graph('elsewhere');
    const [y, shape] = build(graph.input('x', 'float32', [1, 2], ['batch', 2]));
    graph.output(
      'y',
      y,
      shape.map((s) => (s === '1' ? 1 : s)),
    );
    const path = join(folder, 'hostile.onnx');
    writeFileSync(path, emitModel(graph));
    await expect(
      engine.client.training.importModel({
        path,
        symbol: 'SYNFX',
        timeframe: 'H1',
        horizonBars: 12,
        features: ['return_1', 'rsi_14'],
      }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(message) });
  });

  it.skipIf(process.platform === 'win32')('made elsewhere are refused where a device is named', async () => {
    const path = '/dev/zero';
    const input = {
      path,
      symbol: 'SYNFX',
      timeframe: 'H1',
      horizonBars: 12,
      features: ['return_1'],
    } as const;
    await expect(engine.client.training.importModel({ ...input, features: ['return_1'] })).rejects.toThrow(
      /\/dev\/zero is no file/,
    );
  });

  it('write predictions to files only', async () => {
    const out = join(newFolder(), 'a folder');
    mkdirSync(out);
    await expect(
      engine.client.training.predict({ modelId: model.id, out, overwrite: true }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT', message: `${out} is no file.` });
  });

  it('predict what they said when they were trained, over history and file alike', async () => {
    const { path, rows } = await engine.client.training.predict({ modelId: model.id });
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('timestamp,prediction,lower,upper');
    expect(lines).toHaveLength(rows + 1);
    // By hand for the last bar: raw features, scaler, model file, target's unit.
    const { manifest, model: onnx } = engine.context.artifacts.load('SYNFX', 'H1', model.version);
    const bars = await engine.context.bars.load('SYNFX', 'H1');
    const matrix = matrixOf(manifest, bars, new Map());
    const raw = matrix.values.slice(-3 * DEFAULT_FEATURES.length);
    const scaled = raw.map((v, i) => {
      const f = i % DEFAULT_FEATURES.length;
      const z = (v - manifest.scaler.mean[f]!) / manifest.scaler.std[f]!;
      return Math.max(-manifest.scaler.clip, Math.min(manifest.scaler.clip, z));
    });
    const predictor = await Predictor.load(onnx, cpuEngine(1));
    const [y] = await predictor.predict(scaled, 1);
    await predictor.close();
    const close = bars.close.at(-1)!;
    const unit = (matrix.atr.at(-1)! / close) * Math.sqrt(12);
    const [time, prediction, lower, upper] = lines.at(-1)!.split(',');
    expect(Date.parse(time!)).toBe(bars.timeMs.at(-1));
    expect(Number(prediction)).toBeCloseTo(Math.expm1(y! * unit), 9);
    expect(Number(lower)).toBeCloseTo(Math.expm1((y! - manifest.calibration!.q) * unit), 9);
    expect(Number(upper)).toBeCloseTo(Math.expm1((y! + manifest.calibration!.q) * unit), 9);

    const csv = join(folder, 'bars.csv');
    await engine.client.data.export({ symbol: 'SYNFX', timeframe: 'H1', format: 'csv', path: csv });
    const out = join(folder, 'predictions.csv');
    await engine.client.training.predict({ modelId: model.id, path: csv, out });
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(path, 'utf8'));
    await expect(engine.client.training.predict({ modelId: model.id, out })).rejects.toThrow(
      /exists already/,
    );
  });
});

describe('models of models', () => {
  it('an ensemble is a model of its own, whose members may go', async () => {
    const members = [
      await trained({ family: 'ridge', windowBars: 2 }),
      await trained({ family: 'mlp', windowBars: 4, epochs: 2 }),
    ].map((m) => m.id);
    const ensemble = await trained({ family: 'ensemble', model: { members, combine: 'weighted' } });
    expect(ensemble).toMatchObject({ family: 'ensemble', members, windowBars: 4, horizonBars: 12 });
    const report = await engine.client.training.modelReport({ modelId: ensemble.id });
    expect(report.at(-1)).toMatchObject({ kind: 'table', title: 'Members' });
    await engine.client.training.verifyModel({ modelId: ensemble.id });
    const forecast = await engine.client.data.forecast({ modelId: ensemble.id, count: 5 });
    expect(forecast.price.every((p) => p !== null)).toBe(true);
  });

  it('an ensemble of different horizons, or of one model, is refused', async () => {
    const [a, b] = [
      await trained({ family: 'ridge', horizonBars: 6 }),
      await trained({ family: 'ridge', horizonBars: 8 }),
    ];
    const start = (members: string[]) => trained({ family: 'ensemble', model: { members } });
    await expect(start([a!.id, b!.id])).rejects.toThrow(/predicts 6 bars ahead, .* 8\./);
    await expect(start([a!.id])).rejects.toThrow(/at least two different models/);
  });

  it('several horizons are judged on expanding windows and stored one by one', async () => {
    const set = await trained({ family: 'horizons', model: { folds: 2, hours: [1, 4, 24] } });
    expect(set.members).toHaveLength(3);
    expect(set.figures.map((f) => f.name)).toEqual(['disagreementPct', 'agreeNow']);
    const report = await engine.client.training.modelReport({ modelId: set.id });
    const table = report.find((part) => part.title === 'Horizons on expanding windows');
    if (table?.kind !== 'table') throw new Error('no table of horizons');
    expect(table.rows.map((row) => row[0])).toEqual(['1 h', '4 h', '1 d']);
    const models = await engine.client.training.models();
    for (const [i, row] of table.rows.entries()) {
      const own = models.find((m) => m.id === row.at(-1))!;
      expect(own).toMatchObject({ family: 'ridge', horizonBars: [1, 4, 24][i], present: true });
      // Accuracy of a model on an unseen stretch lies around a half; far from it something leaks.
      expect(row[2]).toBeGreaterThan(35);
      expect(row[2]).toBeLessThan(80);
    }
  });
});

describe('old models', () => {
  it('make room for new ones of the same kind, but pinned ones stay', async () => {
    const kind = { family: 'lasso', horizonBars: 5 } as const;
    const first = await trained(kind);
    await engine.client.training.pin({ modelId: first.id, pinned: true });
    const others: ListedModel[] = [];
    for (let i = 0; i < 6; i++) others.push(await trained(kind));
    const listed = async (id: string) => engine.client.training.model({ modelId: id });
    expect(await listed(first.id)).toMatchObject({ pinned: true, present: true });
    expect(await listed(others[0]!.id)).toMatchObject({ present: false });
    expect(existsSync(folderOf(others[0]!))).toBe(false);
    for (const kept of others.slice(1)) expect(await listed(kept.id)).toMatchObject({ present: true });
    await expect(engine.client.training.verifyModel({ modelId: others[0]!.id })).rejects.toThrow(
      /There is no model SYNFX_H1/,
    );
  });
});
