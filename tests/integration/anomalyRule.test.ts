import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anomalyRule, assertGuards, thresholdOf } from '../../src-main/app/anomalyRule.ts';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { deploymentHash } from '../../src-main/app/jobs/backtest.ts';
import { LiveAnomaly } from '../../src-main/app/liveAnomaly.ts';
import { openModel, pruneModels } from '../../src-main/app/modelFiles.ts';
import { readSignals } from '../../src-main/app/signals.ts';
import { openEngine as openTensorEngine } from '../../src-main/tensor/engine.ts';
import type { BacktestDto, EntryRules } from '../../src-shared/contract/backtest.ts';
import type { ListedModel } from '../../src-shared/contract/training.ts';
import { barAt, lowerBound } from '../../src-shared/market/bars.ts';
import type { EntryBlock } from '../../src-shared/trading/entryMask.ts';
import { cleanUp, cli, jsonOf, newFolder, openEngine } from '../support/engine.ts';
import { endOfRun, endOfSession, endOfStudy } from '../support/engineWorld.ts';

const EAGER = { entryThreshold: 0.2, stopAtr: 2, targetAtr: 3, riskFraction: 0.01, maxHoldingBars: 12 };

/** A block as plain values. */
const plain = (block: EntryBlock | undefined) =>
  block?.kind === 'anomaly' ? { ...block, figure: block.figure() } : block;

