import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { anomalousRuns, timesAhead } from '../../src-main/app/jobs/overlays.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { cleanUp, newFolder, openEngine } from '../support/engine.ts';
import { endOfRun } from '../support/engineWorld.ts';

const HOUR_MS = 3_600_000;
const BARS = 3000;
const HORIZON = 6;
/** Rows of candles like no other: a body many times the usual one, taken back by the next bar. */
const SPIKES = [2650, 2750, 2850];
/** Rows whose price shoots up and is back within the bar: nothing but the upper wick is out of proportion. */
const WICKS = [2700, 2800];

/** A random walk in hours without gaps, with spikes near its end. */
function market(): { path: string; timeMs: number[] } {
  const rng = new SeededRng(5);
  const lines = ['timestamp,open,high,low,close,volume'];
  const timeMs: number[] = [];
  let open = 100;
  for (let i = 0; i < BARS; i++) {
    const spike = SPIKES.includes(i) ? 4 : SPIKES.includes(i - 1) ? -4 : 0;
    const close = open + 0.25 * normal(rng) + spike;
    const shot = WICKS.includes(i) ? 4 : 0;
    const high = Math.max(open, close) + 0.1 * Math.abs(normal(rng)) + shot;
    const low = Math.min(open, close) - 0.1 * Math.abs(normal(rng));
    timeMs.push(Date.UTC(2023, 0, 2) + i * HOUR_MS);
    const prices = [open, high, low, close].map((price) => price.toFixed(3));
    lines.push(
      `${new Date(timeMs[i]!).toISOString()},${prices.join(',')},${100 + Math.floor(rng.next() * 40)}`,
    );
    open = close;
  }
  const path = join(newFolder(), 'BTCUSDT_H1.csv');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return { path, timeMs };
}

