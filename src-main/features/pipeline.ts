import { type Bar, type BarColumns, barCount } from '../../src-shared/market/bars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';
import { ATR_PERIOD, WilderAtr } from './indicators.ts';
import { featureWarmupBars, resolveFeatures } from './registry.ts';
import type { FeatureContext, FeatureStream, Indicator } from './types.ts';

/** Features of every bar of a history. */
export interface FeatureMatrix {
  readonly names: string[];
  readonly rows: number;
  /** [rows, names.length], raw (not scaled); NaN during a feature's warm-up. Row i uses bars 0..i only. */
  readonly values: Float32Array;
  /** From this row on neither `values` nor `atr` has a NaN. */
  readonly warmupBars: number;
  /** ATR(14) after Wilder in price units; NaN in its warm-up. */
  readonly atr: Float64Array;
}

/** Features of one bar. */
export interface FeatureRow {
  /** One value per feature, raw; a fresh array each time. */
  readonly values: Float32Array;
  /** ATR(14) in price units. */
  readonly atr: number;
}

/**
 * Computes features one closed bar at a time: the only implementation there is, `computeFeatures` loops over
 * it.
 *
 * Exponential averages remember everything, so a stream that is started later in the history is not equal
 * bit for bit to one that started at its beginning. `warmupBars` is so long that the difference is below
 * 1e-6 in each feature's own unit; to make exactly the decisions of a backtest, push the same history that
 * the backtest started from.
 */
export class IncrementalFeatures {
  readonly names: readonly string[];
  /** Bars to push before every value exists. */
  readonly warmupBars: number;
  readonly #streams: FeatureStream[];
  readonly #warmups: number[];
  readonly #indicators: Indicator[] = [];
  readonly #atr: WilderAtr;
  #pushed = 0;

  /** @throws FrontierError BAD_INPUT for an unknown or repeated name */
  constructor(instrument: Instrument, names: readonly string[]) {
    const definitions = resolveFeatures(names);
    const made = new Map<string, Indicator>();
    const context: FeatureContext = {
      instrument,
      shared: <T extends Indicator>(key: string, create: () => T): T => {
        let indicator = made.get(key);
        if (!indicator) {
          indicator = create();
          made.set(key, indicator);
          this.#indicators.push(indicator);
        }
        return indicator as T;
      },
    };
    this.names = [...names];
    this.warmupBars = featureWarmupBars(names);
    this.#atr = context.shared(`atr_${ATR_PERIOD}`, () => new WilderAtr(ATR_PERIOD));
    this.#streams = definitions.map((d) => d.create(context));
    this.#warmups = definitions.map((d) => d.warmupBars);
  }

  /** Takes the next closed bar. */
  push(bar: Bar): FeatureRow {
    const values = new Float32Array(this.#streams.length);
    this.pushInto(bar, values, 0);
    return { values, atr: this.#atr.value };
  }

  /** As `push`, writing the values to `target` at `offset`. @returns the ATR in price units */
  pushInto(bar: Bar, target: Float32Array, offset: number): number {
    for (const indicator of this.#indicators) indicator.push(bar);
    for (let f = 0; f < this.#streams.length; f++) {
      const value = this.#streams[f]!.push(bar);
      target[offset + f] = this.#pushed < this.#warmups[f]! ? Number.NaN : value;
    }
    this.#pushed++;
    return this.#atr.value;
  }
}

/** One bar object that is refilled, so that a pass over a long history allocates nothing per bar. */
interface MutableBar {
  timeMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/**
 * Features of a whole history: row i is what `IncrementalFeatures` gives after bars 0..i, bit for bit.
 * @throws FrontierError BAD_INPUT for an unknown or repeated name
 */
export function computeFeatures(
  bars: BarColumns,
  instrument: Instrument,
  names: readonly string[],
): FeatureMatrix {
  const stream = new IncrementalFeatures(instrument, names);
  const rows = barCount(bars);
  const values = new Float32Array(rows * names.length);
  const atr = new Float64Array(rows);
  const bar: MutableBar = { timeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  for (let i = 0; i < rows; i++) {
    bar.timeMs = bars.timeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    atr[i] = stream.pushInto(bar, values, i * names.length);
  }
  return { names: [...names], rows, values, warmupBars: Math.min(rows, stream.warmupBars), atr };
}
