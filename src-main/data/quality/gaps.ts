import { lowerBound } from '../../../src-shared/market/bars.ts';
import { fxHolidays, type MarketCalendar, type Session } from '../../../src-shared/market/calendars.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { isoTime } from '../import/times.ts';
import type { CheckContext } from './types.ts';

/** Gaps of at least this many bars are listed one by one, shorter ones together. */
const BLOCK_BARS = 5;

/**
 * Counts bars that a complete history has in stretches that follow each other, as `expectedBars` of the calendar
 * does, but asks the calendar only once for the sessions of the whole history.
 */
class ExpectedBars {
  readonly #calendar: MarketCalendar;
  readonly #timeframe: Timeframe;
  readonly #stepMs: number;
  readonly #sessions: readonly Session[];
  #at = 0;

  constructor(calendar: MarketCalendar, timeframe: Timeframe, fromMs: number, untilMs: number) {
    this.#calendar = calendar;
    this.#timeframe = timeframe;
    this.#stepMs = timeframeMs(timeframe);
    this.#sessions = calendar.sessions(fromMs, untilMs + this.#stepMs);
  }

  /** Bars in [fromMs, untilMs); calls must come in order of time. */
  between(fromMs: number, untilMs: number): number {
    const sessions = this.#sessions;
    while (this.#at < sessions.length && sessions[this.#at]!.closeMs <= fromMs) this.#at++;
    const session = sessions[this.#at];
    if (session && session.openMs <= fromMs && untilMs <= session.closeMs) {
      const inside = this.#inside(session, fromMs, untilMs);
      if (inside !== undefined) return inside;
    }
    return this.#calendar.expectedBars(fromMs, untilMs, this.#timeframe);
  }

  /** The count inside one session, where the kind of calendar counts in a way that is known here. */
  #inside(session: Session, fromMs: number, untilMs: number): number | undefined {
    const { name } = this.#calendar;
    if (name === 'fx' || name === 'always') return Math.round((untilMs - fromMs) / this.#stepMs);
    if ((name !== 'nyse' && name !== 'nse') || this.#timeframe === 'D1') return undefined;
    const first = Math.ceil((fromMs - session.openMs) / this.#stepMs);
    return Math.max(0, Math.ceil((untilMs - session.openMs) / this.#stepMs) - first);
  }
}

/** A gap in which the market was open. */
export interface Gap {
  /** The bar after it. */
  readonly row: number;
  /** Where the next bar was to open, and where it does. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Bars that the calendar expects in it. */
  readonly count: number;
}

/** Brokers close early before a holiday of the FX week and open late after it, by at most so much. */
const HOLIDAY_SHIFT_MS = 12 * 3_600_000;

export type GapKind = 'missing_block' | 'missing_holiday' | 'missing_scattered';

/**
 * How a gap is reported: one by one from `BLOCK_BARS` bars on, else together. What is missing on both sides of
 * Christmas or New Year is a broker's holiday hours (CAL-3) and no block.
 */
export function gapKind(calendar: MarketCalendar, { fromMs, untilMs, count }: Gap): GapKind {
  if (count < BLOCK_BARS) return 'missing_scattered';
  if (calendar.name !== 'fx') return 'missing_block';
  const isHoliday = fxHolidays(fromMs, untilMs).some(
    ([closedMs, openMs]) =>
      fromMs <= closedMs &&
      untilMs >= openMs &&
      calendar.openMsBetween(fromMs, closedMs) <= HOLIDAY_SHIFT_MS &&
      calendar.openMsBetween(openMs, untilMs) <= HOLIDAY_SHIFT_MS,
  );
  return isHoliday ? 'missing_holiday' : 'missing_block';
}

/** What is searched for gaps; only the times of the bars matter. */
type Searched = Pick<CheckContext, 'calendar' | 'timeframe'> & {
  readonly bars: { readonly timeMs: Float64Array };
};

/** Every gap in which the calendar expects bars, in order of time. */
export function findGaps({ bars, calendar, timeframe }: Searched): Gap[] {
  const { timeMs } = bars;
  const rows = timeMs.length;
  const stepMs = timeframeMs(timeframe);
  const nearMs = 1.5 * stepMs;
  const expected = new ExpectedBars(calendar, timeframe, timeMs[0]!, timeMs[rows - 1]!);
  const gaps: Gap[] = [];
  for (let row = 1; row < rows; row++) {
    const untilMs = timeMs[row]!;
    const beforeMs = timeMs[row - 1]!;
    if (untilMs - beforeMs < nearMs) continue;
    const fromMs = beforeMs + stepMs;
    const count = expected.between(fromMs, untilMs);
    if (count > 0) gaps.push({ row, fromMs, untilMs, count });
  }
  return gaps;
}

/**
 * The times of bars and of rows that are none but were reported each: what is wrong with such a row is said there,
 * and it is not missing as well.
 */
function timesTold(timeMs: Float64Array, toldMs: readonly number[]): Float64Array {
  const [first, last] = [timeMs[0]!, timeMs.at(-1)!];
  const more = [...new Set(toldMs)].filter((t) => {
    const at = lowerBound(timeMs, t);
    return t > first && t < last && timeMs[at] !== t;
  });
  return more.length === 0 ? timeMs : Float64Array.from([...timeMs, ...more]).sort();
}

const countOf = (gaps: readonly Gap[]): number => gaps.reduce((sum, gap) => sum + gap.count, 0);

/** Reports bars that are missing while the market was open. @returns how many, rows that are no bars among them */
export function checkGaps(context: CheckContext): number {
  const { bars, calendar, timeframe, findings, toldMs } = context;
  const stepMs = timeframeMs(timeframe);
  const missing = findGaps(context);
  const times = timesTold(bars.timeMs, toldMs);
  const gaps = times === bars.timeMs ? missing : findGaps({ bars: { timeMs: times }, calendar, timeframe });
  const byKind = Map.groupBy(gaps, (gap) => gapKind(calendar, gap));
  for (const { fromMs, untilMs, count } of byKind.get('missing_block') ?? []) {
    const lastMs = untilMs - stepMs;
    findings.add(
      { kind: 'missing_block', severity: 'warning', timeMs: fromMs, untilMs: lastMs, count },
      () =>
        `${count} bars are missing from ${isoTime(fromMs)} to ${isoTime(lastMs)} while the market was open.`,
      count,
    );
  }
  const together = (kind: GapKind, where: string): void => {
    const of = byKind.get(kind) ?? [];
    if (of.length === 0) return;
    const count = countOf(of);
    const span = { timeMs: of[0]!.fromMs, untilMs: of.at(-1)!.untilMs - stepMs };
    findings.add({ kind, severity: 'info', ...span, count }, () => `${count} bars are missing ${where}.`);
  };
  together('missing_scattered', `in gaps shorter than ${BLOCK_BARS} bars`);
  together(
    'missing_holiday',
    'right before and after Christmas and New Year, when brokers keep hours of their own',
  );
  return countOf(missing);
}

/** What repairs left behind. @returns bars that are filled in and so still unknown */
export function checkMarks({ bars, marks, findings }: CheckContext): number {
  if (!marks) return 0;
  const counts = new Array<number>(256).fill(0);
  for (const mark of marks) counts[mark]!++;
  const filled = counts[MARK.filled]!;
  const changed = marks.length - counts[MARK.none]! - filled;
  const add = (kind: string, count: number, ofKind: (mark: number) => boolean, message: string) => {
    if (count === 0) return;
    const first = bars.timeMs[marks.findIndex(ofKind)]!;
    const last = bars.timeMs[marks.findLastIndex(ofKind)]!;
    findings.add({ kind, severity: 'info', timeMs: first, untilMs: last, count }, () => message);
  };
  add(
    'filled_bars',
    filled,
    (m) => m === MARK.filled,
    `${filled} bars are filled in with the close before them; they count as missing.`,
  );
  const parts = (['clipped', 'refetched', 'moved'] as const)
    .filter((name) => counts[MARK[name]]! > 0)
    .map((name) => `${counts[MARK[name]]} ${name}`);
  add(
    'repaired_bars',
    changed,
    (m) => m !== MARK.none && m !== MARK.filled,
    `${changed} bars were changed by repairs: ${parts.join(', ')}.`,
  );
  return filled;
}
