/**
 * Market data: resampling and the session index over 1.3 million M1 bars in memory, and under `data/` import, store
 * and chart windows. Prints one JSON line per
 * figure; a ratio above 1 means ours is better. pandas is timed in the same run, on the same bars, where
 * `PANDAS_PYTHON` names a Python that has it (default `python3`); elsewhere the peer is null and `reference`
 * quotes a figure from another machine, which is for orientation only.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { allocateBars, type BarColumns, barAt, barCount, sliceBars } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { Resampler, resample } from '../../src-shared/market/resample.ts';
import { sessionIndex } from '../../src-shared/market/sessionIndex.ts';
import type { AnyTimeframe } from '../../src-shared/market/timeframes.ts';
import { SeededRng } from '../../src-shared/runtime.ts';
import { runChartWindows } from './data/chartWindow.ts';
import { runImport } from './data/import.ts';
import { runStore } from './data/store.ts';

const BARS = 1_300_000;
const REPEATS = 15;
const MINUTE_MS = 60_000;
/** Six hours. */
const WINDOW_BARS = 360;
const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
const fx = calendarOf({ calendar: 'fx' });

/** Three and a half years of M1 on the FX calendar, a random walk with one minute in 500 missing. */
function minuteBars(): BarColumns {
  const bars = allocateBars(BARS);
  const rng = new SeededRng(20_160_422);
  let row = 0;
  let price = 150;
  for (const { openMs, closeMs } of fx.sessions(Date.UTC(2013, 0, 1), Date.UTC(2018, 0, 1))) {
    for (let timeMs = openMs; timeMs < closeMs && row < BARS; timeMs += MINUTE_MS) {
      if (rng.next() < 0.002) continue;
      const next = price + (rng.next() - 0.5) * 0.04;
      bars.timeMs[row] = timeMs;
      bars.open[row] = price;
      bars.close[row] = next;
      bars.high[row] = Math.max(price, next) + 0.02 * rng.next();
      bars.low[row] = Math.min(price, next) - 0.02 * rng.next();
      bars.volume[row] = Math.floor(200 * rng.next());
      price = next;
      row++;
    }
  }
  if (row !== BARS) throw new Error(`the calendar has only ${row} minutes`);
  return bars;
}

interface Timing {
  /** Milliseconds of the first call, before the code is compiled. */
  readonly first: number;
  readonly median: number;
}

function time(work: () => unknown): Timing {
  const times = Array.from({ length: REPEATS }, () => {
    const startMs = performance.now();
    work();
    return performance.now() - startMs;
  });
  const first = times[0]!;
  times.sort((a, b) => a - b);
  return { first, median: times[Math.floor(REPEATS / 2)]! };
}

/** Reads the columns one after the other, resamples, and prints {version, buckets, milliseconds} per rule. */
const PANDAS_SCRIPT = `
import importlib.util, json, sys, time
if importlib.util.find_spec("pandas") is None:
    print("null")
    sys.exit(0)
import numpy as np
import pandas as pd
raw = np.fromfile(sys.argv[1], dtype="<f8").reshape(6, -1)
index = pd.to_datetime(raw[0].astype("int64"), unit="ms", utc=True)
names = ["open", "high", "low", "close", "volume"]
frame = pd.DataFrame({name: raw[i + 1].copy() for i, name in enumerate(names)}, index=index)
how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
out = {"version": pd.__version__}
for name, rule in (("M5", "5min"), ("H1", "60min")):
    times = []
    for _ in range(${REPEATS}):
        start = time.perf_counter()
        result = frame.resample(rule).agg(how)
        times.append((time.perf_counter() - start) * 1000)
    kept = result.dropna()
    out[name] = {"milliseconds": float(np.median(times)), "bars": len(kept), "volume": float(kept["volume"].sum()), "high": float(kept["high"].sum())}
def windows():
    gap = np.diff(frame.index.asi8) > ${10 * MINUTE_MS} * 1_000_000
    week = (frame.index.tz_convert("America/New_York").tz_localize(None) + pd.Timedelta(hours=7)).to_period("W").asi8
    run = np.concatenate(([0], np.cumsum(gap | (np.diff(week) != 0))))
    sizes = np.bincount(run)
    ends = np.cumsum(sizes)
    return np.flatnonzero(ends[run] - np.arange(len(run)) >= ${WINDOW_BARS})
times = []
for _ in range(5):
    start = time.perf_counter()
    starts = windows()
    times.append((time.perf_counter() - start) * 1000)
out["windows"] = {"milliseconds": float(np.median(times)), "count": len(starts), "sum": int(starts.sum())}
print(json.dumps(out))
`;

interface PandasFigure {
  readonly milliseconds: number;
  readonly bars: number;
  readonly volume: number;
  readonly high: number;
}

