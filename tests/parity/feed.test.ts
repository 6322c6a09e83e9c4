import { describe, expect, it } from 'vitest';
import { LongerBars } from '../../src-main/data/feed/adapters.ts';
import { BarReplay, TickReplay } from '../../src-main/data/feed/replay.ts';
import type { MarketFeed } from '../../src-main/data/feed/types.ts';
import type { Bar, BarColumns } from '../../src-shared/market/bars.ts';
import { barAt, barCount } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { resample } from '../../src-shared/market/resample.ts';
import type { AnyTimeframe } from '../../src-shared/market/timeframes.ts';
import { missingHistory, realBacktest } from './trading-market.ts';

/** Real minutes through the live feed, against the batch resampler over the same minutes. */

const fx = calendarOf({ calendar: 'fx' });
const file = 'GBPJPY_M1_2016-04-22_2016-05-27.csv.gz';
const missing = missingHistory(file);
const SECOND = 1000;

/** Each minute as four ticks: open, the two extremes, close. */
function ticksOf(bars: BarColumns) {
  const count = barCount(bars);
  const ticks = {
    timeMs: new Float64Array(4 * count),
    bid: new Float64Array(4 * count),
    ask: new Float64Array(4 * count).fill(Number.NaN),
  };
  for (let i = 0; i < count; i++) {
    const { timeMs, open, high, low, close } = barAt(bars, i);
    const extremes = i % 2 === 0 ? [high, low] : [low, high];
    [open, ...extremes, close].forEach((price, k) => {
      ticks.timeMs[4 * i + k] = timeMs + k * 19 * SECOND;
      ticks.bid[4 * i + k] = price;
    });
  }
  return ticks;
}

async function closedBars(feed: MarketFeed): Promise<{ bars: Bar[]; last: Bar | undefined }> {
  const bars: Bar[] = [];
  let last: Bar | undefined;
  for await (const event of feed.events(new AbortController().signal)) {
    if (event.type !== 'bar') continue;
    if (event.complete) {
      bars.push(event.bar);
      last = undefined;
    } else last = event.bar;
  }
  return { bars, last };
}

const prices = ({ timeMs, open, high, low, close }: Bar): Omit<Bar, 'volume'> => ({
  timeMs,
  open,
  high,
  low,
  close,
});

describe('live bars against resampled history', () => {
  const options = (timeframe: AnyTimeframe) => ({
    symbol: 'GBPJPY',
    timeframe,
    priceSide: 'bid' as const,
    calendar: fx,
    speed: Number.POSITIVE_INFINITY,
    sleep: async () => undefined,
  });

  it.skipIf(missing !== undefined)(
    `FEED-6: five weeks of real GBPJPY as ticks give the minutes, hours, days and weeks of the history${missing ? ` (${missing})` : ''}`,
    async () => {
      const { bars } = realBacktest(file, 'GBPJPY');
      const ticks = ticksOf(bars);
      for (const target of ['M1', 'M15', 'H1', 'H4', 'D1', 'W1'] as const) {
        const built = await closedBars(new TickReplay({ ...options(target), ticks }));
        const batch = resample(bars, { source: 'M1', target, calendar: fx }).bars;
        const expected = Array.from({ length: barCount(batch) }, (_, i) => prices(barAt(batch, i)));
        const found = [...built.bars, ...(built.last ? [built.last] : [])].map(prices);
        expect(found, target).toEqual(expected);
      }
    },
    60_000,
  );

  it.skipIf(missing !== undefined)(
    'FEED-10: longer bars of a feed are those of the batch resampler, volumes included',
    async () => {
      const { bars } = realBacktest(file, 'GBPJPY');
      for (const target of ['M5', 'H1', 'D1'] as const) {
        const feed = new LongerBars({
          feed: new BarReplay({ ...options('M1'), bars }),
          target,
          calendar: fx,
        });
        const built = await closedBars(feed);
        const batch = resample(bars, { source: 'M1', target, calendar: fx }).bars;
        const found = [...built.bars, ...(built.last ? [built.last] : [])];
        expect(found, target).toEqual(Array.from({ length: barCount(batch) }, (_, i) => barAt(batch, i)));
      }
    },
    60_000,
  );
});
