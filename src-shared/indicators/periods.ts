/** Levels that a calendar period starts with or is averaged over. Price units throughout. */
import type { Bar } from '../market/bars.ts';
import { BucketGrid } from '../market/bucketGrid.ts';
import type { AnyTimeframe } from '../market/timeframes.ts';
import { factor, PERIOD, typical } from './params.ts';
import type { IndicatorContext, IndicatorDef, IndicatorStream, ParamReader } from './types.ts';

/** Tells when a calendar period ends, and whether the present one was seen from its first instant. */
class Periods {
  readonly #grid: BucketGrid;
  /** The present period was seen from its beginning. Before the first loaded bar there may have been others of it. */
  whole = false;

  constructor(p: ParamReader, context: IndicatorContext) {
    this.#grid = new BucketGrid(p.choice('period') as AnyTimeframe, context.calendar, context.timeframe);
  }

  /** Moves to a bar. @returns true when it is the first of a new period */
  begins(timeMs: number): boolean {
    const before = this.#grid.endMs;
    if (timeMs < before) return false;
    this.#grid.seek(timeMs);
    this.whole = !Number.isNaN(before) || this.#grid.fromMs === timeMs;
    return true;
  }
}

class Vwap implements IndicatorStream {
  readonly #periods: Periods;
  readonly #deviations: number;
  #volume = 0;
  #mean = 0;
  #squares = 0;

  constructor(p: ParamReader, context: IndicatorContext) {
    this.#periods = new Periods(p, context);
    this.#deviations = p.number('deviations');
  }

  next(bar: Bar, out: Float64Array): void {
    if (this.#periods.begins(bar.timeMs)) [this.#volume, this.#mean, this.#squares] = [0, 0, 0];
    if (bar.volume > 0) this.#add(typical(bar), bar.volume);
    const known = this.#periods.whole && this.#volume > 0;
    const middle = known ? this.#mean : Number.NaN;
    const reach = this.#deviations * Math.sqrt(Math.max(0, this.#squares / this.#volume));
    out[0] = middle;
    out[1] = middle + reach;
    out[2] = middle - reach;
  }

  /** Weighted mean and squares without cancellation: D. H. D. West, Communications of the ACM 22:9 (1979). */
  #add(price: number, volume: number): void {
    this.#volume += volume;
    const distance = price - this.#mean;
    this.#mean += (distance * volume) / this.#volume;
    this.#squares += volume * distance * (price - this.#mean);
  }
}

/**
 * Volume-weighted average price since the period began: sum of (H + L + C) / 3 times volume over the sum of volume
 * (S. Berkowitz, D. Logue, E. Noser, Journal of Finance 43, 1988), with bands at k volume-weighted deviations.
 * Periods follow the market's calendar (the FX day begins at 17:00 New York). Unknown in the period that the loaded
 * bars break into, and where no volume was reported.
 */
export const vwap: IndicatorDef = {
  id: 'vwap',
  name: 'Volume-weighted average price',
  short: 'VWAP',
  group: 'overlay',
  unit: 'price',
  about: 'What the average unit of the day was traded at. Needs volume.',
  params: [PERIOD, factor('deviations', 'Standard deviations', 2)],
  outputs: [
    { key: 'value', name: 'VWAP', style: 'line', tone: 4 },
    { key: 'upper', name: 'Upper', style: 'line', tone: 4, dashed: true },
    { key: 'lower', name: 'Lower', style: 'line', tone: 4, dashed: true },
  ],
  warmup: () => 0,
  create: (p, context) => new Vwap(p, context),
  begins: (p, context) => {
    const periods = new Periods(p, context);
    return (timeMs) => periods.begins(timeMs);
  },
};

class Pivots implements IndicatorStream {
  readonly #periods: Periods;
  #high = Number.NaN;
  #low = Number.NaN;
  #close = Number.NaN;
  readonly #levels = new Float64Array(7).fill(Number.NaN);

  constructor(p: ParamReader, context: IndicatorContext) {
    this.#periods = new Periods(p, context);
  }

  next(bar: Bar, out: Float64Array): void {
    const { whole } = this.#periods;
    if (this.#periods.begins(bar.timeMs)) {
      if (whole) this.#draw();
      [this.#high, this.#low] = [bar.high, bar.low];
    } else {
      this.#high = Math.max(this.#high, bar.high);
      this.#low = Math.min(this.#low, bar.low);
    }
    this.#close = bar.close;
    out.set(this.#levels);
  }

  #draw(): void {
    const [high, low] = [this.#high, this.#low];
    const pivot = (high + low + this.#close) / 3;
    const range = high - low;
    this.#levels.set([
      pivot,
      2 * pivot - low,
      2 * pivot - high,
      pivot + range,
      pivot - range,
      high + 2 * (pivot - low),
      low - 2 * (high - pivot),
    ]);
  }
}

/**
 * Classic floor-trader pivots of the calendar's period before: P = (H + L + C) / 3, R1 = 2P - L, S1 = 2P - H,
 * R2 = P + (H - L), S2 = P - (H - L), R3 = H + 2(P - L), S3 = L - 2(H - P) (J. Person, "A Complete Guide to Technical
 * Trading Tactics", 2004). Unknown until one whole period was loaded.
 */
export const pivots: IndicatorDef = {
  id: 'pivots',
  name: 'Pivot points',
  short: 'Pivots',
  group: 'overlay',
  unit: 'price',
  about: 'Levels that follow from the range and close of the day before.',
  scales: false,
  params: [PERIOD],
  outputs: [
    { key: 'p', name: 'P', style: 'line', steps: true, tone: 5 },
    { key: 'r1', name: 'R1', style: 'line', steps: true, tone: 'up' },
    { key: 's1', name: 'S1', style: 'line', steps: true, tone: 'down' },
    { key: 'r2', name: 'R2', style: 'line', steps: true, tone: 'up', dashed: true },
    { key: 's2', name: 'S2', style: 'line', steps: true, tone: 'down', dashed: true },
    { key: 'r3', name: 'R3', style: 'line', steps: true, tone: 'up', dashed: true },
    { key: 's3', name: 'S3', style: 'line', steps: true, tone: 'down', dashed: true },
  ],
  warmup: () => 0,
  create: (p, context) => new Pivots(p, context),
};
