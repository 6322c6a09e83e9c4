import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBars, type BarColumns, barCount, sliceBars } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { MARK } from '../../src-shared/market/marks.ts';
import { generateDemoMarket } from './demoMarket.ts';
import { rangeDistribution } from './quality/ranges.ts';
import { findSpikes } from './quality/spikes.ts';
import type { CheckContext } from './quality/types.ts';
import { checkQuality, type QualityReport, qualityScore } from './quality.ts';

const EURUSD = instrumentFor('EURUSD');
const HOUR_MS = 3_600_000;
const RANK = ['error', 'warning', 'info'];
const clean = generateDemoMarket(1, { bars: 2000 }).bars;

/** A copy that a test may damage. */
function copyOf(bars: BarColumns): BarColumns {
  const copy = allocateBars(barCount(bars));
  for (const key of Object.keys(copy) as (keyof BarColumns)[]) copy[key].set(bars[key]);
  return copy;
}

/** The bars at some indices, in that order. */
function pick(bars: BarColumns, indices: number[]): BarColumns {
  const copy = allocateBars(indices.length);
  for (const key of Object.keys(copy) as (keyof BarColumns)[]) {
    copy[key].set(indices.map((i) => bars[key][i]!));
  }
  return copy;
}

const indices = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k);
const kinds = (report: QualityReport) => report.issues.map((i) => i.kind);
const check = (bars: BarColumns) => checkQuality(bars, EURUSD, 'H1');

/** DATA-10 as it is written: every bar, every neighbour, sorted. */
function spikesByDefinition(bars: BarColumns, ranges: Float64Array): number[] {
  const rows = ranges.length;
  const floor = Math.min(EURUSD.pipSize / 10, 1e-5 * bars.close[0]!);
  const medianOf = (values: number[]) => {
    values.sort((a, b) => a - b);
    const middle = values.length >> 1;
    return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
  };
  const found: number[] = [];
  for (let i = 1; i < rows - 1; i++) {
    const { high, low, close } = bars;
    const around = [...ranges.subarray(Math.max(0, i - 20), i), ...ranges.subarray(i + 1, i + 21)];
    const up = high[i]! - Math.max(high[i - 1]!, high[i + 1]!);
    const down = Math.min(low[i - 1]!, low[i + 1]!) - low[i]!;
    const ratio = Math.max(up, down) / Math.max(floor, medianOf(around));
    const block = Math.floor(i / 64);
    const returns: number[] = [];
    for (let k = Math.max(1, 64 * (block - 1)); k < Math.min(rows, 64 * (block + 2)); k++) {
      returns.push(close[k]! / close[k - 1]! - 1);
    }
    const middle = medianOf(returns);
    const sigma = Math.max(
      1.4826 * medianOf(returns.map((r) => Math.abs(r - middle))),
      floor / close[i - 1]!,
    );
    const rise = high[i]! - Math.max(close[i - 1]!, close[i + 1]!);
    const fall = Math.min(close[i - 1]!, close[i + 1]!) - low[i]!;
    const z = (Math.max(rise, fall) / close[i - 1]! - middle) / sigma;
    if (ratio >= 15 || z >= 100) found.push(i);
  }
  return found;
}

