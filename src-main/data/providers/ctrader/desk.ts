/** What is asked about a market of a signed-in account, and how the answers become bars and ticks. */
import type { FrontierError } from '../../../../src-shared/errors.ts';
import type { Bar, PriceSide } from '../../../../src-shared/market/bars.ts';
import { type Timeframe, timeframeMs } from '../../../../src-shared/market/timeframes.ts';
import { coveredBy, rowsWithin } from '../adapter.ts';
import type { BarPage, BarRequest } from '../port.ts';
import { columnsOf, Malformed, readArray, readObject } from '../reading.ts';
import { readTicks, readTrendbars, type Tick } from './bars.ts';
import { type Payload, readWhole } from './messages.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** No message tells the server's time: a bar that ends within this of our own clock may still be running. */
export const CLOCK_DOUBT_MS = 25 * 3_600_000;
const PERIOD: Readonly<Record<Timeframe, { number: number; name: string; reachMs: number }>> = {
  M1: { number: 1, name: 'M1', reachMs: 5 * WEEK_MS },
  M5: { number: 5, name: 'M5', reachMs: 5 * WEEK_MS },
  M15: { number: 7, name: 'M15', reachMs: 35 * WEEK_MS },
  M30: { number: 8, name: 'M30', reachMs: 35 * WEEK_MS },
  H1: { number: 9, name: 'H1', reachMs: 35 * WEEK_MS },
  H4: { number: 10, name: 'H4', reachMs: 365 * DAY_MS },
  D1: { number: 12, name: 'D1', reachMs: 365 * DAY_MS },
};
const QUOTE_TYPE = { bid: 1, ask: 2 } as const;