describe('entries that unusual windows forbid, through the whole engine', () => {
  let engine: FrontierEngine;
  let home: string;
  let modelId: string;
  let anomalyId: string;

  const learn = async (more: object): Promise<string> => {
    const base = { symbol: 'SYNFX', timeframe: 'H1', engine: 'cpu' } as const;
    const run = await endOfRun(engine, (await engine.client.training.start({ ...base, ...more })).runId);
    expect(run.error).toBeUndefined();
    return run.modelId!;
  };
  const record = (id: string): ListedModel => engine.context.stores.models.get(id);
  const run = (rules: EntryRules): Promise<BacktestDto> =>
    engine.client.backtest.run({ modelId, span: 'test', genes: EAGER, ...rules });
  const loaded = (id: string) => {
    const { symbol, timeframe, version } = record(id);
    return engine.context.artifacts.load(symbol, timeframe, version);
  };
  const errorsOf = async (id: string) => {
    const model = record(id);
    return (await readSignals({ home, modelId: id, ...model }, model.sha256, model.dataHash))!;
  };

  beforeAll(async () => {
    home = newFolder();
    engine = await openEngine(home);
    for await (const _ of await engine.client.data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
    modelId = await learn({ family: 'ridge' });
    // A third of all windows are to be unusual, so that the rule is met often.
    const model = { hidden: [16], latent: 4, percentile: 67 };
    anomalyId = await learn({ family: 'anomaly', model, windowBars: 12, epochs: 3 });
  }, 180_000);
  afterAll(cleanUp);

  it('ORD-24: a backtest opens nothing after a flagged window, and without the rule it does', async () => {
    const free = await run({});
    const strict = await run({ avoidAnomalies: anomalyId });
    const { timeMs, predictions } = await errorsOf(anomalyId);
    const threshold = thresholdOf(loaded(anomalyId).manifest);
    const errorBefore = (entryTimeMs: number) => predictions[lowerBound(timeMs, entryTimeMs) - 1]!;
    expect(free.trades.some((t) => errorBefore(t.entryTimeMs) > threshold)).toBe(true);
    expect(strict.trades.length).toBeGreaterThan(5);
    for (const { entryTimeMs } of strict.trades)
      expect(errorBefore(entryTimeMs)).toBeLessThanOrEqual(threshold);
    expect(strict.blockedEntries).toBeGreaterThan(0);
    const stored = await engine.client.backtest.get({ backtestId: strict.id });
    expect(stored).toMatchObject({ avoidAnomalies: anomalyId, blockedEntries: strict.blockedEntries });
    expect(strict.parameterHash).not.toBe(free.parameterHash);
    expect(free.avoidAnomalies).toBeUndefined();
  }, 60_000);

  it('ORD-24: bar by bar the live judge says the same as the history, to the bit and by the same name', async () => {
    const artifact = loaded(anomalyId);
    const { predictions } = await errorsOf(anomalyId);
    const bars = await engine.context.bars.load('SYNFX', 'H1');
    const { manifest } = artifact;
    const threshold = thresholdOf(manifest);
    const rule = anomalyRule(bars, predictions, threshold, manifest.windowBars);
    const live = new LiveAnomaly(
      manifest,
      await openModel(artifact, (await openTensorEngine('cpu', 1)).engine),
    );
    let flagged = 0;
    let named = 0;
    for (let row = 0; row < 2500; row++) {
      const { timeMs } = barAt(bars, row);
      live.push(barAt(bars, row));
      // What has not been judged yet is not usual.
      expect(plain(live.block(timeMs))).toMatchObject({ kind: 'anomaly', error: Number.NaN });
      await live.judge();
      const said = plain(live.block(timeMs));
      expect(said).toEqual(plain(rule(timeMs)));
      if (said?.kind !== 'anomaly' || Number.isNaN(said.error)) continue;
      flagged++;
      if (said.figure !== undefined) named++;
    }
    expect(flagged).toBeGreaterThan(100);
    expect(named).toBeGreaterThan(10);
    expect(rule(bars.timeMs[0]! + 1)).toMatchObject({ error: Number.NaN });
    await live.close();
  }, 60_000);

  it('ORD-24: study, point, deployment and session follow it as the backtest does', async () => {
    const { client } = engine;
    const { studyId } = await client.optimize.start({
      modelId,
      evaluations: 80,
      minTrades: 1,
      avoidAnomalies: anomalyId,
    });
    const study = await endOfStudy(engine, studyId);
    expect(study.input.avoidAnomalies).toBe(anomalyId);
    const trialId = study.recommendedTrialId!;
    const point = await client.optimize.point({ studyId, trialId });
    const deployment = await client.live.deploy({ studyId, trialId });
    expect(deployment).toMatchObject({ avoidAnomalies: anomalyId, parameterHash: point.parameterHash });
    const { sessionId } = await client.live.start({ deploymentId: deployment.id, speed: 0 });
    const session = await endOfSession(engine, sessionId);
    expect(session.error).toBeUndefined();
    expect(session.state).toBe('finished');
    const decisions = engine.context.stores.journal.decisions(sessionId);
    const blocked = decisions.filter((d) => d.explanation.startsWith('No entry: unusual window'));
    expect(blocked.length).toBeGreaterThan(0);
    for (const { explanation } of blocked)
      expect(explanation).toMatch(/^No entry: unusual window(: [a-z ]+)?, error [\d.]+ over [\d.]+\.$/);
    expect(await client.live.adherence({ sessionId })).toMatchObject({
      decisionsEqual: decisions.length,
      differences: [],
    });
    const { timeMs, predictions } = await errorsOf(anomalyId);
    const threshold = thresholdOf(loaded(anomalyId).manifest);
    const opened = decisions.filter((d) => d.intent?.type === 'open');
    expect(opened.length).toBeGreaterThan(0);
    for (const { barTimeMs } of opened)
      expect(predictions[lowerBound(timeMs, barTimeMs)]).toBeLessThanOrEqual(threshold);
  }, 120_000);

  it('the parameter hash holds file and threshold of the anomaly model, and nothing where there is none', () => {
    const { sha256 } = record(modelId);
    const costs = { spreadPips: 1, commissionPerLot: 0, slippagePips: 0 };
    const hash = (rules: EntryRules, seal?: { model: string; threshold: number }) =>
      deploymentHash(EAGER, sha256, costs, rules, seal);
    const rules = { avoidAnomalies: anomalyId };
    const seal = { model: record(anomalyId).sha256, threshold: 1.5 };
    const hashes = [
      hash({}),
      hash(rules, seal),
      hash(rules, { ...seal, threshold: 1.6 }),
      hash(rules, { ...seal, model: sha256 }),
    ];
    expect(new Set(hashes).size).toBe(4);
    expect(hash({ avoidAnomalies: 'mdl_renamed' }, seal)).toBe(hashes[1]);
    expect(hash({}, seal)).toBe(hashes[0]);
    expect(() => hash(rules)).toThrow(/was not loaded/);
  });

  it('refuses models that cannot keep it out of unusual windows, before any work begins', async () => {
    const { client } = engine;
    const studies = engine.context.stores.studies.list().length;
    const refusedBy = async (rules: EntryRules, code: string, message: RegExp) => {
      for (const asked of [run(rules), client.optimize.start({ modelId, ...rules })])
        await expect(asked).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    };
    await refusedBy({ avoidAnomalies: modelId }, 'REFUSED', /marks no unusual windows/);
    await refusedBy({ avoidAnomalies: 'mdl_none' }, 'NOT_FOUND', /mdl_none/);
    expect(engine.context.stores.studies.list().length).toBe(studies);
    const [anomaly, model] = [record(anomalyId), record(modelId)];
    expect(() => assertGuards(anomaly, model)).not.toThrow();
    const other =
      (change: object): (() => void) =>
      () =>
        assertGuards({ ...anomaly, ...change }, model);
    expect(other({ symbol: 'EURUSD' })).toThrow(/knows another market than SYNFX H1/);
    expect(other({ timeframe: 'H4' })).toThrow(/another market/);
    expect(other({ dataHash: 'x' })).toThrow(/another history/);
    const spans = anomaly.spans.map((span) => (span.name === 'validation' ? { ...span, to: 1e6 } : span));
    expect(other({ spans })).toThrow(/on which the strategy is chosen or judged/);
  }, 60_000);

  it('is on the command line, with the same result', async () => {
    const strict = await run({ avoidAnomalies: anomalyId });
    await engine.close();
    const genes = ['--threshold', '0.2', '--stop', '2', '--target', '3', '--risk', '0.01', '--holding', '12'];
    const words = ['backtest', modelId, ...genes, '--home', home, '--json', '--avoid-anomalies'];
    const done = await cli([...words, anomalyId]);
    expect(done.status, done.stderr).toBe(0);
    expect(jsonOf(done)).toMatchObject({
      avoidAnomalies: anomalyId,
      parameterHash: strict.parameterHash,
      blockedEntries: strict.blockedEntries,
    });
    const refused = await cli([...words, modelId]);
    expect(jsonOf(refused)).toMatchObject({ error: { code: 'REFUSED' } });
    expect(refused.status).toBeGreaterThan(0);
    engine = await openEngine(home);
  }, 60_000);

  it('a deployed rule keeps the files of its anomaly model; those of others are pruned', async () => {
    const deployed = record(anomalyId);
    const others = Array.from({ length: 6 }, (_, i) => ({
      ...deployed,
      id: `mdl_later${i}`,
      version: 90 + i,
    }));
    for (const other of others) engine.context.stores.models.add(other);
    expect(pruneModels(engine.context, others[5]!)).toEqual(['mdl_later0']);
    expect(record(anomalyId).present).toBe(true);
    expect(() => loaded(anomalyId)).not.toThrow();
  });
});
