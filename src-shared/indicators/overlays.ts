/** Indicators over the candles: averages and channels. Price units throughout. */
import { Atr, Dema, Ema, Hull, Sma, type Smoother, Wma } from './averages.ts';
import { bars, factor, SOURCE, sourceOf } from './params.ts';
import type { IndicatorDef, ParamReader } from './types.ts';
import { Extreme, Window } from './windows.ts';

const LENGTH = 'length';

/** An indicator of one line: a smoother fed with a price of the bar. */
function average(
  about: Pick<IndicatorDef, 'id' | 'name' | 'short' | 'about' | 'warmup'>,
  byDefault: number,
  tone: number,
  make: (length: number) => Smoother,
  least = 1,
): IndicatorDef {
  return {
    ...about,
    group: 'overlay',
    unit: 'price',
    params: [bars(LENGTH, 'Length', byDefault, [least, 500]), SOURCE],
    outputs: [{ key: 'value', name: about.short, style: 'line', tone }],
    create(p) {
      const smoother = make(p.number(LENGTH));
      const price = sourceOf(p);
      return {
        next(bar, out) {
          out[0] = smoother.next(price(bar));
        },
      };
    },
  };
}

const n = (p: ParamReader) => p.number(LENGTH);

/** Mean of the last n prices. */
export const sma = average(
  {
    id: 'sma',
    name: 'Simple moving average',
    short: 'SMA',
    about: 'The mean of the last prices.',
    warmup: (p) => n(p) - 1,
  },
  50,
  0,
  (length) => new Sma(length),
);

/** EMA(t) = EMA(t-1) + 2 / (n + 1) (x - EMA(t-1)), begun with the simple average of the first n. */
export const ema = average(
  {
    id: 'ema',
    name: 'Exponential moving average',
    short: 'EMA',
    about: 'An average that weighs the newest prices most and forgets slowly.',
    warmup: (p) => n(p) - 1,
  },
  20,
  1,
  (length) => new Ema(length),
);

/** Weights 1 to n, the newest heaviest. */
export const wma = average(
  {
    id: 'wma',
    name: 'Weighted moving average',
    short: 'WMA',
    about: 'An average whose weights fall in a straight line into the past.',
    warmup: (p) => n(p) - 1,
  },
  20,
  2,
  (length) => new Wma(length),
);

/** 2 EMA - EMA of the EMA: P. Mulloy, "Smoothing data with faster moving averages", Stocks & Commodities 12:1 (1994). */
export const dema = average(
  {
    id: 'dema',
    name: 'Double exponential moving average',
    short: 'DEMA',
    about: 'An exponential average with most of its delay taken out.',
    warmup: (p) => 2 * (n(p) - 1),
  },
  20,
  3,
  (length) => new Dema(length),
);

/** WMA(floor(sqrt n)) of 2 WMA(floor(n / 2)) - WMA(n): A. Hull, "How to reduce lag in a moving average" (2005). */
export const hma = average(
  {
    id: 'hma',
    name: 'Hull moving average',
    short: 'HMA',
    about: 'A smooth average that follows turns within a few bars.',
    warmup: (p) => n(p) - 1 + Math.floor(Math.sqrt(n(p))) - 1,
  },
  20,
  4,
  (length) => new Hull(length),
  2,
);

/** Upper, middle and lower line with a faint area between them. */
function channel(tone: number): Pick<IndicatorDef, 'group' | 'unit' | 'outputs' | 'fills'> {
  return {
    group: 'overlay',
    unit: 'price',
    outputs: [
      { key: 'upper', name: 'Upper', style: 'line', tone },
      { key: 'middle', name: 'Middle', style: 'line', tone, dashed: true },
      { key: 'lower', name: 'Lower', style: 'line', tone },
    ],
    fills: [{ upper: 'upper', lower: 'lower', tone }],
  };
}

/** SMA(n) +- k population standard deviations of the same n prices (J. Bollinger, "Bollinger on Bollinger Bands", 2001). */
export const bollinger: IndicatorDef = {
  ...channel(0),
  id: 'bollinger',
  name: 'Bollinger bands',
  short: 'BB',
  about: 'How far the price usually strays from its average.',
  params: [bars(LENGTH, 'Length', 20, [2, 500]), factor('deviations', 'Standard deviations', 2), SOURCE],
  warmup: (p) => n(p) - 1,
  create(p) {
    const window = new Window(n(p));
    const k = p.number('deviations');
    const price = sourceOf(p);
    return {
      next(bar, out) {
        window.push(price(bar));
        const middle = window.full ? window.mean() : Number.NaN;
        const reach = window.full ? k * Math.sqrt(window.varianceFrom(middle)) : Number.NaN;
        out[0] = middle + reach;
        out[1] = middle;
        out[2] = middle - reach;
      },
    };
  },
};

