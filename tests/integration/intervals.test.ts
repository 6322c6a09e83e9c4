import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { venueOf } from '../../src-main/app/jobs/backtest.ts';
import { LiveForecast } from '../../src-main/app/liveForecast.ts';
import { openModel } from '../../src-main/app/modelFiles.ts';
import { readSignals } from '../../src-main/app/signals.ts';
import { regressorOf } from '../../src-main/store/manifest.ts';
import { openEngine as openTensorEngine } from '../../src-main/tensor/engine.ts';
import type { BacktestDto } from '../../src-shared/contract/backtest.ts';
import { barAt, lowerBound } from '../../src-shared/market/bars.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { cleanUp, newFolder, openEngine } from '../support/engine.ts';
import { endOfRun, endOfSession, endOfStudy } from '../support/engineWorld.ts';

const HORIZON = 12;
const HOUR_MS = 3_600_000;
const BARS = 4000;

/** Hourly EURUSD on a wave of four days with noise: predictable enough for whole intervals to clear the cost. */
function wavyMarket(): string {
  const rng = new SeededRng(21);
  const lines = ['timestamp,open,high,low,close,volume'];
  let open = 1.1;
  let timeMs = Date.UTC(2023, 0, 2);
  for (let i = 0; i < BARS; timeMs += HOUR_MS) {
    const [day, hour] = [new Date(timeMs).getUTCDay(), new Date(timeMs).getUTCHours()];
    if (day === 6 || (day === 5 && hour >= 22) || (day === 0 && hour < 22)) continue;
    const noise = 0.0012 * normal(rng);
    const close = 1.1 * Math.exp(0.012 * Math.sin((2 * Math.PI * i) / 96) + noise);
    const [high, low] = [Math.max(open, close) + 0.0003, Math.min(open, close) - 0.0003];
    const prices = [open, high, low, close].map((price) => price.toFixed(5));
    lines.push(`${new Date(timeMs).toISOString()},${prices.join(',')},${100 + Math.floor(rng.next() * 100)}`);
    open = close;
    i++;
  }
  const path = join(newFolder(), 'EURUSD_H1.csv');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const EAGER = { entryThreshold: 0.2, stopAtr: 2, targetAtr: 3, riskFraction: 0.01, maxHoldingBars: 12 };
const COSTS = { spreadPips: 1.2, commissionPerLot: 3.5, slippagePips: 0.3 };
/** Spread, slippage and commission of both sides, in price: 1.2 + 0.6 + 0.7 pips. */
const ROUND_TRIP = 0.00025;

describe('a calibrated model, through the whole engine', () => {
  let engine: FrontierEngine;
  let modelId: string;
  beforeAll(async () => {
    engine = await openEngine(newFolder());
    const { client } = engine;
    for await (const _ of await client.data.import({
      source: { kind: 'path', path: wavyMarket() },
      symbol: 'EURUSD',
    }));
    const { runId } = await client.training.start({
      symbol: 'EURUSD',
      timeframe: 'H1',
      engine: 'cpu',
      conformal: 'local',
      confidence: 0.8,
      horizonBars: HORIZON,
    });
    modelId = (await endOfRun(engine, runId)).modelId!;
  }, 180_000);
  afterAll(cleanUp);

  const run = (rules: { requireInterval?: boolean }): Promise<BacktestDto> =>
    engine.client.backtest.run({ modelId, span: 'test', genes: EAGER, costs: COSTS, ...rules });

  it('CONF-11, CONF-12: tells coverage by regime and over time, and stores what intervals are made of', async () => {
    const model = await engine.client.training.model({ modelId });
    const { conformal } = model;
    expect(conformal).toMatchObject({ method: 'local', target: 0.8 });
    expect(conformal!.achieved).toBeGreaterThan(0.7);
    expect(conformal!.achieved).toBeLessThan(0.9);
    expect(conformal!.regimes!.slice(0, 3).reduce((sum, part) => sum + part.n, 0)).toBe(conformal!.n);
    expect(conformal!.overTime!.reduce((sum, part) => sum + part.n, 0)).toBe(conformal!.n);
    const { manifest } = engine.context.artifacts.load(model.symbol, model.timeframe, model.version);
    expect(manifest.calibration).toMatchObject({ method: 'local', confidence: 0.8 });
    expect(manifest.calibration!.residual!.columns).toContain('volatility_ratio_12_48');
    expect(manifest.calibration!.scores!.length).toBeGreaterThan(100);
  });

  it('CONF-9: a model of quantiles is calibrated on them, and gives the same intervals live', async () => {
    const { client } = engine;
    const input = { symbol: 'EURUSD', timeframe: 'H1', engine: 'cpu', horizonBars: HORIZON } as const;
    const chosen = { ...input, conformal: 'cqr', confidence: 0.8 } as const;
    const refused = await client.training.start({ ...chosen, loss: 'huber' }).then(
      async ({ runId }) => (await endOfRun(engine, runId)).error,
      (error: { code: string }) => error,
    );
    expect(refused).toMatchObject({ code: 'BAD_INPUT' });
    const { runId } = await client.training.start({ ...chosen, loss: 'quantile', epochs: 20 });
    const quantileModel = (await endOfRun(engine, runId)).modelId!;
    const model = engine.context.stores.models.get(quantileModel);
    expect(model.conformal).toMatchObject({ method: 'cqr', target: 0.8 });
    expect(Math.abs(model.conformal!.achieved - 0.8)).toBeLessThan(0.12);
    const signals = (await readSignals(
      { home: engine.context.home, modelId: quantileModel, ...model },
      model.sha256,
      model.dataHash,
    ))!;
    const widths = signals.upper.map((upper, row) => upper - signals.lower[row]!).filter(Number.isFinite);
    expect(Math.max(...widths)).toBeGreaterThan(1.2 * Math.min(...widths));
    // Bar by bar through the live path, the very same numbers.
    const artifact = engine.context.artifacts.load(model.symbol, model.timeframe, model.version);
    const manifest = regressorOf(artifact.manifest);
    const predictor = await openModel(artifact, (await openTensorEngine('cpu', 1)).engine);
    const live = new LiveForecast(manifest, predictor, venueOf(manifest));
    const bars = await engine.context.bars.load(model.symbol, model.timeframe);
    let compared = 0;
    for (let row = 0; row < 1500; row++) {
      const { values } = live.push(barAt(bars, row));
      if (row < 1000 || Number.isNaN(signals.predictions[row]!)) continue;
      const { signal, interval } = await live.predict(values);
      expect(signal).toBe(signals.predictions[row]! / manifest.calibration.predictionScale);
      expect(interval).toEqual({ lower: signals.lower[row], upper: signals.upper[row] });
      compared++;
    }
    expect(compared).toBe(500);
    await predictor.close();
  }, 60_000);

  it('ORD-22: enters only where the interval clears the cost, and says how many entries that left out', async () => {
    const free = await run({});
    const strict = await run({ requireInterval: true });
    expect(free.blockedEntries).toBeUndefined();
    expect(strict.requireInterval).toBe(true);
    expect(strict.parameterHash).not.toBe(free.parameterHash);
    expect(strict.trades.length).toBeGreaterThan(3);
    expect(strict.trades.length).toBeLessThan(free.trades.length);
    expect(strict.blockedEntries).toBeGreaterThan(0);
    // Straight from the stored columns: price = close * exp(y * atr / close * sqrt(horizon)).
    const model = engine.context.stores.models.get(modelId);
    const ref = { home: engine.context.home, modelId, ...model };
    const signals = (await readSignals(ref, model.sha256, model.dataHash))!;
    const reach = (entryTimeMs: number, direction: string): number => {
      const row = lowerBound(signals.timeMs, entryTimeMs) - 1;
      const [close, atr] = [signals.close[row]!, signals.atr[row]!];
      const at = (y: number): number => close * Math.exp(((y * atr) / close) * Math.sqrt(HORIZON));
      return direction === 'long' ? at(signals.lower[row]!) - close : close - at(signals.upper[row]!);
    };
    for (const { entryTimeMs, direction } of strict.trades)
      expect(reach(entryTimeMs, direction)).toBeGreaterThan(ROUND_TRIP);
    expect(free.trades.some((t) => reach(t.entryTimeMs, t.direction) <= ROUND_TRIP)).toBe(true);
  }, 60_000);

  it('ORD-22, CONF-15: study, deployment and session follow it as the backtest does; intervals are judged', async () => {
    const { client } = engine;
    const { studyId } = await client.optimize.start({
      modelId,
      evaluations: 80,
      minTrades: 1,
      requireInterval: true,
    });
    const study = await endOfStudy(engine, studyId);
    expect(study.input.requireInterval).toBe(true);
    const trialId = study.recommendedTrialId!;
    const deployment = await client.live.deploy({ studyId, trialId });
    expect(deployment.requireInterval).toBe(true);
    expect(deployment.parameterHash).toBe((await client.optimize.point({ studyId, trialId })).parameterHash);
    const { sessionId } = await client.live.start({ deploymentId: deployment.id, speed: 0 });
    const session = await endOfSession(engine, sessionId);
    expect(session.state).toBe('finished');
    const decisions = engine.context.stores.journal.decisions(sessionId);
    const blocked = decisions.filter((d) => d.explanation.includes('forecast interval reaches'));
    expect(blocked.length).toBeGreaterThan(0);
    expect(session.fills.some((f) => f.effect === 'open')).toBe(true);
    expect(blocked[0]!.explanation).toMatch(/reaches −?\d+\.\d pips, a round trip costs \d+\.\d\.$/);
    expect(await client.live.adherence({ sessionId })).toMatchObject({
      decisionsEqual: decisions.length,
      differences: [],
    });
    const { coverage } = session;
    expect(coverage).toMatchObject({ target: 0.8, horizonBars: HORIZON });
    const all = coverage!.windows.at(-1)!;
    expect(all.n).toBe(decisions.length - HORIZON);
    expect(all.low).toBeLessThan(all.achieved);
    expect(Math.abs(all.achieved - 0.8)).toBeLessThan(0.2);
    // The same verdicts from the stored columns.
    const model = engine.context.stores.models.get(modelId);
    const signals = (await readSignals(
      { home: engine.context.home, modelId, ...model },
      model.sha256,
      model.dataHash,
    ))!;
    const verdicts = decisions.slice(0, -HORIZON).map(({ barTimeMs }) => {
      const row = lowerBound(signals.timeMs, barTimeMs);
      const [now, later, atr] = [signals.close[row]!, signals.close[row + HORIZON]!, signals.atr[row]!];
      const y = Math.log(later / now) / ((atr / now) * Math.sqrt(HORIZON));
      return y >= signals.lower[row]! && y <= signals.upper[row]!;
    });
    expect(coverage!.recent).toEqual(verdicts.slice(-200));
    expect(all.achieved).toBe(verdicts.filter(Boolean).length / verdicts.length);
    expect(coverage!.adaptive!.n).toBe(all.n);
  }, 120_000);
});
