/** How far and how fast the price has come. */
import { Chained, Ema } from './averages.ts';
import { bars, SOURCE, sourceOf } from './params.ts';
import type { IndicatorDef, ParamReader } from './types.ts';
import { Window } from './windows.ts';

const n = (p: ParamReader) => p.number('length');

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
