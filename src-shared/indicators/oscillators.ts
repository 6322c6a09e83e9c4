/** Oscillators: where the price stands in what it did lately. */
import { Ema, Sma, Wilder } from './averages.ts';
import { bars, SOURCE, sourceOf, typical } from './params.ts';
import type { IndicatorDef, ParamReader } from './types.ts';
import { Extreme, Window } from './windows.ts';

const n = (p: ParamReader) => p.number('length');

/** Wilder's relative strength of a sequence of prices. */
class RelativeStrength {
  readonly #gain: Wilder;
  readonly #loss: Wilder;
  #previous = Number.NaN;

  constructor(length: number) {
    this.#gain = new Wilder(length);
    this.#loss = new Wilder(length);
  }

  next(price: number): number {
    const change = price - this.#previous;
    this.#previous = price;
    if (Number.isNaN(change)) return Number.NaN;
    const gain = this.#gain.next(Math.max(0, change));
    const loss = this.#loss.next(Math.max(0, -change));
    const both = gain + loss;
    // Without any movement neither side is stronger.
    return both === 0 ? 50 : (100 * gain) / both;
  }
}

/**
 * 100 - 100 / (1 + average gain / average loss), Wilder's averages of n changes ("New Concepts in Technical Trading
 * Systems", 1978, section VI). 50 where nothing moved.
 */
export const rsi: IndicatorDef = {
  id: 'rsi',
  name: 'Relative strength index',
  short: 'RSI',
  group: 'pane',
  unit: 'number',
  about: 'How much of the recent movement went up.',
  params: [bars('length', 'Length', 14), SOURCE],
  outputs: [{ key: 'value', name: 'RSI', style: 'line', tone: 0 }],
  levels: [30, 50, 70],
  scale: [0, 100],
  warmup: n,
  create(p) {
    const strength = new RelativeStrength(n(p));
    const price = sourceOf(p);
    return {
      next(bar, out) {
        out[0] = strength.next(price(bar));
      },
    };
  },
};

/** EMA(fast) - EMA(slow), its EMA(signal), and the difference of the two (G. Appel, 1979). Price units. */
export const macd: IndicatorDef = {
  id: 'macd',
  name: 'Moving average convergence divergence',
  short: 'MACD',
  group: 'pane',
  unit: 'price',
  about: 'The distance of a fast average from a slow one, and its own average.',
  params: [bars('fast', 'Fast', 12), bars('slow', 'Slow', 26), bars('signal', 'Signal', 9), SOURCE],
  outputs: [
    { key: 'histogram', name: 'Histogram', style: 'bars', tone: 'signed' },
    { key: 'macd', name: 'MACD', style: 'line', tone: 0 },
    { key: 'signal', name: 'Signal', style: 'line', tone: 1 },
  ],
  levels: [0],
  warmup: (p) => Math.max(p.number('fast'), p.number('slow')) + p.number('signal') - 2,
  create(p) {
    const fast = new Ema(p.number('fast'));
    const slow = new Ema(p.number('slow'));
    const average = new Ema(p.number('signal'));
    const price = sourceOf(p);
    return {
      next(bar, out) {
        const x = price(bar);
        const macd = fast.next(x) - slow.next(x);
        const signal = Number.isNaN(macd) ? macd : average.next(macd);
        out[0] = macd - signal;
        out[1] = macd;
        out[2] = signal;
      },
    };
  },
};

/**
 * Place of x in the range of the last n, 0 to 100; 50 in a range without height. Where a market stands still, computed
 * values such as the RSI differ by rounding alone: that is no height.
 */
class RangePlace {
  readonly #highest: Extreme;
  readonly #lowest: Extreme;

  constructor(length: number) {
    this.#highest = new Extreme(length, 1);
    this.#lowest = new Extreme(length, -1);
  }

  next(high: number, low: number, x: number): number {
    const top = this.#highest.next(high);
    const bottom = this.#lowest.next(low);
    return top - bottom <= 1e-12 * Math.abs(top) ? 50 : (100 * (x - bottom)) / (top - bottom);
  }
}

const STOCHASTIC = {
  group: 'pane',
  unit: 'number',
  levels: [20, 80],
  scale: [0, 100],
  outputs: [
    { key: 'k', name: '%K', style: 'line', tone: 0 },
    { key: 'd', name: '%D', style: 'line', tone: 1 },
  ],
} as const;

