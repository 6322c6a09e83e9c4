import type { MarketCalendar, Session } from '../../../src-shared/market/calendars.ts';
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

/** Bars that the calendar expects between neighbours and that are not there. @returns how many */
export function checkGaps({ bars, calendar, timeframe, findings }: CheckContext): number {
  const { timeMs } = bars;
  const rows = timeMs.length;
  const stepMs = timeframeMs(timeframe);
  const nearMs = 1.5 * stepMs;
  const expected = new ExpectedBars(calendar, timeframe, timeMs[0]!, timeMs[rows - 1]!);
  let missing = 0;
  let scattered = 0;
  let scatteredFromMs = Number.NaN;
  let scatteredUntilMs = Number.NaN;
  for (let i = 1; i < rows; i++) {
    const untilMs = timeMs[i]!;
    const beforeMs = timeMs[i - 1]!;
    if (untilMs - beforeMs < nearMs) continue;
    const fromMs = beforeMs + stepMs;
    const count = expected.between(fromMs, untilMs);
    if (count === 0) continue;
    missing += count;
    if (count >= BLOCK_BARS) {
      const lastMs = untilMs - stepMs;
      findings.add(
        { kind: 'missing_block', severity: 'warning', timeMs: fromMs, untilMs: lastMs, count },
        () =>
          `${count} bars are missing from ${isoTime(fromMs)} to ${isoTime(lastMs)} while the market was open.`,
        count,
      );
    } else {
      if (scattered === 0) scatteredFromMs = fromMs;
      scattered += count;
      scatteredUntilMs = untilMs - stepMs;
    }
  }
  if (scattered > 0) {
    const span = { timeMs: scatteredFromMs, untilMs: scatteredUntilMs };
    findings.add(
      { kind: 'missing_scattered', severity: 'info', ...span, count: scattered },
      () => `${scattered} bars are missing in gaps shorter than ${BLOCK_BARS} bars.`,
    );
  }
  return missing;
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