interface Pandas {
  readonly version: string;
  readonly M5: PandasFigure;
  readonly H1: PandasFigure;
  readonly windows: { readonly milliseconds: number; readonly count: number; readonly sum: number };
}

/**
 * pandas' medians on the same bars, or undefined where neither it nor a Python is installed. A pandas that is
 * there and fails is an error: a missing figure must not look like a missing peer.
 */
async function runPandas(bars: BarColumns): Promise<Pandas | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'frontier-bench-'));
  try {
    const path = join(folder, 'bars.f64');
    const file = await open(path, 'w');
    for (const name of COLUMNS) await file.writeFile(new Uint8Array(bars[name].buffer));
    await file.close();
    const python = process.env.PANDAS_PYTHON ?? 'python3';
    const options = { timeout: 300_000 };
    const { stdout } = await promisify(execFile)(python, ['-c', PANDAS_SCRIPT, path], options);
    return (JSON.parse(stdout.trim().split('\n').at(-1)!) as Pandas | null) ?? undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number } | undefined;
  readonly reference?: Readonly<Record<string, unknown>> | undefined;
}

/** Every figure here is a cost: a ratio above 1 means that the peer takes longer. */
function print({ name, value, unit, peer, reference }: Line): void {
  const env = `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`;
  const line = {
    bench: 'data',
    name,
    value,
    unit,
    peer: peer?.name ?? null,
    peerValue: peer?.value ?? null,
    ratio: peer ? peer.value / value : null,
    env,
  };
  console.log(JSON.stringify(reference ? { ...line, reference } : line));
}

/** The two must have made the same bars, or the comparison says nothing. */
function assertSame(target: AnyTimeframe, bars: BarColumns, peer: PandasFigure): void {
  const sum = (column: Float64Array) => column.reduce((total, x) => total + x, 0);
  const isClose = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(b);
  if (
    barCount(bars) === peer.bars &&
    isClose(sum(bars.volume), peer.volume) &&
    isClose(sum(bars.high), peer.high)
  )
    return;
  throw new Error(`pandas made other ${target} bars: ${JSON.stringify(peer)}, ours are ${barCount(bars)}`);
}

/** What a first call costs before the engine has compiled it, and what every further one does. */
function benchResample(bars: BarColumns, target: AnyTimeframe, pandas: Pandas | undefined): void {
  const options = { source: 'M1', target, calendar: fx } as const;
  const { first, median } = time(() => resample(bars, options));
  const figure = target === 'M5' || target === 'H1' ? pandas?.[target] : undefined;
  if (figure) assertSame(target, resample(bars, options).bars, figure);
  const peer =
    pandas && figure ? { name: `pandas ${pandas.version}`, value: figure.milliseconds } : undefined;
  print({
    name: `resample ${BARS} M1 to ${target}`,
    value: median,
    unit: 'ms',
    peer,
    reference: target === 'H1' ? { firstCallMs: first, limitMs: 10, pandasMs: 40 } : { firstCallMs: first },
  });
}

function benchResampler(bars: BarColumns): void {
  const some = sliceBars(bars, 0, 100_000);
  const list = Array.from(some.timeMs, (_, i) => barAt(some, i));
  const { median } = time(() => {
    const resampler = new Resampler({ source: 'M1', target: 'H1', calendar: fx });
    for (const bar of list) resampler.push(bar);
  });
  print({ name: 'resample incrementally, M1 to H1', value: (median * 1e6) / list.length, unit: 'ns/bar' });
}

function benchSessionIndex(bars: BarColumns, pandas: Pandas | undefined): void {
  const options = { windowBars: WINDOW_BARS, maxGapMs: 10 * MINUTE_MS, calendar: fx };
  const { first, median } = time(() => sessionIndex(bars.timeMs, options));
  const starts = sessionIndex(bars.timeMs, options);
  const sum = starts.reduce((total, start) => total + start, 0);
  const found = pandas?.windows;
  if (found && (found.count !== starts.length || found.sum !== sum))
    throw new Error(`pandas found ${found.count} other windows than the ${starts.length} of the index`);
  print({
    name: `session index, ${WINDOW_BARS} of ${BARS} M1`,
    value: median,
    unit: 'ms',
    peer: pandas && found ? { name: `pandas ${pandas.version}`, value: found.milliseconds } : undefined,
    reference: { firstCallMs: first, limitMs: 100, windows: starts.length },
  });
}

/** Runs all benchmarks of this file. */
export async function run(): Promise<void> {
  const bars = minuteBars();
  const pandas = await runPandas(bars);
  for (const target of ['H1', 'M5', 'H4', 'D1', 'W1'] as const) benchResample(bars, target, pandas);
  benchResampler(bars);
  benchSessionIndex(bars, pandas);
  await runImport();
  await runStore();
  await runChartWindows();
}