/** EMA(n) of the price +- k ATR(m), Wilder's ATR (L. Raschke's form of C. Keltner's channel, as StockCharts draws it). */
export const keltner: IndicatorDef = {
  ...channel(3),
  id: 'keltner',
  name: 'Keltner channels',
  short: 'KC',
  about: 'An average with bands at a multiple of the true range.',
  params: [
    bars(LENGTH, 'Length', 20),
    bars('atr', 'ATR length', 10),
    factor('multiple', 'ATR multiple', 2),
    SOURCE,
  ],
  warmup: (p) => Math.max(n(p), p.number('atr')) - 1,
  create(p) {
    const average = new Ema(n(p));
    const atr = new Atr(p.number('atr'));
    const k = p.number('multiple');
    const price = sourceOf(p);
    return {
      next(bar, out) {
        const middle = average.next(price(bar));
        const reach = k * atr.next(bar);
        out[0] = middle + reach;
        out[1] = middle;
        out[2] = middle - reach;
      },
    };
  },
};

/** Highest high and lowest low of the last n bars, this one included, and their middle (R. Donchian). */
export const donchian: IndicatorDef = {
  ...channel(2),
  id: 'donchian',
  name: 'Donchian channels',
  short: 'DC',
  about: 'The highest high and lowest low of the last bars.',
  params: [bars(LENGTH, 'Length', 20)],
  warmup: (p) => n(p) - 1,
  create(p) {
    const highest = new Extreme(n(p), 1);
    const lowest = new Extreme(n(p), -1);
    return {
      next(bar, out) {
        const upper = highest.next(bar.high);
        const lower = lowest.next(bar.low);
        out[0] = upper;
        out[1] = (upper + lower) / 2;
        out[2] = lower;
      },
    };
  },
};

/** Middle of the range of the last bars. */
class MidRange {
  readonly #highest: Extreme;
  readonly #lowest: Extreme;

  constructor(length: number) {
    this.#highest = new Extreme(length, 1);
    this.#lowest = new Extreme(length, -1);
  }

  next(bar: { readonly high: number; readonly low: number }): number {
    return (this.#highest.next(bar.high) + this.#lowest.next(bar.low)) / 2;
  }
}

const ahead = (p: ParamReader) => p.number('displacement') - 1;

/**
 * G. Hosoda's Ichimoku Kinko Hyo (1969): conversion and base line are the middles of the ranges of 9 and 26 bars,
 * span A their mean, span B the middle of 52 bars; the spans are drawn 25 bars ahead and the close 25 bars back,
 * since the present bar counts as the first of 26. What is drawn at a bar's column is thereby not what was known there:
 * values are those of the bar whose close made them known, `shift` says where they are drawn.
 */
export const ichimoku: IndicatorDef = {
  id: 'ichimoku',
  name: 'Ichimoku cloud',
  short: 'Ichimoku',
  group: 'overlay',
  unit: 'price',
  about: 'Trend, support and momentum from the middles of three ranges.',
  params: [
    bars('conversion', 'Conversion', 9),
    bars('base', 'Base', 26),
    bars('span', 'Span B', 52),
    bars('displacement', 'Displacement', 26, [1, 200]),
  ],
  outputs: [
    { key: 'conversion', name: 'Conversion', style: 'line', tone: 2 },
    { key: 'base', name: 'Base', style: 'line', tone: 4 },
    { key: 'spanA', name: 'Span A', style: 'line', tone: 'up', shift: ahead },
    { key: 'spanB', name: 'Span B', style: 'line', tone: 'down', shift: ahead },
    { key: 'lagging', name: 'Lagging', style: 'line', tone: 3, dashed: true, shift: (p) => -ahead(p) },
  ],
  fills: [{ upper: 'spanA', lower: 'spanB', tone: 'signed' }],
  warmup: (p) => Math.max(p.number('conversion'), p.number('base'), p.number('span')) - 1,
  create(p) {
    const conversion = new MidRange(p.number('conversion'));
    const base = new MidRange(p.number('base'));
    const span = new MidRange(p.number('span'));
    return {
      next(bar, out) {
        const fast = conversion.next(bar);
        const slow = base.next(bar);
        out[0] = fast;
        out[1] = slow;
        out[2] = (fast + slow) / 2;
        out[3] = span.next(bar);
        out[4] = bar.close;
      },
    };
  },
};
