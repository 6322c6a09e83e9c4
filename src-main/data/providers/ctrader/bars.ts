/** Decodes cTrader's compact history: whole numbers of 1/100,000 for every symbol, differences to a base. */
import type { Bar } from '../../../../src-shared/market/bars.ts';
import { Malformed, readArray, readObject } from '../reading.ts';
import { type Payload, readWhole, readWholeOr } from './messages.ts';

/** Prices of market data are whole multiples of 1/100,000, whatever the symbol's digits. */
const SCALE = 100_000;
const SCALE_DIGITS = 5;
const MINUTE_MS = 60_000;

/** One change of one side of the quote. */
export interface Tick {
  readonly timeMs: number;
  readonly price: number;
}

/** A price as the decimal number it stands for. @param digits decimals of the symbol, to which it is rounded */
export function priceOf(points: number, digits: number): number {
  return Number((points / SCALE).toFixed(Math.min(digits, SCALE_DIGITS)));
}

/** The bars of a 2138, oldest first. @throws Malformed */
export function readTrendbars(answer: Payload, digits: number): { rows: Bar[]; hasMore: boolean } {
  const rows = readArray(answer.trendbar ?? [], 'trendbar').map((item, i) => readTrendbar(item, i, digits));
  // In which order they come is not documented.
  rows.sort((a, b) => a.timeMs - b.timeMs);
  return { rows, hasMore: answer.hasMore === true };
}

function readTrendbar(item: unknown, i: number, digits: number): Bar {
  const bar = readObject(item, `bar ${i}`);
  const low = readWhole(bar.low, `the low of bar ${i}`);
  const above = (name: string): number => {
    const delta = readWholeOr(bar[name], 0, `${name} of bar ${i}`);
    if (delta < 0) throw new Malformed(`${name} of bar ${i} is below its low`);
    return priceOf(low + delta, digits);
  };
  return {
    timeMs: readWhole(bar.utcTimestampInMinutes, `the time of bar ${i}`) * MINUTE_MS,
    open: above('deltaOpen'),
    high: above('deltaHigh'),
    low: priceOf(low, digits),
    close: above('deltaClose'),
    volume: readWholeOr(bar.volume, 0, `the volume of bar ${i}`),
  };
}

/**
 * The ticks of a 2146, oldest first. They come newest first; the first holds time and price, every other one its
 * difference to the one before it in the list.
 * @throws Malformed, also for times that do not go back: read with a wrong sign, prices would look right and be wrong
 */
export function readTicks(answer: Payload, digits: number): { ticks: Tick[]; hasMore: boolean } {
  let timeMs = 0;
  let points = 0;
  const ticks = readArray(answer.tickData ?? [], 'tickData').map((item, i) => {
    const tick = readObject(item, `tick ${i}`);
    const deltaMs = readWholeOr(tick.timestamp, 0, `the time of tick ${i}`);
    if (i > 0 && deltaMs > 0) throw new Malformed(`tick ${i} is after the one before it`);
    timeMs += deltaMs;
    points += readWholeOr(tick.tick, 0, `the price of tick ${i}`);
    if (points <= 0) throw new Malformed(`tick ${i} has a price that is not above zero`);
    return { timeMs, price: priceOf(points, digits) };
  });
  return { ticks: ticks.reverse(), hasMore: answer.hasMore === true };
}
