/** A generated market of minute bars, in a data folder: what charts of years of minutes are tried on. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BarStore } from '../../src-main/store/bars.ts';
import { openStores } from '../../src-main/store/stores.ts';
import { allocateBars, type BarColumns, type PriceSide, sliceBars } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { SeededRng } from '../../src-shared/runtime.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const round = (price: number): number => Math.round(price * 1e5) / 1e5;

/** More is going on while London and New York trade. */
function activity(timeMs: number): number {
  const hour = (timeMs % (24 * HOUR_MS)) / HOUR_MS;
  return 0.45 + 0.9 * Math.exp(-(((hour - 8.5) / 2.5) ** 2)) + 1.1 * Math.exp(-(((hour - 14.5) / 2.5) ** 2));
}

/**
 * Minute bars on the FX calendar from Sunday 2013-01-06 on: a random walk with the day's rhythm, one minute in 500
 * missing. The same for the same seed.
 * @param spread added to every price: the other side of the quote
 */
export function minuteBars(count: number, seed = 20_160_422, spread = 0): BarColumns {
  const bars = allocateBars(count);
  const rng = new SeededRng(seed);
  let row = 0;
  let price = 1.3;
  const sessions = calendarOf({ calendar: 'fx' }).sessions(Date.UTC(2013, 0, 6, 12), Date.UTC(2030, 0, 1));
  for (const { openMs, closeMs } of sessions) {
    for (let timeMs = openMs; timeMs < closeMs && row < count; timeMs += MINUTE_MS) {
      if (rng.next() < 0.002) continue;
      const size = 0.00016 * activity(timeMs);
      const next = price + (rng.next() + rng.next() - 1) * size + (1.3 - price) * 2e-6;
      bars.timeMs[row] = timeMs;
      bars.open[row] = round(price + spread);
      bars.close[row] = round(next + spread);
      bars.high[row] = round(Math.max(price, next) + 0.4 * size * rng.next() + spread);
      bars.low[row] = round(Math.min(price, next) - 0.4 * size * rng.next() + spread);
      bars.volume[row] = Math.round(220 * activity(timeMs) * (0.5 + rng.next()));
      price = next;
      row++;
    }
  }
  return row === count ? bars : sliceBars(bars, 0, row);
}

/** Stores bars in a data folder that no engine has open, as an import leaves them. */
export async function storeMinutes(
  home: string,
  symbol: string,
  bars: BarColumns,
  options: { readonly priceSide?: PriceSide; readonly marks?: Uint8Array } = {},
): Promise<void> {
  const { priceSide = 'bid', marks } = options;
  const store = new BarStore(join(home, 'bars'));
  const stored = await store.save({ symbol, timeframe: 'M1', priceSide }, bars, marks ? { marks } : {});
  await store.close();
  const { digits, pipSize, synthetic } = instrumentFor(symbol);
  const stores = openStores(home);
  try {
    stores.datasets.save({
      dataset: {
        symbol,
        timeframe: 'M1',
        synthetic,
        priceSide,
        bars: stored.bars,
        fromMs: stored.fromMs,
        toMs: stored.toMs,
        dataHash: stored.dataHash,
        source: 'generated',
        format: 'generated',
        zone: 'UTC',
        importedMs: stored.toMs,
        updatedMs: stored.toMs,
        qualityScore: 100,
        issueCount: 0,
        digits,
        pipSize,
        markedBars: stored.markedBars,
        providerId: null,
      },
      quality: {
        score: 100,
        bars: stored.bars,
        issues: [],
        missingBars: 0,
        missingPct: 0,
        meanRangePips: 0,
        p99RangePips: 0,
        issuesLeftOut: 0,
      },
      notes: [],
    });
  } finally {
    stores.close();
  }
}

/** Bars as a CSV file with ISO times, as exports of this workstation write them. */
export function writeMinutes(path: string, bars: BarColumns): void {
  const file = openSync(path, 'w');
  let text = 'time,open,high,low,close,volume\n';
  for (let i = 0; i < bars.timeMs.length; i++) {
    const time = new Date(bars.timeMs[i]!).toISOString();
    text += `${time},${bars.open[i]},${bars.high[i]},${bars.low[i]},${bars.close[i]},${bars.volume[i]}\n`;
    if (text.length < 1 << 22) continue;
    writeSync(file, text);
    text = '';
  }
  writeSync(file, text);
  closeSync(file);
}
