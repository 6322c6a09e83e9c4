/** Stops that follow a trend, and levels that a calendar period starts with. Price units throughout. */
import type { Bar } from '../market/bars.ts';
import { BucketGrid } from '../market/bucketGrid.ts';
import type { AnyTimeframe } from '../market/timeframes.ts';
import { Atr } from './averages.ts';
import { bars, factor, PERIOD, typical } from './params.ts';
import type { IndicatorContext, IndicatorDef, IndicatorStream, ParamReader } from './types.ts';

/** Wilder's parabolic stop, bar by bar. */
class ParabolicSar {
  readonly #start: number;
  readonly #step: number;
  readonly #most: number;
  #rising = true;
  #sar = Number.NaN;
  #extreme = Number.NaN;
  #factor = 0;
  #high = [Number.NaN, Number.NaN];
  #low = [Number.NaN, Number.NaN];

  constructor(p: ParamReader) {
    this.#start = p.number('start');
    this.#step = p.number('step');
    this.#most = p.number('most');
  }

  next(bar: Bar, previousClose: number): number {
    if (Number.isNaN(previousClose)) {
      this.#remember(bar);
      return Number.NaN;
    }
    if (Number.isNaN(this.#sar)) this.#begin(bar, previousClose);
    else this.#follow(bar);
    this.#remember(bar);
    return this.#sar;
  }

  #remember(bar: Bar): void {
    this.#high = [this.#high[1]!, bar.high];
    this.#low = [this.#low[1]!, bar.low];
  }

  /** The second bar: the trend is the way it closed, the stop behind the first bar. */
  #begin(bar: Bar, previousClose: number): void {
    this.#rising = bar.close >= previousClose;
    this.#factor = this.#start;
    this.#sar = this.#rising ? this.#low[1]! : this.#high[1]!;
    this.#extreme = this.#rising ? Math.max(this.#high[1]!, bar.high) : Math.min(this.#low[1]!, bar.low);
    const touched = this.#rising ? bar.low <= this.#sar : bar.high >= this.#sar;
    if (touched) this.#turn(bar);
  }

  #follow(bar: Bar): void {
    const moved = this.#sar + this.#factor * (this.#extreme - this.#sar);
    // The stop never stands inside the range of the last two bars.
    this.#sar = this.#rising
      ? Math.min(moved, finite(this.#low[0]!, moved), this.#low[1]!)
      : Math.max(moved, finite(this.#high[0]!, moved), this.#high[1]!);
    const touched = this.#rising ? bar.low <= this.#sar : bar.high >= this.#sar;
    if (touched) {
      this.#turn(bar);
      return;
    }
    const further = this.#rising ? bar.high > this.#extreme : bar.low < this.#extreme;
    if (!further) return;
    this.#extreme = this.#rising ? bar.high : bar.low;
    this.#factor = Math.min(this.#most, this.#factor + this.#step);
  }

  /** The stop was touched: the trend turns and the stop starts from the extreme of the old one. */
  #turn(bar: Bar): void {
    this.#sar = this.#rising
      ? Math.max(this.#extreme, this.#high[1]!, bar.high)
      : Math.min(this.#extreme, this.#low[1]!, bar.low);
    this.#rising = !this.#rising;
    this.#extreme = this.#rising ? bar.high : bar.low;
    this.#factor = this.#start;
  }
}

function finite(x: number, otherwise: number): number {
  return Number.isNaN(x) ? otherwise : x;
}

/**
 * Parabolic stop and reverse: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978), section II.
 * SAR(t) = SAR(t-1) + AF (EP - SAR(t-1)), never inside the ranges of the two bars before; AF starts at 0.02 and grows
 * by 0.02 with every new extreme up to 0.2. The first trend is the way the second bar closed.
 */
export const psar: IndicatorDef = {
  id: 'psar',
  name: 'Parabolic SAR',
  short: 'PSAR',
  group: 'overlay',
  unit: 'price',
  about: 'A stop that closes in on the price the longer a trend runs.',
  params: [
    { key: 'start', label: 'Start', type: 'number', min: 0.001, max: 0.5, step: 0.005, default: 0.02 },
    { key: 'step', label: 'Step', type: 'number', min: 0.001, max: 0.5, step: 0.005, default: 0.02 },
    { key: 'most', label: 'Maximum', type: 'number', min: 0.01, max: 1, step: 0.05, default: 0.2 },
  ],
  outputs: [{ key: 'value', name: 'SAR', style: 'dots', tone: 0 }],
  warmup: () => 1,
  create(p) {
    const sar = new ParabolicSar(p);
    let previousClose = Number.NaN;
    return {
      next(bar, out) {
        out[0] = sar.next(bar, previousClose);
        previousClose = bar.close;
      },
    };
  },
};

class SuperTrend implements IndicatorStream {
  readonly #atr: Atr;
  readonly #multiple: number;
  #upper = Number.NaN;
  #lower = Number.NaN;
  #rising = true;
  #previousClose = Number.NaN;

  constructor(p: ParamReader) {
    this.#atr = new Atr(p.number('length'));
    this.#multiple = p.number('multiple');
  }

  next(bar: Bar, out: Float64Array): void {
    const reach = this.#multiple * this.#atr.next(bar);
    out[0] = Number.NaN;
    out[1] = Number.NaN;
    if (!Number.isNaN(reach)) {
      this.#move(bar, reach);
      if (this.#rising) out[0] = this.#lower;
      else out[1] = this.#upper;
    }
    this.#previousClose = bar.close;
  }

  #move(bar: Bar, reach: number): void {
    const middle = (bar.high + bar.low) / 2;
    const upper = middle + reach;
    const lower = middle - reach;
    if (Number.isNaN(this.#upper)) {
      [this.#upper, this.#lower, this.#rising] = [upper, lower, bar.close >= middle];
      return;
    }
    // A band only closes in, unless the close before was beyond it.
    if (upper < this.#upper || this.#previousClose > this.#upper) this.#upper = upper;
    if (lower > this.#lower || this.#previousClose < this.#lower) this.#lower = lower;
    if (this.#rising && bar.close < this.#lower) this.#rising = false;
    else if (!this.#rising && bar.close > this.#upper) this.#rising = true;
  }
}

/**
 * SuperTrend (O. Seban): bands at (H + L) / 2 +- k ATR(n) that only close in; the trend turns when a close leaves the
 * band against it. The first trend is up where the bar closed in its upper half.
 */
export const superTrend: IndicatorDef = {
  id: 'supertrend',
  name: 'SuperTrend',
  short: 'SuperTrend',
  group: 'overlay',
  unit: 'price',
  about: 'A trailing stop at a multiple of the true range; its side is the trend.',
  params: [bars('length', 'ATR length', 10), factor('multiple', 'ATR multiple', 3)],
  outputs: [
    { key: 'up', name: 'Up', style: 'line', tone: 'up', partTime: true },
    { key: 'down', name: 'Down', style: 'line', tone: 'down', partTime: true },
  ],
  warmup: (p) => p.number('length') - 1,
  create: (p) => new SuperTrend(p),
};

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
