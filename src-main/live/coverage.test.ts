import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clopperPearson } from '../../src-shared/metrics/binomial.ts';
import { openWorld, stubSignal, WARMUP_BARS, type World } from '../../tests/fixtures/liveWorld.ts';
import { deployment } from '../../tests/fixtures/records.ts';
import type { Judgement } from '../store/tradingSchemas.ts';
import { CoverageTracker, coverageOf } from './coverage.ts';
import type { Forecast, IntervalJudge } from './types.ts';

const HORIZON = 5;
const BARS = 120;

/** Says whether the close rose by less than the interval allows; remembers nothing but the counts. */
const judge: IntervalJudge = {
  horizonBars: HORIZON,
  judge: (before, forecast, close) => {
    const covered = close - forecast.close >= forecast.lower && close - forecast.close <= forecast.upper;
    return {
      confidence: 0.8,
      horizonBars: HORIZON,
      covered,
      n: (before?.n ?? 0) + 1,
      hits: (before?.hits ?? 0) + (covered ? 1 : 0),
    };
  },
};

const HALF = 0.003;
/** A forecast without an interval now and then, as while a column is not known. */
const predict = async (window: Float32Array): Promise<Forecast> => {
  const signal = stubSignal(window);
  return Math.abs(signal) < 0.2 ? { signal } : { signal, interval: { lower: -HALF, upper: HALF } };
};

describe('coverage of a session', () => {
  let home: string;
  let world: World | undefined;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-coverage-'));
  });
  afterEach(async () => {
    await world?.manager.close();
    world?.close();
    world = undefined;
    rmSync(home, { recursive: true, force: true });
  });
  const open = (extra: Partial<Parameters<typeof openWorld>[0]> = {}): World => {
    world = openWorld({ home, bars: BARS, predict, judge, ...extra });
    return world;
  };

  it('CONF-15: judges each interval at the bar that ends its horizon, and counts nothing twice or early', async () => {
    const w = open();
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await w.manager.ended(id);
    const decisions = w.stores.journal.decisions(id);
    const verdicts: boolean[] = [];
    for (let i = 0; i + HORIZON < decisions.length; i++) {
      if (Math.abs(decisions[i]!.signal) < 0.2) continue;
      const [from, to] = [w.bars.close[WARMUP_BARS + i]!, w.bars.close[WARMUP_BARS + i + HORIZON]!];
      verdicts.push(Math.abs(to - from) <= HALF);
    }
    expect(verdicts.length).toBeGreaterThan(80);
    expect(new Set(verdicts).size).toBe(2);
    expect(w.stores.journal.judgements(id, 1000).map((j) => j.covered)).toEqual(verdicts);
    const { coverage } = w.manager.snapshot(id);
    expect(coverage).toMatchObject({ target: 0.8, horizonBars: HORIZON, recent: verdicts });
    const hits = verdicts.filter(Boolean).length;
    expect(coverage!.windows.at(-1)).toEqual({
      last: 0,
      n: verdicts.length,
      achieved: hits / verdicts.length,
      ...clopperPearson(hits / HORIZON, verdicts.length / HORIZON, 0.95),
    });
    const last50 = verdicts.slice(-50).filter(Boolean).length / 50;
    expect(coverage!.windows[0]).toMatchObject({ last: 50, n: 50, achieved: last50 });
  });

  it('CONF-15, JRN-9: is the same however often the session was interrupted and opened again', async () => {
    const whole = open();
    const id = await whole.manager.start(deployment.id, { speed: 0 });
    await whole.manager.ended(id);
    const expected = whole.stores.journal.judgements(id, 1000);
    whole.close();
    world = undefined;
    rmSync(home, { recursive: true, force: true });
    home = mkdtempSync(join(tmpdir(), 'frontier-coverage-'));
    let seen = 0;
    let sessionId: string | undefined;
    for (let start = 0; ; start++) {
      let reached: () => void = () => undefined;
      const enough = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const w = open({
        predict: async (window) => {
          // Stops in the middle of a horizon each time.
          if (++seen % 23 === 0) reached();
          return predict(window);
        },
      });
      w.manager.recover();
      if (sessionId === undefined) sessionId = await w.manager.start(deployment.id, { speed: 0 });
      else await w.manager.resume(sessionId);
      await Promise.race([enough, w.manager.ended(sessionId)]);
      await w.manager.close();
      const { state } = w.manager.snapshot(sessionId);
      if (state === 'finished') {
        expect(start).toBeGreaterThan(2);
        expect(w.stores.journal.judgements(sessionId, 1000)).toEqual(expected);
        return;
      }
      w.close();
      world = undefined;
    }
  });

  it('shows nothing before the first forecast has come due', async () => {
    const w = open({ bars: HORIZON });
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await w.manager.ended(id);
    expect(w.manager.snapshot(id).coverage).toBeUndefined();
    expect(coverageOf([])).toBeUndefined();
  });
});

describe('forecasts that wait', () => {
  const none = { recentForecasts: () => [], judgements: () => [] };
  const forecast = (close: number, atr = 1) => ({ close, atr, lower: -1, upper: 1 });

  it('come due after exactly the horizon; a bar without one, or without volatility, gives no verdict', () => {
    const tracker = new CoverageTracker({ ...judge, horizonBars: 2 }, none, 's');
    const verdicts = [
      tracker.decided(10, forecast(10)),
      tracker.decided(11, undefined),
      tracker.decided(12, forecast(12, 0)),
      tracker.decided(13, forecast(13)),
      tracker.decided(14, undefined),
      tracker.decided(14, undefined),
    ];
    expect(verdicts.map((v) => v && [v.covered, v.n, v.hits])).toEqual([
      ...[undefined, undefined, [false, 1, 0]],
      ...[undefined, undefined, [true, 2, 1]],
    ]);
  });

  it('REC-7: a bar lost with the power keeps its place, so that later ones come due when they should', () => {
    const tracker = new CoverageTracker({ ...judge, horizonBars: 2 }, none, 's');
    tracker.decided(10, forecast(10));
    tracker.remember(1);
    tracker.remember(2);
    // The first came due at a lost bar; nothing was told of the lost ones.
    expect(tracker.decided(30, forecast(30))).toBeUndefined();
    expect(tracker.decided(31, undefined)).toBeUndefined();
    expect(tracker.decided(31, undefined)).toMatchObject({ covered: true, n: 1 });
  });

  it('go on from what is journaled', () => {
    const last: Judgement = { confidence: 0.8, horizonBars: 2, covered: true, n: 7, hits: 6 };
    const journal = {
      recentForecasts: () => [{ barTimeMs: 100, ...forecast(10) }],
      judgements: () => [last],
    };
    const tracker = new CoverageTracker({ ...judge, horizonBars: 2 }, journal, 's');
    for (const timeMs of [98, 99, 100, 101]) tracker.remember(timeMs);
    expect(tracker.decided(15, undefined)).toMatchObject({ covered: false, n: 8, hits: 6 });
  });
});
