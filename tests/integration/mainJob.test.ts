import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { type MainJobResult, mainJobFigures, runMainJob } from '../../src-main/app/mainJob.ts';
import { manifestSchema } from '../../src-main/store/manifest.ts';
import { cleanUp, cli, jsonOf, newFolder, openEngine, ROOT } from '../support/engine.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

// A machine whose cores are shared takes several times longer than one that is idle.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });
afterAll(cleanUp);

const SEED = 7;
const EVALUATIONS = 240;
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

const backtest = z.object({
  trades: count,
  netReturnPct: z.number(),
  sharpe: z.number().nullable(),
  maxDrawdownPct: z.number().nonnegative(),
  totalCost: z.number().nonnegative(),
});

/** Issue 2, "Read by machines", and what docs/cli.md adds. */
const figuresSchema = z.object({
  market: z.object({ symbol: z.string(), timeframe: z.string(), bars: count, synthetic: z.boolean() }),
  quality: z.object({ score: z.number().min(0).max(100), issues: count }),
  training: z.object({
    engine: z.enum(['cpu', 'webgpu']),
    steps: z.number().int().positive(),
    seconds: z.number().positive(),
    finalLoss: z.number().positive(),
    testR2: z.number(),
    testRankCorrelation: z.number(),
  }),
  conformal: z.object({
    target: z.number().min(0.5).max(0.995),
    achieved: z.number().min(0).max(1),
    n: z.number().int().positive(),
  }),
  backtest,
  deployedBacktest: backtest,
  study: z.object({
    evaluations: z.number().int().min(200),
    frontSize: z.number().int().positive(),
    seconds: z.number().positive(),
  }),
  deployment: z.object({ id: z.string().regex(/^dep_/), parameterHash: hash }),
  live: z.object({
    broker: z.literal('paper'),
    decisions: z.number().int().positive(),
    orders: count,
    fills: count,
    parameterHash: hash,
    decisionsAsBacktest: count,
    fillsAsBacktest: count,
  }),
  verdict: z.string().min(20),
  report: z.string().regex(/^reports\/[^/]+\.html$/),
});
type Figures = z.infer<typeof figuresSchema>;

/** What must be the same when the same is done again: everything but identifiers and durations. */
function repeatable({ training, study, deployment, report: _, ...rest }: Figures) {
  const { seconds: __, ...trained } = training;
  const { seconds: ___, ...studied } = study;
  return { ...rest, trained, studied, parameterHash: deployment.parameterHash };
}

