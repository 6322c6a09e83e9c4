import { describe, expect, it } from 'vitest';
import { allocateBars, type BarColumns, barCount, sliceBars } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { generateDemoMarket } from './demoMarket.ts';
import { checkQuality, type QualityReport, qualityScore } from './quality.ts';

const EURUSD = instrumentFor('EURUSD');
const HOUR_MS = 3_600_000;
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
    const outside = report.issues.find((i) => i.kind === 'outside_session');
    expect(outside).toMatchObject({ severity: 'error' });
    expect(outside?.message).toContain('time zone');
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

  it('says so when nothing is left', () => {
    expect(check(allocateBars(3))).toMatchObject({ score: 0, bars: 3 });
  });
});