describe('what models lay over a chart, through the whole engine', () => {
  let engine: FrontierEngine;
  let timeMs: number[];
  let diffusion: string;
  let anomaly: string;

  beforeAll(async () => {
    engine = await openEngine(newFolder());
    const { client } = engine;
    const made = market();
    timeMs = made.timeMs;
    for await (const _ of await client.data.import({
      source: { kind: 'path', path: made.path },
      symbol: 'BTCUSDT',
    }));
    const base = { symbol: 'BTCUSDT', timeframe: 'H1', engine: 'cpu' } as const;
    const learn = async (input: Parameters<typeof client.training.start>[0]): Promise<string> => {
      const run = await endOfRun(engine, (await client.training.start(input)).runId);
      expect(run.error).toBeUndefined();
      return run.modelId!;
    };
    diffusion = await learn({
      ...base,
      family: 'diffusion',
      model: { channels: 8, embedding: 16, encoderChannels: 8, samplingSteps: 4, paths: 16 },
      horizonBars: HORIZON,
      windowBars: 8,
      epochs: 12,
      learningRate: 0.003,
      weightDecay: 0.01,
    });
    anomaly = await learn({
      ...base,
      family: 'anomaly',
      features: ['candle_body', 'upper_wick', 'lower_wick', 'return_1', 'volatility_ratio_12_48'],
      windowBars: 12,
      model: { latent: 4 },
      epochs: 20,
      learningRate: 0.003,
      weightDecay: 0.001,
    });
  }, 240_000);
  afterAll(cleanUp);

  it('a fan opens from the close, its quantiles in order, and spreads as a random walk does', async () => {
    const at = timeMs[BARS - 100]!;
    const fan = await engine.client.chart.fan({ modelId: diffusion, timeMs: at });
    expect(fan.madeMs).toBe(at);
    expect(fan.levels).toEqual([0.05, 0.25, 0.5, 0.75, 0.95]);
    expect(fan.timeMs).toEqual(timeMs.slice(BARS - 99, BARS - 99 + HORIZON));
    for (let k = 0; k < HORIZON; k++) {
      const column = fan.prices.map((prices) => prices[k]!);
      expect(column).toEqual([...column].sort((a, b) => a - b));
    }
    const width = (k: number): number => fan.prices[4]![k]! - fan.prices[0]![k]!;
    // A walk whose hours have deviation 0.25 spreads by 2 x 1.645 x 0.25 x sqrt(hours); sixteen futures say it roughly.
    expect(width(0) / 0.82).toBeGreaterThan(0.5);
    expect(width(0) / 0.82).toBeLessThan(1.8);
    expect(width(HORIZON - 1) / width(0)).toBeGreaterThan(1.4);
    expect(width(HORIZON - 1) / width(0)).toBeLessThan(5);
  });

  it('the fan ends at the forecast of the same bar', async () => {
    const at = timeMs[BARS - 100]!;
    const fan = await engine.client.chart.fan({ modelId: diffusion, timeMs: at + HOUR_MS / 2 });
    const { price } = await engine.client.data.forecast({ modelId: diffusion, endMs: at + 1, count: 1 });
    expect(fan.madeMs).toBe(at);
    expect(fan.prices[2]!.at(-1)! / price[0]!).toBeCloseTo(1, 6);
  });

  it('without a time it is that of the newest bar, with times beyond the history', async () => {
    const fan = await engine.client.chart.fan({ modelId: diffusion });
    expect(fan.madeMs).toBe(timeMs.at(-1));
    expect(fan.timeMs).toEqual(Array.from({ length: HORIZON }, (_, k) => timeMs.at(-1)! + (k + 1) * HOUR_MS));
    await expect(engine.client.chart.fan({ modelId: diffusion, timeMs: timeMs[0]! })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('planted spikes are marked at the bar they come with', async () => {
    const range = { modelId: anomaly, fromMs: timeMs[2600]!, toMs: timeMs.at(-1)! };
    const { markers, threshold, windowBars } = await engine.client.chart.anomalies(range);
    expect(windowBars).toBe(12);
    for (const row of SPIKES) {
      const marker = markers.find((m) => m.timeMs <= timeMs[row]! && m.toMs >= timeMs[row]!);
      expect(marker?.timeMs, `spike at ${row}`).toBe(timeMs[row]);
      expect(marker!.name).toMatch(/[A-Z]/);
    }
    for (const row of WICKS) {
      const marker = markers.find((m) => m.timeMs <= timeMs[row]! && m.toMs >= timeMs[row]!);
      expect(marker?.timeMs, `wick at ${row}`).toBe(timeMs[row]);
      // More than six features limited to five deviations could ever say: it is not cut off.
      expect(marker!.error).toBeGreaterThan(25);
    }
    for (const { error, timeMs: from, toMs } of markers) {
      expect(error).toBeGreaterThan(threshold);
      expect(from).toBeGreaterThanOrEqual(range.fromMs);
      expect(toMs).toBeGreaterThanOrEqual(from);
    }
    const some = await engine.client.chart.anomalies({ ...range, toMs: timeMs[2700]! });
    expect(some.markers).toEqual(markers.filter((m) => m.timeMs <= timeMs[2700]!));
    const model = await engine.client.training.model({ modelId: anomaly });
    expect(model.figures.find((figure) => figure.name === 'threshold')!.value).toBe(threshold);
  });

  it('a model of another kind is refused, naming what to choose', async () => {
    const range = { fromMs: timeMs[0]!, toMs: timeMs.at(-1)! };
    await expect(engine.client.chart.anomalies({ modelId: diffusion, ...range })).rejects.toMatchObject({
      code: 'REFUSED',
    });
    await expect(engine.client.chart.fan({ modelId: anomaly })).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(engine.client.chart.fan({ modelId: 'mdl_none' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('parts of it', () => {
  it('runs of flagged rows are one, with their largest error', () => {
    const errors = Float64Array.of(Number.NaN, 1, 3, 4, 2, 5, 1, 3);
    expect(anomalousRuns(errors, 2)).toEqual([
      { from: 2, to: 3, error: 4 },
      { from: 5, to: 5, error: 5 },
      { from: 7, to: 7, error: 3 },
    ]);
  });

  it('times ahead are those of the history, then steps of the timeframe', () => {
    expect(timesAhead(Float64Array.of(10, 20, 50), 1, 4, 10)).toEqual([50, 60, 70, 80]);
  });
});