function expectSelfContained(html: string): void {
  expect(html.length).toBeGreaterThan(5000);
  expect(html).not.toMatch(/https?:|<script|<iframe|<link|@import|javascript:|\bon\w+=|url\((?!data:)/i);
  expect(html).toMatch(/<svg/);
}

const fileOfEurUsd = (): string => sharedFile('EURUSD_H1_2017-04_2018-02.csv.gz');

describe.skipIf(noSharedData !== undefined)(withReason('the main job on EURUSD H1'), () => {
  const home = newFolder();
  let engine: FrontierEngine;
  let result: MainJobResult;
  let figures: Figures;
  const told: [string, number][] = [];

  beforeAll(async () => {
    engine = await openEngine(home);
    result = await runMainJob(engine.client, {
      file: { path: fileOfEurUsd(), symbol: 'EURUSD' },
      training: { engine: 'cpu' },
      evaluations: EVALUATIONS,
      seed: SEED,
      onProgress: (step, fraction) => told.push([step, fraction]),
    });
    figures = figuresSchema.parse(mainJobFigures(result));
  });

  it('gives every figure that machines read', () => {
    expect(figures.market).toEqual({ symbol: 'EURUSD', timeframe: 'H1', bars: 5000, synthetic: false });
    expect(figures.study.evaluations).toBe(EVALUATIONS);
    expect(figures.study.frontSize).toBe(result.study.trials.filter((t) => t.onFront).length);
    expect(result.study.trials).toHaveLength(EVALUATIONS);
    expect(JSON.parse(JSON.stringify(figures))).toEqual(figures);
  });

  it('tells each step in order, from its begin to its end', () => {
    const steps = [...new Set(told.map(([step]) => step))];
    expect(steps).toEqual(['import', 'train', 'backtest', 'optimise', 'deploy', 'live', 'report']);
    for (const step of steps) expect(told.findLast(([s]) => s === step)?.[1]).toBe(1);
  });

  it('trades what was chosen: point, deployment and session have one hash', () => {
    const { point, deployment, session, study, deployedBacktest } = result;
    expect(deployment.trialId).toBe(study.recommendedTrialId);
    expect(deployment.genes).toEqual(point.trial.genes);
    expect(
      new Set([point, deployment, session, deployedBacktest].map((r) => r.parameterHash)).size,
      'distinct hashes',
    ).toBe(1);
    expect(result.backtest.parameterHash).not.toBe(deployment.parameterHash);
  });

  it('decides and fills in the paper session as the backtester does', () => {
    const { adherence, session, model } = result;
    const replay = model.spans.find((s) => s.name === 'replay')!;
    expect(session.barsDone).toBe(replay.to - replay.from);
    expect(adherence.differences).toEqual([]);
    expect([adherence.decisionsEqual, adherence.decisionsCompared]).toEqual([
      session.decisions,
      session.decisions,
    ]);
    expect(adherence.fillsEqual).toBe(adherence.fillsCompared);
    expect(adherence.fillsCompared).toBe(session.fills.length);
    expect(session.fills.length).toBeGreaterThan(0);
    expect(session.unreconciled).toEqual([]);
  });

  it('keeps the parts of history in order, with an embargo of at least the horizon between them', () => {
    const { spans, horizonBars } = result.model;
    expect(spans.map((s) => s.name)).toEqual([
      'train',
      'validation',
      'calibration',
      'optimisation',
      'test',
      'replay',
    ]);
    spans.forEach((span, i) => {
      expect(span.to).toBeGreaterThan(span.from);
      const next = spans[i + 1];
      if (next)
        expect(next.from - span.to, `${span.name} to ${next.name}`).toBeGreaterThanOrEqual(horizonBars);
    });
    expect(spans.at(-1)!.to).toBeLessThanOrEqual(result.dataset.bars);
    expect([result.backtest.fromMs, result.backtest.toMs]).toEqual([spans[4]!.fromMs, spans[4]!.toMs]);
  });

  it('reports the coverage that the stored intervals have on the test span, counted from prices', async () => {
    const { model } = result;
    const { horizonBars } = model;
    const conformal = model.conformal!;
    const test = model.spans.find((s) => s.name === 'test')!;
    const rows = test.to - test.from;
    const { bars } = await engine.client.data.bars({ symbol: 'EURUSD', timeframe: 'H1', count: 5000 });
    const endMs = test.toMs + 1;
    const forecast = await engine.client.data.forecast({ modelId: model.id, endMs, count: rows });
    expect(forecast.timeMs).toEqual(bars.timeMs.slice(test.from, test.to));
    const inside = forecast.timeMs.filter((_, i) => {
      const close = bars.close[test.from + i + horizonBars]!;
      return close >= forecast.lower[i]! && close <= forecast.upper[i]!;
    }).length;
    expect(conformal.n).toBe(rows);
    expect(Math.abs(inside / rows - conformal.achieved)).toBeLessThanOrEqual(1 / rows);
    expect(conformal.low).toBeLessThan(conformal.achieved);
    expect(conformal.high).toBeGreaterThan(conformal.achieved);
    expect(conformal.low, 'the target lies in the band').toBeLessThanOrEqual(conformal.target);
    expect(conformal.high, 'the target lies in the band').toBeGreaterThanOrEqual(conformal.target);
  });

  it('writes one self-contained report that names what it shows', async () => {
    expect(existsSync(join(home, result.report.path))).toBe(true);
    const html = readFileSync(join(home, result.report.path), 'utf8');
    expectSelfContained(html);
    for (const text of ['EURUSD', 'H1', result.deployment.parameterHash.slice(0, 12)])
      expect(html).toContain(text);
    expect(html).not.toContain('SYNTHETIC');
    const { html: read } = await engine.client.report.read({ reportId: result.report.reportId });
    expect(read).toBe(html);
  });

  it('does the same through the command line with the same seed, figure for figure', async () => {
    const args = ['demo', '--no-open', '--json', '--data', fileOfEurUsd(), '--symbol', 'EURUSD'];
    const other = newFolder();
    const options = ['--seed', String(SEED), '--evaluations', String(EVALUATIONS), '--home', other];
    const ended = await cli([...args, ...options]);
    expect(ended.status, ended.stderr).toBe(0);
    const again = figuresSchema.strict().parse(jsonOf(ended));
    expect(existsSync(join(other, again.report))).toBe(true);
    expect(repeatable(again)).toEqual(repeatable(figures));
    expect(again.deployment.id).not.toBe(figures.deployment.id);
  });

  it('fits nothing on what it is later judged on: other prices there change no fitted number', async () => {
    const test = result.model.spans.find((s) => s.name === 'test')!;
    const path = join(newFolder(), 'eurusd.csv');
    const [head, ...rows] = gunzipSync(readFileSync(fileOfEurUsd())).toString('utf8').trim().split('\n');
    const bent = rows.map((row, i) => {
      if (i < test.from) return row;
      const [time, ...rest] = row.split(',');
      const shift = 0.05 * Math.sin(i);
      return [time, ...rest.slice(0, 4).map((p) => (Number(p) + shift).toFixed(5)), ...rest.slice(4)].join(
        ',',
      );
    });
    writeFileSync(path, [head, ...bent, ''].join('\n'));
    const otherHome = newFolder();
    const other = await openEngine(otherHome);
    const file = { path, symbol: 'EURUSD' };
    const settings = { training: { engine: 'cpu' as const }, evaluations: EVALUATIONS, seed: SEED };
    const changed = await runMainJob(other.client, { file, ...settings });
    const fitted = (folder: string): unknown => {
      const manifest = manifestSchema.parse(
        JSON.parse(readFileSync(join(folder, 'models', 'EURUSD_H1', '1', 'manifest.json'), 'utf8')),
      );
      const { scaler, calibration } = manifest;
      return { scaler, calibration, bestStep: manifest.metrics.bestStep };
    };
    const judgedByStudy = ({ study }: MainJobResult): unknown =>
      study.trials.map(({ genes, objectives, onFront }) => ({ genes, objectives, onFront }));
    expect(changed.dataset.dataHash).not.toBe(result.dataset.dataHash);
    expect(changed.model.sha256).toBe(result.model.sha256);
    expect(fitted(otherHome)).toEqual(fitted(home));
    expect(judgedByStudy(changed)).toEqual(judgedByStudy(result));
    expect(changed.deployment.parameterHash).toBe(result.deployment.parameterHash);
    expect(changed.backtest.metrics.netReturnPct).not.toBe(result.backtest.metrics.netReturnPct);
    expect(changed.model.conformal!.achieved).not.toBe(result.model.conformal!.achieved);
  });

  it('learns something else from another seed', async () => {
    const { runId } = await engine.client.training.start({
      symbol: 'EURUSD',
      timeframe: 'H1',
      engine: 'cpu',
      seed: SEED + 1,
    });
    let modelId: string | undefined;
    for await (const run of await engine.client.training.watch({ runId })) modelId = run.modelId;
    const model = await engine.client.training.model({ modelId: modelId! });
    expect([model.version, model.seed]).toEqual([2, SEED + 1]);
    expect(model.sha256).not.toBe(result.model.sha256);
  });
});

describe('the main job on the demo market', () => {
  it('is documented with the object that machines read, field for field', () => {
    const page = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');
    const [, example] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const documented = figuresSchema.strict().parse(JSON.parse(example!));
    expect(documented.live.parameterHash).toBe(documented.deployment.parameterHash);
  });

  it('says SYNTHETIC in the summary, the report, the list and the figures', async () => {
    const home = newFolder();
    const ended = await cli(['demo', '--no-open', '--evaluations', '200', '--home', home]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stdout).toContain('SYNTHETIC');
    const path = /reports\/\S+\.html/.exec(ended.stdout)?.[0];
    const html = readFileSync(join(home, path!), 'utf8');
    expectSelfContained(html);
    expect(html).toContain('SYNTHETIC');
    for (const step of ['import', 'train', 'backtest', 'optimise', 'deploy', 'live', 'report'])
      expect(ended.stderr).toMatch(new RegExp(`^${step}`, 'm'));
    expect((await cli(['data', 'list', '--home', home])).stdout).toContain('SYNTHETIC');
    const listed = jsonOf(await cli(['data', 'list', '--json', '--home', home]));
    expect(listed.datasets).toMatchObject([{ symbol: 'SYNFX', synthetic: true }]);
    const sessions = jsonOf(await cli(['live', 'list', '--json', '--home', home]));
    expect(sessions.sessions).toMatchObject([{ synthetic: true, badge: 'PAPER', state: 'finished' }]);
  });

  it('refuses a file without a symbol before it touches anything', async () => {
    const home = join(newFolder(), 'none');
    const ended = await cli(['demo', '--no-open', '--json', '--data', 'x.csv', '--home', home]);
    expect(ended.status).toBe(2);
    expect(jsonOf(ended)).toMatchObject({
      error: { code: 'BAD_INPUT', hint: expect.stringContaining('--symbol') },
    });
    expect(existsSync(home)).toBe(false);
  });
});
