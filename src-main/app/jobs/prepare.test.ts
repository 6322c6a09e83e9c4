import { describe, expect, it } from 'vitest';
import { type TrainInput, trainInputSchema } from '../../../src-shared/contract/training.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { generateDemoMarket } from '../../data/demoMarket.ts';
import { endsIn, type Prepared, prepare } from './prepare.ts';

const { bars } = generateDemoMarket(5, { bars: 3000 });
const rows = bars.timeMs.length;
const inputOf = (extra: Partial<TrainInput> = {}): TrainInput =>
  trainInputSchema.parse({ symbol: 'SYNFX', timeframe: 'H1', windowBars: 4, horizonBars: 3, ...extra });
const marked = (...at: number[]) => {
  const marks = new Uint8Array(rows);
  for (const row of at) marks[row] = MARK.filled;
  return marks;
};
const SAMPLED = ['train', 'validation', 'calibration', 'test'] as const;
const samples = ({ ends, targets, split }: Prepared) =>
  SAMPLED.flatMap((part) => [...endsIn(ends, targets, split[part])]);

describe('what a model learns from', () => {
  it('EXC-1: without marks everything is bit for bit as without the question', () => {
    const plain = prepare(bars, inputOf());
    expect(prepare(bars, inputOf(), new Uint8Array(rows))).toEqual(plain);
    expect(plain.samplesLeftOut).toBe(0);
    // Who wants the repaired bars gets the same too.
    expect(prepare(bars, inputOf({ excludeRepaired: false }), marked(900, 901))).toEqual({ ...plain });
  });

  it('EXC-1: leaves out the samples whose window or horizon touches a marked bar, and no others', () => {
    const plain = prepare(bars, inputOf());
    const inside = plain.split.train.from + 200;
    const left = prepare(bars, inputOf(), marked(inside));
    const gone = [...plain.ends].filter((row) => !left.ends.includes(row));
    // The horizon reaches 3 bars ahead, the window 3 back: rows from inside - 3 to inside + 3.
    expect(gone).toEqual([-3, -2, -1, 0, 1, 2, 3].map((k) => inside + k));
    expect(left.samplesLeftOut).toBe(7);
    expect(samples(plain).length - samples(left).length).toBe(7);
    expect(left.split).toEqual(plain.split);
    expect(left.targets).toEqual(plain.targets);
  });

  it('EXC-1: counts only samples of parts that are fitted and judged on', () => {
    const plain = prepare(bars, inputOf());
    const replayed = Math.floor((plain.split.replay.from + plain.split.replay.to) / 2);
    expect(prepare(bars, inputOf(), marked(replayed)).samplesLeftOut).toBe(0);
  });

  it('EXC-1: fits the scaler without marked bars', () => {
    const plain = prepare(bars, inputOf());
    const row = plain.split.train.from + 300;
    const { scaler, matrix } = prepare(bars, inputOf(), marked(row));
    const width = matrix.names.length;
    const { from, to } = plain.split.train;
    matrix.names.forEach((_, f) => {
      let sum = 0;
      for (let r = from; r < to; r++) if (r !== row) sum += matrix.values[r * width + f]!;
      expect(scaler.mean[f]).toBeCloseTo(sum / (to - from - 1), 6);
    });
    expect(scaler.mean).not.toEqual(plain.scaler.mean);
  });

  it('refuses a price that does not move, and says so', () => {
    const still = bars.close.map(() => 1.1);
    const constant = { ...bars, open: still, high: still, low: still, close: still };
    expect(() => prepare(constant, inputOf())).toThrow(
      /Only 0 samples of the train part have a target: elsewhere the price stands still/,
    );
  });

  it('refuses windows that another instrument leaves too few of, before anything is trained', () => {
    // A market that is open for ten hours in twenty: no window of 24 hours is whole.
    const keep = (column: Float64Array) => column.filter((_, i) => i % 20 < 10);
    const seldom = {
      timeMs: keep(bars.timeMs),
      open: keep(bars.open),
      high: keep(bars.high),
      low: keep(bars.low),
      close: keep(bars.close),
      volume: keep(bars.volume),
    };
    const input = inputOf({ symbols: ['EURUSD'], features: ['return_1'], windowBars: 24 });
    expect(() => prepare(bars, input, undefined, new Map([['EURUSD', seldom]]))).toThrow(
      /Only 0 samples of the train part have all features in every bar of their window; 200 are needed/,
    );
  });

  it('EXC-1: refuses when the repairs leave too little', () => {
    const { split } = prepare(bars, inputOf());
    const marks = new Uint8Array(rows);
    for (let row = split.test.from; row < split.test.to; row += 6) marks[row] = MARK.clipped;
    expect(() => prepare(bars, inputOf(), marks)).toThrow(/samples of the test part touch no repaired bar/);
  });
});
