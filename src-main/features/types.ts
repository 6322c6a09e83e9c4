import type { Bar } from '../../src-shared/market/bars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';

/** A running quantity that is updated once per closed bar, before any feature reads it. */
export interface Indicator {
  push(bar: Bar): void;
}

/** What a feature may use while it is created. */
export interface FeatureContext {
  readonly instrument: Instrument;
  /**
   * An indicator that several features share, made on first use. It is pushed once per bar, before the
   * features; indicators that use another one must ask for it while they are made, so that it goes first.
   */
  shared<T extends Indicator>(key: string, create: () => T): T;
}

/** One running computation of a feature. */
export interface FeatureStream {
  /** Takes the next closed bar and returns the feature's value there; anything before `warmupBars` is ignored. */
  push(bar: Bar): number;
}

/** One feature: the same stream serves training, backtest and live. */
export interface FeatureDefinition {
  readonly name: string;
  /** What it measures, with its unit; shown to the user. */
  readonly doc: string;
  /**
   * Bars before the first value. Features with infinite memory (exponential averages) state so many that
   * what the missing past would have added is below 1e-6 of the value's scale.
   */
  readonly warmupBars: number;
  create(context: FeatureContext): FeatureStream;
}