/**
 * %K = SMA(smooth) of 100 (C - LL(n)) / (HH(n) - LL(n)), %D = SMA(d) of %K (G. Lane, Stocks & Commodities 2:3, 1984).
 * 50 where the range has no height. Smooth 1 is the fast form.
 */
export const stochastic: IndicatorDef = {
  ...STOCHASTIC,
  id: 'stochastic',
  name: 'Stochastic',
  short: 'Stoch',
  about: 'Where the close lies in the range of the last bars.',
  params: [bars('length', '%K length', 14), bars('smooth', '%K smoothing', 3), bars('d', '%D length', 3)],
  warmup: (p) => n(p) + p.number('smooth') + p.number('d') - 3,
  create(p) {
    const place = new RangePlace(n(p));
    const smooth = new Sma(p.number('smooth'));
    const average = new Sma(p.number('d'));
    return {
      next(bar, out) {
        const raw = place.next(bar.high, bar.low, bar.close);
        const k = Number.isNaN(raw) ? raw : smooth.next(raw);
        out[0] = k;
        out[1] = Number.isNaN(k) ? k : average.next(k);
      },
    };
  },
};

/** The stochastic of the RSI (T. Chande, S. Kroll, "The New Technical Trader", 1994), smoothed as the stochastic is. */
export const stochRsi: IndicatorDef = {
  ...STOCHASTIC,
  id: 'stochrsi',
  name: 'Stochastic RSI',
  short: 'StochRSI',
  about: 'Where the RSI lies in its own range.',
  params: [
    bars('rsi', 'RSI length', 14),
    bars('length', 'Stochastic length', 14),
    bars('k', '%K smoothing', 3),
    bars('d', '%D length', 3),
    SOURCE,
  ],
  warmup: (p) => p.number('rsi') + n(p) + p.number('k') + p.number('d') - 3,
  create(p) {
    const strength = new RelativeStrength(p.number('rsi'));
    const place = new RangePlace(n(p));
    const smooth = new Sma(p.number('k'));
    const average = new Sma(p.number('d'));
    const price = sourceOf(p);
    return {
      next(bar, out) {
        const rsi = strength.next(price(bar));
        const raw = Number.isNaN(rsi) ? rsi : place.next(rsi, rsi, rsi);
        const k = Number.isNaN(raw) ? raw : smooth.next(raw);
        out[0] = k;
        out[1] = Number.isNaN(k) ? k : average.next(k);
      },
    };
  },
};

/** (TP - SMA(TP)) / (0.015 mean |TP - SMA(TP)|), TP = (H + L + C) / 3 (D. Lambert, Commodities, 1980). 0 where flat. */
export const cci: IndicatorDef = {
  id: 'cci',
  name: 'Commodity channel index',
  short: 'CCI',
  group: 'pane',
  unit: 'number',
  about: 'How unusual the distance of the price from its average is.',
  params: [bars('length', 'Length', 20, [2, 200])],
  outputs: [{ key: 'value', name: 'CCI', style: 'line', tone: 0 }],
  levels: [-100, 0, 100],
  warmup: (p) => n(p) - 1,
  create(p) {
    const window = new Window(n(p));
    return {
      next(bar, out) {
        const price = typical(bar);
        window.push(price);
        if (!window.full) {
          out[0] = Number.NaN;
          return;
        }
        const mean = window.mean();
        const deviation = window.sumAbsFrom(mean) / window.length;
        // In a flat market mean and price differ by rounding alone.
        out[0] = deviation <= 1e-12 * Math.abs(mean) ? 0 : (price - mean) / (0.015 * deviation);
      },
    };
  },
};

/** -100 (HH(n) - C) / (HH(n) - LL(n)) (L. Williams, "How I Made One Million Dollars", 1973). -50 without height. */
export const williams: IndicatorDef = {
  id: 'williams',
  name: 'Williams %R',
  short: '%R',
  group: 'pane',
  unit: 'number',
  about: 'How far the close is below the highest high.',
  params: [bars('length', 'Length', 14)],
  outputs: [{ key: 'value', name: '%R', style: 'line', tone: 0 }],
  levels: [-80, -20],
  scale: [-100, 0],
  warmup: (p) => n(p) - 1,
  create(p) {
    const place = new RangePlace(n(p));
    return {
      next(bar, out) {
        out[0] = place.next(bar.high, bar.low, bar.close) - 100;
      },
    };
  },
};
