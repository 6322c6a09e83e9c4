/**
 * Chart windows over 1.3 million M1 bars in the store: how long the engine takes for one, and how long it is deaf to
 * everything else meanwhile. Prints one JSON line per figure.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { ChartWindows, type WindowRequest } from '../../../src-main/app/chartWindows.ts';
import { BarStore } from '../../../src-main/store/bars.ts';
import { openStores } from '../../../src-main/store/stores.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { minuteBars, storeMinutes } from '../../support/minuteMarket.ts';

const BARS = 1_300_000;
const WINDOW = 2_000;
const REPEATS = 9;
const SYMBOL = 'SYNFX';
const env = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, bars: BARS };

function print(name: string, value: number, unit: string): void {
  const rounded = Number(value.toPrecision(4));
  console.log(
    JSON.stringify({
      bench: 'data',
      name,
      value: rounded,
      unit,
      peer: null,
      peerValue: null,
      ratio: null,
      env,
    }),
  );
}

async function measured(work: () => Promise<unknown>): Promise<{ ms: number; deafMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  await work();
  const ms = performance.now() - startMs;
  // The last blow of the loop is counted when the loop turns again.
  await new Promise((resolve) => setTimeout(resolve, 3));
  delay.disable();
  return { ms, deafMs: Math.max(0, delay.max / 1e6 - 1) };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const home = await mkdtemp(join(tmpdir(), 'frontier-bench-chart-'));
try {
  await storeMinutes(home, SYMBOL, minuteBars(BARS));
  const stores = openStores(home);
  const bars = new BarStore(join(home, 'bars'));
  const datasets = stores.datasets.list();
  const fresh = () =>
    new ChartWindows({ bars, datasets: () => datasets, clock: { nowMs: () => Date.now() } });
  const ask = async (name: string, request: Omit<WindowRequest, 'symbol'>, keep = false) => {
    const windows = fresh();
    // What an earlier window left to be made in the background is not part of this one.
    await new Promise((resolve) => setTimeout(resolve, 600));
    const question = { symbol: SYMBOL, ...request };
    const first = await measured(() => windows.window(question));
    const rest = [];
    for (let i = 0; i < REPEATS; i++) {
      const used = keep ? windows : fresh();
      rest.push(await measured(() => used.window(question)));
      if (question.timeframe === 'H1') await new Promise((resolve) => setTimeout(resolve, 600));
    }
    print(`${name}_first`, first.ms, 'ms');
    print(name, median(rest.map((r) => r.ms)), 'ms');
    print(`${name}_engine_deaf`, Math.max(first.deafMs, ...rest.map((r) => r.deafMs)), 'ms');
  };
  const middleMs = (datasets[0]!.fromMs + datasets[0]!.toMs) / 2;
  await ask('chart_window_m1_newest', { timeframe: 'M1', count: WINDOW });
  await ask('chart_window_m1_middle', { timeframe: 'M1', count: WINDOW, endMs: middleMs });
  await ask('chart_window_m1_forward', { timeframe: 'M1', count: WINDOW, fromMs: middleMs });
  for (const timeframe of ['M5', 'H1', 'H4', 'D1', 'W1', 'MN1'] as AnyTimeframe[])
    await ask(`chart_window_${timeframe.toLowerCase()}_newest`, { timeframe, count: WINDOW });
  await ask('chart_window_w1_again', { timeframe: 'W1', count: WINDOW }, true);
  await bars.close();
  stores.close();
} finally {
  await rm(home, { recursive: true, force: true });
}
