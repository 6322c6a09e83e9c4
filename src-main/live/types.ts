import type { SessionState } from '../../src-shared/contract/live.ts';
import type { Bar, BarColumns } from '../../src-shared/market/bars.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import type { EntryMask } from '../../src-shared/trading/entryMask.ts';
import type { StrategyGenes } from '../../src-shared/trading/types.ts';
import type { Broker } from '../brokers/port.ts';
import type { BarFeed } from '../data/feed.ts';
import type { Journal } from '../store/journal.ts';
import type { SessionRecord, SessionRepository } from '../store/sessions.ts';
import type { Judgement } from '../store/tradingSchemas.ts';

/** A feed whose pace can be set, as a replay's can. */
export interface PacedFeed extends BarFeed {
  /** @param barsPerSecond above 0; Infinity is as fast as it goes */
  setSpeed?(barsPerSecond: number): void;
}

/** Features bar by bar; `IncrementalFeatures` is one. */
export interface FeatureSource {
  push(bar: Bar): { readonly values: Float32Array; readonly atr: number };
}

/** What a model says after a bar. */
export interface Forecast {
  /** The prediction in units of its calibrated scale. */
  readonly signal: number;
  /** Calibrated interval in units of the target; absent for a model without one. */
  readonly interval?: { readonly lower: number; readonly upper: number } | undefined;
}

/** A decided bar whose forecast has not come due yet. */
export interface PendingForecast {
  readonly close: number;
  readonly atr: number;
  readonly lower: number;
  readonly upper: number;
}

/** Judges forecast intervals when their horizon has passed. */
export interface IntervalJudge {
  readonly horizonBars: number;
  /**
   * @param before the verdict before this one
   * @param close of the bar that ends the horizon
   */
  judge(before: Judgement | undefined, forecast: PendingForecast, close: number): Judgement;
}

/** From bars to signals: everything between the feed and the decision. */
export interface Pipeline {
  /** Closed bars; those up to the last decided one are skipped. */
  readonly feed: PacedFeed;
  readonly features: FeatureSource;
  /** Rows of the model's window. */
  readonly windowBars: number;
  /**
   * @param window raw features [windowBars, features], oldest row first, without NaN
   */
  predict(window: Float32Array): Promise<Forecast>;
  /** Every stored bar that opens before a time: what the features are warmed up with. */
  history(beforeMs: number): Promise<BarColumns>;
  /** Bars after which no position is opened (ORD-21); absent where there are none. */
  readonly entries?: EntryMask | undefined;
  /** Absent for a model without intervals. */
  readonly judge?: IntervalJudge | undefined;
  /** Frees the model. */
  release?(): Promise<void>;
}

/** What a session stands on. */
export interface SessionParts {
  readonly record: SessionRecord;
  readonly genes: StrategyGenes;
  readonly pipeline: Pipeline;
  readonly broker: Broker;
  readonly journal: Journal;
  readonly sessions: SessionRepository;
  readonly clock: Clock;
  /** Gives the event loop its turn, so that requests are answered while a replay runs at full speed. */
  readonly yieldControl: () => Promise<void>;
  /** Something in `snapshot` may have changed. */
  readonly onChange: () => void;
}

/** States in which a session's loop is alive. */
export const ALIVE: readonly SessionState[] = ['starting', 'running', 'paused', 'stopping'];
