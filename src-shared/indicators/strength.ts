/** Strength of trends and size of movements. */
import { Atr, TrueRange, Wilder } from './averages.ts';
import { bars, SOURCE, sourceOf } from './params.ts';
import type { IndicatorDef, ParamReader } from './types.ts';
import { Extreme, Window } from './windows.ts';

const n = (p: ParamReader) => p.number('length');

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
