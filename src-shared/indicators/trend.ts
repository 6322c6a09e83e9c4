/** Stops that follow a trend. Price units throughout. */
import type { Bar } from '../market/bars.ts';
import { Atr } from './averages.ts';
import { bars, factor } from './params.ts';
import type { IndicatorDef, IndicatorStream, ParamReader } from './types.ts';

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
