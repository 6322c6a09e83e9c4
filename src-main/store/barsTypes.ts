import type { PriceSide } from '../../src-shared/market/bars.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { type DatasetState, type SourceSpan, versionOf } from './barsFiles.ts';
import type { OnConflict } from './barsMerge.ts';

/** Names a history; there is one per symbol, timeframe and side of the quote. */
export interface DatasetKey {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
}

/** A stored history. */
export interface StoredDataset extends DatasetKey {
  /** SHA-256 of the bars, see `hashBars`. Marks do not enter it. */
  readonly dataHash: string;
  readonly bars: number;
  /** Open of the first and of the last bar, epoch milliseconds UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Names what is stored now, for `restore`. */
  readonly version: string;
  /** Bars that carry a mark. */
  readonly markedBars: number;
  /** Stretches that providers have answered for. */
  readonly spans: SourceSpan[];
}

/** What a save did. */
export interface SavedDataset extends StoredDataset {
  /** The version before it; null when there was no history. */
  readonly replaced: string | null;
}

/** What a merge did. */
export interface MergedDataset extends SavedDataset {
  /** Bars that were not there before. */
  readonly addedBars: number;
  /** Bars that were there with other values. */
  readonly replacedBars: number;
}

/** Bars whose open is at or after `fromMs` and before `toMs`, epoch milliseconds UTC. */
export interface TimeRange {
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface SaveOptions {
  /** A mark for each bar, see `src-shared/market/marks.ts`. */
  readonly marks?: Uint8Array | undefined;
  readonly spans?: readonly SourceSpan[] | undefined;
}

export interface MergeOptions {
  readonly marks?: Uint8Array | undefined;
  /** The stretch that is complete with these bars. */
  readonly span?: SourceSpan | undefined;
  readonly onConflict: OnConflict;
  /**
   * The version that an earlier step of the same change left. It is not kept, so that a change in many steps counts
   * as one.
   */
  readonly supersede?: string | undefined;
}

/** What is stored, as callers know it. */
export function storedOf(state: DatasetState): StoredDataset {
  const { symbol, timeframe, priceSide, dataHash, bars, fromMs, toMs } = state;
  const markedBars = state.years.reduce((sum, { marked }) => sum + (marked ?? 0), 0);
  const version = versionOf(state.folder);
  const spans = [...(state.spans ?? [])];
  return { symbol, timeframe, priceSide, dataHash, bars, fromMs, toMs, version, markedBars, spans };
}
