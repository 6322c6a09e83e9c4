/** Momentum in panes of their own. */
import { Atr, Chained, Ema, Sma, TrueRange, Wilder } from './averages.ts';
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

/** The price n bars ago; NaN until there is one. */
class Delay {
  readonly #window: Window;

  constructor(length: number) {
    this.#window = new Window(length);
  }

  next(x: number): number {
    const ago = this.#window.full ? this.#window.oldest : Number.NaN;
    this.#window.push(x);
    return ago;
  }
}

/** C - C(n bars ago), price units. */
export const momentum: IndicatorDef = {
  id: 'momentum',
  name: 'Momentum',
  short: 'Mom',
  group: 'pane',
  unit: 'price',
  about: 'How far the price has come in the last bars.',
  params: [bars('length', 'Length', 10), SOURCE],
  outputs: [{ key: 'value', name: 'Momentum', style: 'line', tone: 0 }],
  levels: [0],
  warmup: n,
  create(p) {
    const delay = new Delay(n(p));
    const price = sourceOf(p);
    return {
      next(bar, out) {
        const x = price(bar);
        out[0] = x - delay.next(x);
      },
    };
  },
};

/** 100 (C / C(n bars ago) - 1), per cent. Unknown where the old price is 0. */
export const roc: IndicatorDef = {
  id: 'roc',
  name: 'Rate of change',
  short: 'ROC',
  group: 'pane',
  unit: 'percent',
  about: 'How far the price has come in the last bars, in per cent.',
  params: [bars('length', 'Length', 10), SOURCE],
  outputs: [{ key: 'value', name: 'ROC', style: 'line', tone: 0 }],
  levels: [0],
  warmup: n,
  create(p) {
    const delay = new Delay(n(p));
    const price = sourceOf(p);
    return {
      next(bar, out) {
        const x = price(bar);
        const ago = delay.next(x);
        out[0] = ago === 0 ? Number.NaN : 100 * (x / ago - 1);
      },
    };
  },
};

/**
 * Directional movement (J. W. Wilder, 1978, section IV): +DM and -DM are the larger of the reaches beyond the bar
 * before, DI = 100 average DM / average true range, DX = 100 |+DI - -DI| / (+DI + -DI), ADX its Wilder average.
 * 0 where nothing moved.
 */
export const adx: IndicatorDef = {
  id: 'adx',
  name: 'Average directional index',
  short: 'ADX',
  group: 'pane',
  unit: 'number',
  about: 'How strong the trend is, and which side leads.',
  params: [bars('length', 'DI length', 14), bars('smooth', 'ADX smoothing', 14)],
  outputs: [
    { key: 'adx', name: 'ADX', style: 'line', tone: 4 },
    { key: 'plus', name: '+DI', style: 'line', tone: 'up' },
    { key: 'minus', name: '−DI', style: 'line', tone: 'down' },
  ],
  levels: [25],
  warmup: (p) => n(p) + p.number('smooth') - 1,
  create(p) {
    const range = new TrueRange();
    const averages = [new Wilder(n(p)), new Wilder(n(p)), new Wilder(n(p))] as const;
    const smooth = new Wilder(p.number('smooth'));
    let high = Number.NaN;
    let low = Number.NaN;
    return {
      next(bar, out) {
        const up = bar.high - high;
        const down = low - bar.low;
        const tr = range.next(bar.high, bar.low, bar.close);
        [high, low] = [bar.high, bar.low];
        out.fill(Number.NaN);
        if (Number.isNaN(up)) return;
        const reach = averages[0].next(tr);
        const plusDm = averages[1].next(up > down && up > 0 ? up : 0);
        const minusDm = averages[2].next(down > up && down > 0 ? down : 0);
        if (Number.isNaN(reach)) return;
        const plus = reach === 0 ? 0 : (100 * plusDm) / reach;
        const minus = reach === 0 ? 0 : (100 * minusDm) / reach;
        const both = plus + minus;
        out[0] = smooth.next(both === 0 ? 0 : (100 * Math.abs(plus - minus)) / both);
        out[1] = plus;
        out[2] = minus;
      },
    };
  },
};

/** 100 (n - bars since the highest high or lowest low of n + 1 bars) / n (T. Chande, 1995); of equals the newest counts. */
export const aroon: IndicatorDef = {
  id: 'aroon',
  name: 'Aroon',
  short: 'Aroon',
  group: 'pane',
  unit: 'number',
  about: 'How long ago the newest high and low were made.',
  params: [bars('length', 'Length', 25)],
  outputs: [
    { key: 'up', name: 'Up', style: 'line', tone: 'up' },
    { key: 'down', name: 'Down', style: 'line', tone: 'down' },
  ],
  levels: [30, 70],
  scale: [0, 100],
  warmup: n,
  create(p) {
    const length = n(p);
    const highest = new Extreme(length + 1, 1);
    const lowest = new Extreme(length + 1, -1);
    return {
      next(bar, out) {
        const known = !Number.isNaN(highest.next(bar.high));
        lowest.next(bar.low);
        out[0] = known ? (100 * (length - highest.age)) / length : Number.NaN;
        out[1] = known ? (100 * (length - lowest.age)) / length : Number.NaN;
      },
    };
  },
};

/** Wilder's average true range (1978, section III), price units; the first bar's true range is high - low. */
export const atr: IndicatorDef = {
  id: 'atr',
  name: 'Average true range',
  short: 'ATR',
  group: 'pane',
  unit: 'price',
  about: 'How far a bar usually reaches, gaps included.',
  params: [bars('length', 'Length', 14)],
  outputs: [{ key: 'value', name: 'ATR', style: 'line', tone: 0 }],
  warmup: (p) => n(p) - 1,
  create(p) {
    const average = new Atr(n(p));
    return {
      next(bar, out) {
        out[0] = average.next(bar);
      },
    };
  },
};

/** Population standard deviation of the last n prices. */
export const stdDev: IndicatorDef = {
  id: 'stddev',
  name: 'Standard deviation',
  short: 'StdDev',
  group: 'pane',
  unit: 'price',
  about: 'How far prices stray from their mean.',
  params: [bars('length', 'Length', 20, [2, 500]), SOURCE],
  outputs: [{ key: 'value', name: 'Deviation', style: 'line', tone: 0 }],
  warmup: (p) => n(p) - 1,
  create(p) {
    const window = new Window(n(p));
    const price = sourceOf(p);
    return {
      next(bar, out) {
        window.push(price(bar));
        out[0] = window.full ? Math.sqrt(window.varianceFrom(window.mean())) : Number.NaN;
      },
    };
  },
};

/** Three times exponentially smoothed price, its change per bar in per cent (J. Hutson, Stocks & Commodities 1:5, 1983). */
export const trix: IndicatorDef = {
  id: 'trix',
  name: 'Triple exponential change',
  short: 'TRIX',
  group: 'pane',
  unit: 'percent',
  about: 'The slope of a three times smoothed price: movements shorter than its length are gone.',
  params: [bars('length', 'Length', 15), SOURCE],
  outputs: [{ key: 'value', name: 'TRIX', style: 'line', tone: 0 }],
  levels: [0],
  warmup: (p) => 3 * (n(p) - 1) + 1,
  create(p) {
    const smooth = new Chained(new Ema(n(p)), new Chained(new Ema(n(p)), new Ema(n(p))));
    const price = sourceOf(p);
    let previous = Number.NaN;
    return {
      next(bar, out) {
        const value = smooth.next(price(bar));
        out[0] = previous === 0 ? Number.NaN : 100 * (value / previous - 1);
        previous = value;
      },
    };
  },
};