describe('quality', () => {
  it('finds nothing in a complete, sound history', () => {
    expect(check(clean)).toMatchObject({ score: 100, bars: 2000, issues: [], missingBars: 0, missingPct: 0 });
  });

  it('DATA-8: counts bars missing while the market was open, not over the weekend', () => {
    // Bars 119 and 120 are the last of the first week and the first of the second.
    const report = check(pick(clean, [...indices(0, 110), ...indices(122, 300)]));
    expect(report.missingBars).toBe(12);
    expect(report.missingPct).toBeCloseTo((100 * 12) / 300, 10);
    expect(report.issues).toHaveLength(1);
    expect(report.issues[0]).toMatchObject({ kind: 'missing_block', count: 12, timeMs: clean.timeMs[110] });
    expect(report.issues[0]?.untilMs).toBe(clean.timeMs[121]);
  });

  it('DATA-8: gathers short gaps in one line', () => {
    const report = check(
      pick(
        clean,
        indices(0, 300).filter((i) => i % 50 !== 7),
      ),
    );
    expect(report.issues).toEqual([
      expect.objectContaining({ kind: 'missing_scattered', severity: 'info', count: 6 }),
    ]);
    expect(report.score).toBeCloseTo(100 - 4 * 2, 5);
  });

  it('DATA-8: a row that is told as no bar is not told as a missing bar too', () => {
    const bars = copyOf(pick(clean, indices(0, 300)));
    bars.close[60] = Number.NaN;
    for (const i of [70, 71, 72, 73, 74, 75]) bars.low[i] = 0;
    const report = check(bars);
    expect(kinds(report).sort()).toEqual(['nan_cell', ...new Array(6).fill('zero_price_row')]);
    // They are no bars all the same: the figures and the score count them as missing.
    expect(report.missingBars).toBe(7);
    // Rows that a reader took out beforehand, of which it tells itself.
    const without = pick(clean, [...indices(0, 60), ...indices(61, 200), ...indices(208, 300)]);
    const toldMs = [clean.timeMs[60]!, clean.timeMs[200]!];
    const told = checkQuality(without, EURUSD, 'H1', { toldMs });
    expect(told.missingBars).toBe(9);
    expect(told.issues).toHaveLength(1);
    expect(told.issues[0]).toMatchObject({ kind: 'missing_block', count: 7, timeMs: clean.timeMs[201] });
  });

  it("DATA-8: tells a broker's hours around Christmas and New Year from missing blocks", () => {
    // 2018-12-24 is a Monday: FX closes at 22:00 UTC and opens a day later.
    const hours = (from: string, to: string) =>
      Array.from(
        { length: (Date.parse(to) - Date.parse(from)) / HOUR_MS },
        (_, k) => Date.parse(from) + k * HOUR_MS,
      );
    const history = (timeMs: number[]) => {
      const bars = copyOf(pick(clean, indices(0, timeMs.length)));
      bars.timeMs.set(timeMs);
      return check(bars).issues.filter((i) => i.kind.startsWith('missing'));
    };
    const before = hours('2018-12-23T22:00Z', '2018-12-24T19:00Z');
    expect(history([...before, ...hours('2018-12-26T03:00Z', '2018-12-28T22:00Z')])).toEqual([
      expect.objectContaining({ kind: 'missing_holiday', severity: 'info', count: 3 + 5 }),
    ]);
    // More than twelve hours on one side are no holiday hours, nor is a gap that does not reach the holiday.
    expect(history([...before, ...hours('2018-12-26T11:00Z', '2018-12-28T22:00Z')])).toEqual([
      expect.objectContaining({ kind: 'missing_block', count: 3 + 13 }),
    ]);
    const late = hours('2018-12-24T20:00Z', '2018-12-24T22:00Z');
    const rest = hours('2018-12-25T22:00Z', '2018-12-28T22:00Z');
    expect(history([...hours('2018-12-23T22:00Z', '2018-12-24T10:00Z'), ...late, ...rest])).toEqual([
      expect.objectContaining({ kind: 'missing_block', count: 10 }),
    ]);
  });

  it('DATA-9: names every row that is no bar, with its time', () => {
    const bars = copyOf(pick(clean, [...indices(0, 20), 19, 10, ...indices(20, 100)]));
    bars.close[21] = bars.high[21]!; // the copy of bar 10 now differs from it
    bars.close[40] = Number.NaN;
    bars.low[41] = 0;
    [bars.high[42], bars.low[42]] = [bars.low[42]!, bars.high[42]!];
    bars.open[43] = bars.high[43]! * 1.001;
    const report = check(bars);
    expect(
      kinds(report)
        .filter((k) => !k.startsWith('missing'))
        .sort(),
    ).toEqual([
      'duplicate_conflict',
      'duplicate_exact',
      'high_below_low',
      'nan_cell',
      'outside_range',
      'zero_price_row',
    ]);
    expect(report.issues.find((i) => i.kind === 'nan_cell')?.timeMs).toBe(bars.timeMs[40]);
    expect(report.score).toBeLessThan(20);
  });

  it('DATA-9: tells a row out of order from a duplicate', () => {
    const report = check(pick(clean, [...indices(0, 20), ...indices(21, 30), 20, ...indices(30, 60)]));
    expect(report.issues[0]).toMatchObject({ kind: 'out_of_order', timeMs: clean.timeMs[20] });
  });

  it('DATA-10: finds a bad tick and leaves a move that stays', () => {
    const tick = copyOf(clean);
    tick.high[500] = tick.high[500]! + 0.08;
    expect(check(tick).issues).toEqual([
      expect.objectContaining({ kind: 'bad_tick_spike', severity: 'warning', timeMs: clean.timeMs[500] }),
    ]);
    const move = copyOf(clean);
    for (let i = 500; i < 2000; i++) {
      for (const key of ['open', 'high', 'low', 'close'] as const) move[key][i] = move[key][i]! + 0.08;
    }
    move.low[500] = clean.low[500]!;
    move.open[500] = clean.open[500]!;
    expect(kinds(check(move))).not.toContain('bad_tick_spike');
  });

  it('DATA-10: points to a price that jumps like a split', () => {
    const split = copyOf(clean);
    for (let i = 700; i < 2000; i++) {
      for (const key of ['open', 'high', 'low', 'close'] as const) split[key][i] = split[key][i]! / 2;
    }
    expect(check(split).issues).toEqual([
      expect.objectContaining({ kind: 'price_jump', timeMs: clean.timeMs[700] }),
    ]);
  });

  it('DATA-10: finds stretches in which the price stands still', () => {
    const stale = copyOf(clean);
    for (let i = 300; i < 310; i++) {
      for (const key of ['open', 'high', 'low', 'close'] as const) stale[key][i] = stale.close[299]!;
    }
    expect(check(stale).issues).toEqual([
      expect.objectContaining({
        kind: 'stale_run',
        count: 10,
        timeMs: clean.timeMs[300],
        untilMs: clean.timeMs[309],
      }),
    ]);
  });

  it('DATA-10: finds a wrong price that stays for two or three bars by its z-score', () => {
    for (const count of [2, 3]) {
      const plateau = copyOf(clean);
      for (let i = 500; i < 500 + count; i++) {
        for (const key of ['open', 'high', 'low', 'close'] as const) plateau[key][i] = plateau[key][i]! + 0.2;
      }
      const spikes = check(plateau).issues.filter((i) => i.kind === 'bad_tick_spike');
      expect(spikes).toEqual([expect.objectContaining({ timeMs: clean.timeMs[500], count })]);
      expect(spikes[0]!.message).toContain('z-score');
    }
  });

  it('DATA-10: says whether the neighbours or the z-score found a spike', () => {
    const both = copyOf(clean);
    both.high[500] = both.high[500]! + 0.3;
    expect(check(both).issues[0]?.message).toContain('found by neighbours and z-score');
    // The next bar opens at the wrong price and reaches as far, so the neighbours do not help.
    const open = copyOf(clean);
    open.high[500] = open.close[500] = clean.high[500]! + 0.3;
    open.high[501] = open.open[501] = open.close[500]!;
    expect(check(open).issues[0]).toMatchObject({
      kind: 'bad_tick_spike',
      timeMs: clean.timeMs[500],
      message: expect.stringContaining('found by z-score'),
    });
  });

  it('DATA-10: finds a spike in a coin that costs less than a pip', () => {
    const scale = 1e-5 / clean.close[0]!;
    const coin = copyOf(clean);
    for (const key of ['open', 'high', 'low', 'close'] as const) {
      for (let i = 0; i < 2000; i++) coin[key][i] = clean[key][i]! * scale;
    }
    const shib = instrumentFor('SHIBUSDT');
    const spikes = () =>
      checkQuality(coin, shib, 'H1')
        .issues.filter((i) => /spike|wick/.test(i.kind))
        .map((i) => i.timeMs);
    expect(spikes()).toEqual([]);
    coin.high[500] = coin.high[500]! * 1.1;
    expect(spikes()).toEqual([clean.timeMs[500]]);
  });

  it('DATA-10: the quick look at blocks leaves out no spike', () => {
    const far = (rows: number, at: number[]) => {
      const bars = copyOf(sliceBars(clean, 0, rows));
      for (const [n, i] of at.entries()) bars.high[i] = bars.high[i]! + 0.01 * (n + 1);
      return bars;
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 2000 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 198 }), { minLength: 1, maxLength: 8 }),
        (rows, at) => {
          const bars = far(rows, at);
          const context = { bars, instrument: EURUSD } as CheckContext;
          const { ranges } = rangeDistribution(context);
          const found = findSpikes(context, ranges).map((s) => s.row);
          expect(found).toEqual(spikesByDefinition(bars, ranges));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('DATA-11: finds ranges that no market has', () => {
    const wide = copyOf(clean);
    for (let i = 0; i < 2000; i++) {
      wide.high[i] = wide.high[i]! * 1.03;
      wide.low[i] = wide.low[i]! * 0.97;
    }
    expect(kinds(check(wide))).toEqual(['unrealistic_range']);
    const scattered = copyOf(clean);
    for (let i = 0; i < 2000; i += 150) scattered.high[i] = scattered.high[i]! + 0.06;
    expect(kinds(check(scattered))).toContain('unrealistic_range');
  });

  it('DATA-8: suspects the time zone when bars lie in closed hours', () => {
    const shifted = copyOf(clean);
    for (let i = 0; i < 2000; i++) shifted.timeMs[i] = shifted.timeMs[i]! + 3 * HOUR_MS;
    const report = check(shifted);
    const outside = report.issues.find((i) => i.kind === 'weekend_bar');
    expect(outside).toMatchObject({ severity: 'error' });
    expect(outside?.message).toContain('time zone');
    expect(kinds(report)).toContain('wrong_zone');
  });

  it('states the range in pips: mean and interpolated 99th percentile', () => {
    const bars = copyOf(sliceBars(clean, 0, 101));
    for (let i = 0; i <= 100; i++) {
      bars.low[i] = 1;
      bars.open[i] = bars.close[i] = 1;
      bars.high[i] = 1 + (i + 1) / 10_000;
    }
    const report = check(bars);
    expect(report.meanRangePips).toBeCloseTo(51, 6);
    expect(report.p99RangePips).toBeCloseTo(100, 6);
  });

  it('DATA-12: the score falls by the stated points', () => {
    const at = (severity: 'error' | 'warning' | 'info', count: number) => ({
      kind: 'x',
      severity,
      timeMs: 0,
      count,
      message: '',
    });
    expect(qualityScore(1000, 0, [])).toBe(100);
    expect(qualityScore(1000, 2.5, [])).toBe(90);
    expect(qualityScore(1000, 50, [])).toBe(60);
    expect(qualityScore(1000, 0, [at('error', 10)])).toBe(70);
    expect(qualityScore(1000, 0, [at('error', 5)])).toBe(77.5);
    expect(qualityScore(1000, 0, [at('warning', 1000)])).toBe(90);
    expect(qualityScore(1000, 0, [at('info', 1000)])).toBe(100);
  });

  it('QUAL-1: counts filled bars as missing and does not call them stale', () => {
    const bars = copyOf(clean);
    const marks = new Uint8Array(2000);
    for (let i = 300; i < 320; i++) {
      for (const key of ['open', 'high', 'low', 'close'] as const) bars[key][i] = bars.close[299]!;
      bars.volume[i] = 0;
      marks[i] = MARK.filled;
    }
    marks[700] = MARK.clipped;
    const report = checkQuality(bars, EURUSD, 'H1', { marks });
    expect(report).toMatchObject({ missingBars: 20, missingPct: 1, score: 96 });
    expect(report.issues.map((i) => [i.kind, i.count, i.timeMs])).toEqual([
      ['filled_bars', 20, clean.timeMs[300]],
      ['repaired_bars', 1, clean.timeMs[700]],
    ]);
  });

  it('QUAL-2: lists 2,000 issues of a ruined history, of every kind some, and counts the others', () => {
    const bars = copyOf(generateDemoMarket(1, { bars: 6000 }).bars);
    bars.low.fill(0, 0, 4000);
    bars.close.fill(Number.NaN, 4000, 5000);
    bars.high[5500] = bars.high[5500]! + 0.3;
    const report = check(bars);
    expect(report.issues).toHaveLength(2000);
    const listed = (kind: string) => report.issues.filter((i) => i.kind === kind).length;
    expect(listed('bad_tick_spike')).toBe(1);
    expect(listed('nan_cell')).toBeGreaterThanOrEqual(400);
    expect(listed('zero_price_row')).toBeGreaterThanOrEqual(400);
    expect(report.issuesLeftOut).toBe(5001 - listed('nan_cell') - listed('zero_price_row') - 1);
    expect(report.issues.map((i) => i.severity)).toEqual(
      report.issues.map((i) => i.severity).toSorted((a, b) => RANK.indexOf(a) - RANK.indexOf(b)),
    );
  });

  it('QUAL-3: says the line of every row that is wrong', () => {
    const bars = copyOf(clean);
    bars.close[40] = Number.NaN;
    bars.high[500] = bars.high[500]! + 0.08;
    const lines = checkQuality(bars, EURUSD, 'H1', { lineOf: (row) => row + 2 }).issues.map((i) => i.line);
    expect(lines).toEqual([42, 502]);
  });

  it('draws every bar into the histogram of ranges, with exact order statistics', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 300 }),
        (pointsRange) => {
          const bars = allocateBars(pointsRange.length);
          pointsRange.forEach((points, i) => {
            bars.low[i] = bars.open[i] = bars.close[i] = 1;
            bars.high[i] = 1 + points / 100_000;
          });
          const d = rangeDistribution({ bars, instrument: EURUSD });
          const pips = [...d.ranges].sort((a, b) => a - b).map((r) => r / EURUSD.pipSize);
          const at = (q: number) => {
            const place = (pips.length - 1) * q;
            const low = pips[Math.floor(place)]!;
            return low + (place - Math.floor(place)) * (pips[Math.ceil(place)]! - low);
          };
          expect(d.median).toBeCloseTo(at(0.5), 9);
          expect(d.p99).toBeCloseTo(at(0.99), 9);
          expect(d.wide).toBe(pips.filter((p) => p > d.threshold).length);
          // A range on an edge is there to the precision of quotes.
          const counted = d.edges.map((edge, k) => {
            const next = d.edges[k + 1] ?? Infinity;
            return pips.filter((p) => p >= edge * (1 - 1e-7) && p < next * (1 - 1e-7)).length;
          });
          expect(d.counts).toEqual(counted);
          expect(d.counts.length).toBeLessThanOrEqual(31);
        },
      ),
    );
  });

  it('says so when nothing is left', () => {
    expect(check(allocateBars(3))).toMatchObject({ score: 0, bars: 3 });
  });
});
