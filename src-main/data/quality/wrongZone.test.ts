import { describe, expect, it } from 'vitest';
import { allocateBars, type BarColumns } from '../../../src-shared/market/bars.ts';
import { calendarOf, fxCalendar, type MarketCalendar } from '../../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { parseZone } from '../../../src-shared/market/zones.ts';
import { SeededRng } from '../../../src-shared/runtime.ts';
import { checkQuality } from '../quality.ts';

const HOUR_MS = 3_600_000;
const fx = fxCalendar({ holidays: false });
const athens = parseZone('Europe/Athens');
const newYork = parseZone('America/New_York');

/** A random walk that trades in every session, less some time at both ends. */
function market(
  calendar: MarketCalendar,
  timeframe: Timeframe,
  [fromMs, untilMs]: readonly [number, number],
  lateMs = 0,
  earlyMs = 0,
): BarColumns {
  const stepMs = timeframeMs(timeframe);
  const rng = new SeededRng(11);
  const times: number[] = [];
  for (const { openMs, closeMs } of calendar.sessions(fromMs, untilMs)) {
    for (let t = openMs + lateMs; t < closeMs - earlyMs; t += stepMs) times.push(t);
  }
  const bars = allocateBars(times.length);
  let price = 100;
  times.forEach((timeMs, i) => {
    const close = price + 0.2 * (rng.next() - 0.5);
    bars.timeMs[i] = timeMs;
    bars.open[i] = price;
    bars.close[i] = close;
    bars.high[i] = Math.max(price, close) + 0.05 * rng.next();
    bars.low[i] = Math.min(price, close) - 0.05 * rng.next();
    price = close;
  });
  return bars;
}

const moved = (bars: BarColumns, timeOf: (utcMs: number) => number): BarColumns => ({
  ...bars,
  timeMs: bars.timeMs.map(timeOf),
});
const messageOf = (bars: BarColumns, symbol: string, timeframe: Timeframe) =>
  checkQuality(bars, instrumentFor(symbol), timeframe).issues.find((i) => i.kind === 'wrong_zone')?.message;

const YEARS = [Date.UTC(2021, 0, 4), Date.UTC(2023, 0, 4)] as const;

describe('QUAL-4: the zone of times', () => {
  const hourly = market(fx, 'H1', YEARS);

  it('tells a zone that changes its clock on the dates of another continent', () => {
    expect(messageOf(hourly, 'GBPJPY', 'H1')).toBeUndefined();
    // A broker whose day ends at 17:00 in New York (UTC+2, UTC+3 in American summer), read as Athens.
    const asAthens = moved(hourly, (utcMs) => {
      const local = utcMs + newYork.offsetMsAt(utcMs) + 7 * HOUR_MS;
      return athens.utcCandidates(local)[0] ?? local - 2 * HOUR_MS;
    });
    expect(messageOf(asAthens, 'GBPJPY', 'H1')).toMatch(
      /1 h late between the American and the European clock change.*other continent/,
    );
  });

  it('takes a market that opens late and closes early for what it is', () => {
    const short = market(fx, 'M30', YEARS, HOUR_MS, HOUR_MS);
    expect(messageOf(short, 'XAUUSD', 'M30')).toBeUndefined();
    // Two hours are more than it leaves room for, one is not.
    expect(
      messageOf(
        moved(short, (t) => t + 2 * HOUR_MS),
        'XAUUSD',
        'M30',
      ),
    ).toContain('late');
    expect(
      messageOf(
        moved(short, (t) => t + HOUR_MS),
        'XAUUSD',
        'M30',
      ),
    ).toBeUndefined();
  });

  it('compares exchanges with their own hours', () => {
    const nyse = market(calendarOf({ calendar: 'nyse' }), 'M15', YEARS);
    expect(messageOf(nyse, 'MSFT', 'M15')).toBeUndefined();
    const local = moved(nyse, (t) => t + newYork.offsetMsAt(t));
    expect(messageOf(local, 'MSFT', 'M15')).toContain('probably in America/New_York.');
    const nse = market(calendarOf({ calendar: 'nse' }), 'M15', YEARS);
    expect(messageOf(nse, 'TCS.NSE', 'M15')).toBeUndefined();
    expect(
      messageOf(
        moved(nse, (t) => t + 5.5 * HOUR_MS),
        'TCS.NSE',
        'M15',
      ),
    ).toContain('Asia/Kolkata');
    // Trading before the open and after the close is no shift.
    const extended = market(calendarOf({ calendar: 'nyse' }), 'M15', YEARS, -2 * HOUR_MS, -3 * HOUR_MS);
    expect(messageOf(extended, 'MSFT', 'M15')).toBeUndefined();
  });

  it('says nothing of markets that never close, of days, and of a single week', () => {
    const shifted = (bars: BarColumns) => moved(bars, (t) => t + 3 * HOUR_MS);
    const always = market(calendarOf({ calendar: 'always' }), 'H1', YEARS);
    expect(messageOf(shifted(always), 'BTCUSDT', 'H1')).toBeUndefined();
    const week = market(fx, 'M5', [Date.UTC(2021, 5, 7), Date.UTC(2021, 5, 18)]);
    expect(messageOf(shifted(week), 'EURUSD', 'M5')).toBeUndefined();
  });
});
