/** Indicators of volume. Where a source reports no volume they are unknown, never 0. */
import type { Bar } from '../market/bars.ts';
import { Sma } from './averages.ts';
import { bars, typical } from './params.ts';
import type { IndicatorDef, IndicatorStream, ParamReader } from './types.ts';
import { Window } from './windows.ts';

const n = (p: ParamReader) => p.number('length');

class MoneyFlow implements IndicatorStream {
  readonly #gained: Window;
  readonly #lost: Window;
  readonly #volume: Window;
  #previous = Number.NaN;

  constructor(length: number) {
    this.#gained = new Window(length);
    this.#lost = new Window(length);
    this.#volume = new Window(length);
  }

  next(bar: Bar, out: Float64Array): void {
    const price = typical(bar);
    const change = price - this.#previous;
    this.#previous = price;
    out[0] = Number.NaN;
    if (Number.isNaN(change)) return;
    this.#gained.push(change > 0 ? price * bar.volume : 0);
    this.#lost.push(change < 0 ? price * bar.volume : 0);
    this.#volume.push(bar.volume);
    if (!this.#gained.full || this.#volume.sum() === 0) return;
    const gained = this.#gained.sum();
    const both = gained + this.#lost.sum();
    out[0] = both === 0 ? 50 : (100 * gained) / both;
  }
}

/**
 * 100 x positive money flow / all money flow of n bars; the flow of a bar is (H + L + C) / 3 times volume, positive
 * where that price rose (G. Quong, A. Soudack, Stocks & Commodities 7:3, 1989). 50 where the price stood still.
 */
export const mfi: IndicatorDef = {
  id: 'mfi',
  name: 'Money flow index',
  short: 'MFI',
  group: 'pane',
  unit: 'number',
  about: 'The RSI idea weighed with volume. Needs volume.',
  params: [bars('length', 'Length', 14)],
  outputs: [{ key: 'value', name: 'MFI', style: 'line', tone: 0 }],
  levels: [20, 80],
  scale: [0, 100],
  warmup: n,
  create: (p) => new MoneyFlow(n(p)),
};

/**
 * Volume added on rising and taken off on falling closes, from 0 at the first bar (J. Granville, "New Key to Stock
 * Market Profits", 1963). Its height depends on where the bars begin; only its course means something.
 */
export const obv: IndicatorDef = {
  id: 'obv',
  name: 'On-balance volume',
  short: 'OBV',
  group: 'pane',
  unit: 'volume',
  about: 'Volume of rising bars less volume of falling ones, from the first loaded bar on.',
  params: [],
  outputs: [{ key: 'value', name: 'OBV', style: 'line', tone: 0 }],
  warmup: () => 0,
  create() {
    let total = 0;
    let previous = Number.NaN;
    return {
      next(bar, out) {
        if (bar.close > previous) total += bar.volume;
        else if (bar.close < previous) total -= bar.volume;
        previous = bar.close;
        out[0] = total;
      },
    };
  },
};

/** Sum of ((C - L) - (H - C)) / (H - L) times volume over the sum of volume, n bars (M. Chaikin); a bar without range counts 0. */
export const cmf: IndicatorDef = {
  id: 'cmf',
  name: 'Chaikin money flow',
  short: 'CMF',
  group: 'pane',
  unit: 'number',
  about: 'Whether bars close near their highs when much is traded. Needs volume.',
  params: [bars('length', 'Length', 20)],
  outputs: [{ key: 'value', name: 'CMF', style: 'line', tone: 0 }],
  levels: [0],
  warmup: (p) => n(p) - 1,
  create(p) {
    const flow = new Window(n(p));
    const volume = new Window(n(p));
    return {
      next(bar, out) {
        const { high, low, close } = bar;
        flow.push(high === low ? 0 : ((close - low - (high - close)) / (high - low)) * bar.volume);
        volume.push(bar.volume);
        const all = volume.full ? volume.sum() : 0;
        out[0] = all === 0 ? Number.NaN : flow.sum() / all;
      },
    };
  },
};

/** Volume per bar and its simple average. */
export const volumeAverage: IndicatorDef = {
  id: 'volume',
  name: 'Volume and average',
  short: 'Vol',
  group: 'pane',
  unit: 'volume',
  about: 'Volume of each bar against its average.',
  params: [bars('length', 'Average length', 20)],
  outputs: [
    { key: 'volume', name: 'Volume', style: 'bars', tone: 'bar' },
    { key: 'average', name: 'Average', style: 'line', tone: 1 },
  ],
  warmup: (p) => n(p) - 1,
  create(p) {
    const average = new Sma(n(p));
    return {
      next(bar, out) {
        out[0] = bar.volume;
        out[1] = average.next(bar.volume);
      },
    };
  },
};
