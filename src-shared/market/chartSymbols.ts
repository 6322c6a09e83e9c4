import type { DatasetDto } from '../contract/history.ts';
import type { PriceSide } from './bars.ts';
import { resampleTargets } from './resample.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe, type Timeframe, timeframeMs } from './timeframes.ts';

/** What can be shown of a symbol: stored timeframes and sides, and every timeframe that follows from them. */
export interface ChartSymbol {
  readonly symbol: string;
  readonly synthetic: boolean;
  readonly digits: number;
  readonly pipSize: number;
  /** In the order in which they stand for a symbol: bid, mid, ask. */
  readonly sides: PriceSide[];
  /** From the shortest. */
  readonly stored: Timeframe[];
  readonly timeframes: AnyTimeframe[];
}

/** Sides in the order in which one is taken where none is named. */
export const SIDES: readonly PriceSide[] = ['bid', 'mid', 'ask'];

/** What can be shown of each stored symbol, in the order of the histories. */
export function chartSymbols(datasets: readonly DatasetDto[]): ChartSymbol[] {
  const bySymbol = new Map<string, DatasetDto[]>();
  for (const d of datasets) bySymbol.set(d.symbol, [...(bySymbol.get(d.symbol) ?? []), d]);
  return [...bySymbol].map(([symbol, own]) => {
    const { synthetic, digits, pipSize } = own[0]!;
    const stored = [...new Set(own.map((d) => d.timeframe))].sort((a, b) => timeframeMs(a) - timeframeMs(b));
    return {
      symbol,
      synthetic,
      digits,
      pipSize,
      sides: SIDES.filter((side) => own.some((d) => d.priceSide === side)),
      stored,
      timeframes: ALL_TIMEFRAMES.filter((t) => stored.some((s) => resampleTargets(s).includes(t))),
    };
  });
}