/** A stretch of ticks that was asked for: [fromMs, toMs). */
export interface TickRequest {
  readonly symbol: string;
  readonly priceSide: Exclude<PriceSide, 'mid'>;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A symbol of the account. */
export interface Market {
  readonly symbolId: number;
  readonly digits: number;
}

/** A user of the session for as long as one download takes. */
export interface Desk {
  readonly ask: (type: 'trendbars' | 'ticks' | 'symbols' | 'symbol', payload: Payload) => Promise<Payload>;
  readonly read: <T>(read: () => T) => T;
  readonly broken: (what: string) => FrontierError;
  readonly market: Market;
}

/** Brokers write `EURUSD` or `EUR/USD`. */
const plain = (symbol: string): string => symbol.toUpperCase().replaceAll('/', '');

/** @returns undefined for a symbol that the account does not have. @throws Malformed */
export function symbolIdOf(list: Payload, symbol: string): number | undefined {
  for (const [i, item] of readArray(list.symbol ?? [], 'the symbols').entries()) {
    const entry = readObject(item, `symbol ${i}`);
    if (typeof entry.symbolName === 'string' && plain(entry.symbolName) === plain(symbol)) {
      return readWhole(entry.symbolId, `the id of symbol ${i}`);
    }
  }
  return undefined;
}

/** Decimals of a symbol's prices. @throws Malformed */
export function digitsOf(detail: Payload, symbolId: number): number {
  for (const [i, item] of readArray(detail.symbol ?? [], 'the symbols').entries()) {
    const entry = readObject(item, `symbol ${i}`);
    if (readWhole(entry.symbolId, `the id of symbol ${i}`) !== symbolId) continue;
    const digits = readWhole(entry.digits, 'the digits');
    if (digits >= 0 && digits <= 10) return digits;
  }
  throw new Malformed('it does not say how many digits the symbol has');
}

/** A stretch [fromMs, toMs). */
export interface Piece {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Stretches that one request may ask for. */
export function piecesOf({ timeframe, fromMs, toMs }: BarRequest): Piece[] {
  const { reachMs } = PERIOD[timeframe];
  // Room for two bars more: one that opens after the end proves that those before it have closed.
  const stepMs = reachMs - 2 * timeframeMs(timeframe);
  const pieces: Piece[] = [];
  for (let at = fromMs; at < toMs; at += stepMs) {
    pieces.push({ fromMs: at, toMs: Math.min(toMs, at + stepMs) });
  }
  return pieces;
}

/**
 * The bars of a piece that are known to have closed, and up to where it is complete.
 * @param lastMs open of the last bar that came before
 * @param nowMs by our own clock
 */
export async function pageOf(
  desk: Desk,
  request: BarRequest,
  piece: Piece,
  lastMs: number | undefined,
  nowMs: number,
): Promise<BarPage> {
  const lengthMs = timeframeMs(request.timeframe);
  const all = await barsOf(desk, request, piece.fromMs, piece.toMs + 2 * lengthMs);
  const newest = all.at(-1);
  const mayRun = newest !== undefined && newest.timeMs + lengthMs > nowMs - CLOCK_DOUBT_MS;
  const closed = mayRun ? all.slice(0, -1) : all;
  const rows = rowsWithin(closed, piece.fromMs, piece.toMs);
  const isPast =
    piece.toMs <= nowMs - CLOCK_DOUBT_MS || (newest !== undefined && newest.timeMs >= piece.toMs);
  const known = coveredBy(rows.at(-1)?.timeMs ?? lastMs) ?? request.fromMs;
  return { bars: columnsOf(rows), coveredToMs: isPast ? piece.toMs : Math.max(known, request.fromMs) };
}

/**
 * All bars whose open is in [fromMs, toMs). An answer with `hasMore` holds part of them; on which side the rest is,
 * is not documented, so what is before and after it is asked for.
 */
async function barsOf(desk: Desk, request: BarRequest, fromMs: number, toMs: number): Promise<Bar[]> {
  const lengthMs = timeframeMs(request.timeframe);
  const { number: period } = PERIOD[request.timeframe];
  const { symbolId, digits } = desk.market;
  const answer = await desk.ask('trendbars', {
    symbolId,
    period,
    fromTimestamp: fromMs,
    toTimestamp: toMs - 1,
  });
  const { rows, hasMore } = desk.read(() => {
    checkAnswered(answer, request, symbolId);
    const read = readTrendbars(answer, digits);
    // The bar that holds the start may come too; anything farther away answers another question.
    if (rowsWithin(read.rows, fromMs - lengthMs + 1, toMs + 1).length < read.rows.length) {
      throw new Malformed('it holds bars that were not asked for');
    }
    const kept = rowsWithin(read.rows, fromMs, toMs);
    if (read.hasMore && kept.length === 0)
      throw new Malformed('it says that there is more and brings nothing');
    return { rows: kept, hasMore: read.hasMore };
  });
  if (!hasMore) return rows;
  const firstMs = rows[0]!.timeMs;
  const lastMs = rows.at(-1)!.timeMs;
  const before = firstMs > fromMs ? await barsOf(desk, request, fromMs, firstMs) : [];
  // Not from the end of the last bar: days are an hour shorter or longer when clocks change.
  const after = lastMs + lengthMs < toMs ? await barsOf(desk, request, lastMs + 1, toMs) : [];
  return [...before, ...rows, ...after];
}

function checkAnswered(answer: Payload, request: BarRequest, symbolId: number): void {
  const { number, name } = PERIOD[request.timeframe];
  if (answer.symbolId !== undefined && readWhole(answer.symbolId, 'symbolId') !== symbolId) {
    throw new Malformed('it is for another symbol');
  }
  if (answer.period !== number && answer.period !== name) throw new Malformed('it is for another period');
}

/** Ticks of a stretch of at most a week; the newest come first, and what is older is asked for until it is all there. */
export async function* ticksOf(desk: Desk, request: TickRequest): AsyncGenerator<Tick[], void, void> {
  const { symbolId, digits } = desk.market;
  const parts: Tick[][] = [];
  for (let toMs = request.toMs; toMs > request.fromMs; ) {
    const answer = await desk.ask('ticks', {
      symbolId,
      type: QUOTE_TYPE[request.priceSide],
      fromTimestamp: request.fromMs,
      toTimestamp: toMs - 1,
    });
    const { ticks, hasMore } = desk.read(() => checkedTicks(answer, digits, request.fromMs, toMs));
    // Ticks of one millisecond may lie on both sides of a cut: that millisecond is asked for again, whole.
    const firstMs = ticks[0]?.timeMs;
    if (!hasMore || firstMs === undefined) {
      parts.push(ticks);
      break;
    }
    const whole = ticks.filter((t) => t.timeMs > firstMs);
    if (whole.length === 0) throw desk.broken('more ticks in one millisecond than one answer holds');
    parts.push(whole);
    toMs = firstMs + 1;
  }
  for (const part of parts.reverse()) if (part.length > 0) yield part;
}

function checkedTicks(
  answer: Payload,
  digits: number,
  fromMs: number,
  toMs: number,
): { ticks: Tick[]; hasMore: boolean } {
  const read = readTicks(answer, digits);
  if (read.ticks.some((t) => t.timeMs < fromMs || t.timeMs >= toMs)) {
    throw new Malformed('it holds ticks that were not asked for');
  }
  if (read.hasMore && read.ticks.length === 0)
    throw new Malformed('it says that there is more and brings nothing');
  return read;
}
