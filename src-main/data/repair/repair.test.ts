import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RepairStep } from '../../../src-shared/contract/repairs.ts';
import { allocateBars, type Bar, type BarColumns, barAt, barCount } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { generateDemoMarket } from '../demoMarket.ts';
import { checkQuality } from '../quality.ts';
import { missingOpens } from './fill.ts';
import type { MarkedHistory } from './places.ts';
import { RepairPlanner } from './plan.ts';

const HOUR_MS = 3_600_000;
const EURUSD = instrumentFor('EURUSD');
const clean = generateDemoMarket(1, { bars: 1500 }).bars;
const PRICES = ['open', 'high', 'low', 'close'] as const;

function pick(bars: BarColumns, rows: readonly number[]): BarColumns {
  const picked = allocateBars(rows.length);
  for (const key of Object.keys(picked) as (keyof BarColumns)[]) {
    picked[key].set(rows.map((i) => bars[key][i]!));
  }
  return picked;
}

/** The clean history without some rows, with spikes on others. */
function damaged(missing: readonly number[] = [], spikes: readonly number[] = []): MarkedHistory {
  const rows = [...clean.timeMs.keys()].filter((i) => !missing.includes(i));
  const bars = pick(clean, rows);
  for (const i of spikes) bars.high[rows.indexOf(i)] = clean.high[i]! + 0.08;
  return { bars, marks: new Uint8Array(rows.length), instrument: EURUSD, timeframe: 'H1' };
}

const plan = (history: MarkedHistory, steps: RepairStep[], answers?: BarColumns) =>
  new RepairPlanner(history).plan(steps, answers);
const timesOf = (changes: readonly { before: Bar | null; after: Bar | null }[]) =>
  changes.map(({ before, after }) => (before ?? after)!.timeMs);

