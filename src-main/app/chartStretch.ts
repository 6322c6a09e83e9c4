import type { DatasetDto } from '../../src-shared/contract/data.ts';
import {
  allocateBars,
  type BarColumns,
  lowerBound,
  type PriceSide,
  sliceBars,
} from '../../src-shared/market/bars.ts';
import type { MarketCalendar } from '../../src-shared/market/calendars.ts';
import { resample } from '../../src-shared/market/resample.ts';
import type { AnyTimeframe } from '../../src-shared/market/timeframes.ts';

/** The last `count` bars that open before `endMs` (the newest without), or the first that open from `fromMs` on. */
export interface WindowRequest {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide?: PriceSide | undefined;
  readonly endMs?: number | undefined;
  readonly fromMs?: number | undefined;
  readonly count: number;
}

/** Bars of a stretch and the opens of those that hold a marked bar. */
export interface Stretch {
  readonly bars: BarColumns;
  readonly marked: readonly number[];
}
export interface Base {
  readonly dataset: DatasetDto;
  readonly target: AnyTimeframe;
  readonly calendar: MarketCalendar;
}

/** Bars of the base's timeframe from shorter ones, whole buckets. */
export function made(base: Base, from: Stretch, source: AnyTimeframe): Stretch {
  const { target, calendar } = base;
  if (target === source) return from;
  const { bars } = resample(from.bars, { source, target, calendar });
  return { bars, marked: lifted(from.marked, bars.timeMs) };
}

/** Opens of the longer bars that hold the given times: the last that is stamped at or before each. */
export function lifted(times: readonly number[], opens: Float64Array): number[] {
  const found: number[] = [];
  for (const ms of times) {
    const open = opens[Math.max(0, lowerBound(opens, ms + 1) - 1)];
    if (open !== undefined && open !== found.at(-1)) found.push(open);
  }
  return found;
}

export function joined(pieces: readonly Stretch[]): Stretch {
  const [only] = pieces;
  if (pieces.length === 1 && only) return only;
  const bars = allocateBars(pieces.reduce((sum, p) => sum + p.bars.timeMs.length, 0));
  let at = 0;
  for (const piece of pieces) {
    for (const name of ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const)
      bars[name].set(piece.bars[name], at);
    at += piece.bars.timeMs.length;
  }
  return { bars, marked: pieces.flatMap((p) => p.marked) };
}

/** Rows [from, to) of a stretch. */
export function part(stretch: Stretch, from: number, to: number): Stretch {
  if (from === 0 && to === stretch.bars.timeMs.length) return stretch;
  const bars = sliceBars(stretch.bars, from, to);
  const [firstMs, lastMs] = [bars.timeMs[0] ?? Number.NaN, bars.timeMs.at(-1) ?? Number.NaN];
  return { bars, marked: stretch.marked.filter((ms) => ms >= firstMs && ms <= lastMs) };
}

/** The part of a stretch that was asked for. */
export function cut(stretch: Stretch, want: Pick<WindowRequest, 'endMs' | 'fromMs' | 'count'>): Stretch {
  const { timeMs } = stretch.bars;
  let from = want.fromMs === undefined ? 0 : lowerBound(timeMs, want.fromMs);
  let to = want.endMs === undefined ? timeMs.length : lowerBound(timeMs, want.endMs);
  if (want.fromMs === undefined) from = Math.max(0, to - want.count);
  else to = Math.min(to, from + want.count);
  return part(stretch, from, Math.max(from, to));
}