describe('repairs', () => {
  it('REP-2: drops the bars of an issue, and those alone', () => {
    const history = damaged([], [500, 700]);
    const { bars, marks, dropped, changes } = plan(history, [{ action: 'drop', kind: 'bad_tick_spike' }]);
    expect(dropped).toBe(2);
    expect(bars).toEqual(
      pick(
        clean,
        [...clean.timeMs.keys()].filter((i) => i !== 500 && i !== 700),
      ),
    );
    expect(marks).toEqual(new Uint8Array(1498));
    expect(changes.map(({ after }) => after)).toEqual([null, null]);
    const one = plan(history, [{ action: 'drop', kind: 'bad_tick_spike', timeMs: clean.timeMs[700]! }]);
    expect(timesOf(one.changes)).toEqual([clean.timeMs[700]]);
  });

  it('REP-3: clips to the neighbours and one usual range, worked out by hand', () => {
    const bars = allocateBars(50);
    for (let i = 0; i < 50; i++) {
      bars.timeMs[i] = clean.timeMs[i]!;
      [bars.open[i], bars.high[i], bars.low[i], bars.close[i]] = [
        1.1,
        1.101,
        1.099,
        i % 2 === 0 ? 1.1005 : 1.0995,
      ];
    }
    [bars.open[30], bars.high[30], bars.low[30], bars.close[30]] = [1.1, 1.5, 1.0985, 1.4];
    bars.high[31] = 1.1013;
    const history = { bars, marks: new Uint8Array(50), instrument: EURUSD, timeframe: 'H1' } as const;
    const done = plan(history, [{ action: 'clip', kind: 'bad_tick_spike' }]);
    // The neighbours reach from 1.099 to 1.1013; the median range is 0.002.
    expect(done.changes).toEqual([
      {
        step: 0,
        before: barAt(bars, 30),
        after: { timeMs: bars.timeMs[30], open: 1.1, high: 1.1033, low: 1.0985, close: 1.1033, volume: 0 },
      },
    ]);
    expect(done.marks[30]).toBe(MARK.clipped);
    expect(checkQuality(done.bars, EURUSD, 'H1').issues.map((i) => i.kind)).not.toContain('bad_tick_spike');
    const again = plan({ ...history, bars: done.bars, marks: done.marks }, [
      { action: 'clip', kind: 'bar', timeMs: bars.timeMs[30]! },
    ]);
    expect(again.changes).toEqual([]);
    expect(again.notes[0]).toContain('within the range of their neighbours');
  });

  it('REP-4: fills with the close before, without volume, marked', () => {
    const missing = Array.from({ length: 8 }, (_, k) => 300 + k);
    const { bars, marks, filled, changes } = plan(damaged(missing), [
      { action: 'fill', kind: 'missing_block' },
    ]);
    expect(filled).toBe(8);
    expect(bars.timeMs).toEqual(clean.timeMs);
    for (const row of missing) {
      const price = clean.close[299]!;
      expect(barAt(bars, row)).toEqual({
        timeMs: clean.timeMs[row],
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 0,
      });
      expect(marks[row]).toBe(MARK.filled);
    }
    expect(changes.map(({ before }) => before)).toEqual(missing.map(() => null));
  });

  it('REP-4: fills only while the market is open, and leaves long gaps', () => {
    // Bars 119 and 120 are the last of the first week and the first of the second.
    const over = plan(damaged([116, 117, 118, 119, 120, 121, 122]), [
      { action: 'fill', kind: 'missing_block' },
    ]);
    expect(over.bars.timeMs).toEqual(clean.timeMs);
    const long = Array.from({ length: 200 }, (_, k) => 300 + k);
    const left = plan(damaged(long), [{ action: 'fill', kind: 'missing_block' }]);
    expect(left.filled).toBe(0);
    expect(left.notes).toEqual([expect.stringContaining('longer than 120 bars')]);
  });

  it('REP-4: a gap over the close is filled on the grid of the bars on both sides', () => {
    const fx = calendarOf(EURUSD);
    // Friday 2024-03-08 20:30 to Sunday 21:30 UTC: the clocks of New York change in between.
    const gap = { fromMs: Date.UTC(2024, 2, 8, 20, 30), untilMs: Date.UTC(2024, 2, 10, 22, 0) };
    const opens = missingOpens(gap, fx, 'M30').map((ms) => new Date(ms).toISOString().slice(5, 16));
    expect(opens).toEqual(['03-08T20:30', '03-08T21:00', '03-08T21:30', '03-10T21:00', '03-10T21:30']);
    const nse = calendarOf(instrumentFor('TCS.NSE'));
    const night = { fromMs: Date.UTC(2021, 0, 4, 9, 30), untilMs: Date.UTC(2021, 0, 5, 4, 15) };
    expect(missingOpens(night, nse, 'M15').map((ms) => new Date(ms).toISOString().slice(8, 16))).toEqual([
      '04T09:30',
      '04T09:45',
      '05T03:45',
      '05T04:00',
    ]);
    expect(nse.expectedBars(night.fromMs, night.untilMs, 'M15')).toBe(4);
  });

  it('REP-5: replaces bars by what the provider answers, adds missing ones, and says what it lacks', () => {
    const history = damaged([400, 401, 402, 403, 404, 405], [500, 700]);
    const asked = new RepairPlanner(history).asks([
      { action: 'refetch', kind: 'bad_tick_spike' },
      { action: 'refetch', kind: 'missing_block' },
    ]);
    expect(asked).toEqual([
      { fromMs: clean.timeMs[500], toMs: clean.timeMs[500]! + HOUR_MS },
      { fromMs: clean.timeMs[700], toMs: clean.timeMs[700]! + HOUR_MS },
      { fromMs: clean.timeMs[400], toMs: clean.timeMs[406] },
    ]);
    const answers = pick(clean, [399, 400, 401, 402, 403, 404, 405, 406, 499, 500, 501]);
    const done = plan(
      history,
      [
        { action: 'refetch', kind: 'bad_tick_spike' },
        { action: 'refetch', kind: 'missing_block' },
      ],
      answers,
    );
    expect(done.refetched).toBe(7);
    const expected = pick(clean, [...clean.timeMs.keys()]);
    expected.high[700] = clean.high[700]! + 0.08;
    expect(done.bars).toEqual(expected);
    expect([...done.marks.keys()].filter((i) => done.marks[i] !== 0)).toEqual([
      400, 401, 402, 403, 404, 405, 500,
    ]);
    expect(done.marks[500]).toBe(MARK.refetched);
    expect(done.notes).toEqual(['1 bars of bad_tick_spike are not there at the provider and stay.']);
  });

  it('REP-1: offers what fits the issues that are there', () => {
    const choices = new RepairPlanner(damaged([300, 301, 302, 303, 304, 305], [500, 700])).choices();
    expect(choices).toEqual([
      { kind: 'bad_tick_spike', count: 2, actions: ['clip', 'drop', 'refetch'] },
      { kind: 'missing_block', count: 1, actions: ['fill', 'refetch'] },
    ]);
    expect(new RepairPlanner({ ...damaged(), bars: clean }).choices()).toEqual([]);
  });

  it.each([
    [{ action: 'fill', kind: 'bad_tick_spike' }, /bad_tick_spike cannot be repaired by "fill"/],
    [{ action: 'drop', kind: 'wrong_zone' }, /wrong_zone cannot be repaired/],
    [{ action: 'drop', kind: 'stale_run' }, /There is no stale_run in this history/],
    [{ action: 'drop', kind: 'bar' }, /time of the bar is missing/],
    [{ action: 'drop', kind: 'bar', timeMs: 1 }, /No bar opens at 1970-01-01T00:00:00.001Z/],
    [{ action: 'drop', kind: 'bad_tick_spike', timeMs: 0 }, /no bad_tick_spike that starts at 1970/],
  ] satisfies [RepairStep, RegExp][])('REP-1: refuses %j', (step, message) => {
    expect(() => plan(damaged([], [500]), [step])).toThrow(message);
  });

  it('REP-6: touches no other bar, counts its marks, and leaves the input alone', () => {
    const rows = fc.uniqueArray(fc.integer({ min: 30, max: 1400 }), { maxLength: 12 });
    const action = fc.constantFrom<RepairStep['action']>('drop', 'clip');
    fc.assert(
      fc.property(rows, rows, action, fc.boolean(), (missing, spikes, how, fill) => {
        const history = damaged(
          missing,
          spikes.filter((i) => !missing.includes(i)),
        );
        const original = structuredClone({ bars: history.bars, marks: history.marks });
        const planner = new RepairPlanner(history);
        const kinds = new Set(planner.choices().map(({ kind }) => kind));
        const steps: RepairStep[] = [];
        if (kinds.has('bad_tick_spike')) steps.push({ action: how, kind: 'bad_tick_spike' });
        if (fill && kinds.has('missing_scattered')) steps.push({ action: 'fill', kind: 'missing_scattered' });
        if (fill && kinds.has('missing_block')) steps.push({ action: 'fill', kind: 'missing_block' });
        const done = planner.plan(steps);
        expect({ bars: history.bars, marks: history.marks }).toEqual(original);
        expect(done.changes).toHaveLength(done.dropped + done.clipped + done.filled);
        expect(barCount(done.bars)).toBe(barCount(history.bars) - done.dropped + done.filled);
        const marked = done.marks.reduce((sum, mark) => sum + (mark === MARK.none ? 0 : 1), 0);
        expect(marked).toBe(done.clipped + done.filled);
        const changed = new Set(timesOf(done.changes));
        const before = new Map(Array.from(history.bars.timeMs, (t, i) => [t, i]));
        for (let i = 0; i < barCount(done.bars); i++) {
          const timeMs = done.bars.timeMs[i]!;
          if (i > 0) expect(timeMs).toBeGreaterThan(done.bars.timeMs[i - 1]!);
          if (changed.has(timeMs)) continue;
          expect(barAt(done.bars, i)).toEqual(barAt(history.bars, before.get(timeMs)!));
          expect(done.marks[i]).toBe(MARK.none);
        }
        for (let i = 0; i < barCount(done.bars); i++) {
          for (const key of PRICES) {
            expect(done.bars[key][i]).toBeLessThanOrEqual(done.bars.high[i]!);
            expect(done.bars[key][i]).toBeGreaterThanOrEqual(done.bars.low[i]!);
          }
        }
        // The same again gives the same.
        expect(new RepairPlanner(history).plan(steps)).toEqual(done);
      }),
      { numRuns: 25 },
    );
  });

  it('REP-7: a bar that two steps name is the first one’s', () => {
    const history = damaged([], [500]);
    const timeMs = clean.timeMs[500]!;
    const done = plan(history, [
      { action: 'clip', kind: 'bad_tick_spike' },
      { action: 'drop', kind: 'bar', timeMs },
    ]);
    expect(done).toMatchObject({ clipped: 1, dropped: 0 });
  });
});
