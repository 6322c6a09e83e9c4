import { calendarOf, fxCalendar, type Session } from '../../../src-shared/market/calendars.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { isoTime } from '../import/times.ts';
import type { CheckContext, QualityIssue } from './types.ts';

/** Gaps of at least this many bars are listed one by one, shorter ones together. */
const BLOCK_BARS = 5;
/** Above this share of bars in closed hours the time zone is probably wrong. */
const WRONG_ZONE_SHARE = 0.005;

export interface GapResult {
  readonly missingBars: number;
  readonly issues: QualityIssue[];
}

/** Bars that the calendar expects between neighbours and that are not there. */
export function checkGaps({ bars, instrument, timeframe }: CheckContext): GapResult {
  const calendar = calendarOf(instrument);
  const stepMs = timeframeMs(timeframe);
  const issues: QualityIssue[] = [];
  let missingBars = 0;
  let scattered: QualityIssue | undefined;
  for (let i = 1; i < bars.timeMs.length; i++) {
    const fromMs = bars.timeMs[i - 1]! + stepMs;
    const untilMs = bars.timeMs[i]!;
    if (untilMs - fromMs < stepMs / 2) continue;
    const count = calendar.expectedBars(fromMs, untilMs, timeframe);
    if (count === 0) continue;
    missingBars += count;
    if (count >= BLOCK_BARS) {
      issues.push(block(fromMs, untilMs - stepMs, count));
    } else if (scattered) {
      scattered.count += count;
      scattered.untilMs = untilMs - stepMs;
    } else {
      scattered = { kind: 'missing_scattered', severity: 'info', timeMs: fromMs, count, message: '' };
    }
  }
  if (scattered) {
    scattered.message = `${scattered.count} bars are missing in gaps shorter than ${BLOCK_BARS} bars.`;
    issues.push(scattered);
  }
  return { missingBars, issues };
}

function block(timeMs: number, untilMs: number, count: number): QualityIssue {
  return {
    kind: 'missing_block',
    severity: 'warning',
    timeMs,
    untilMs,
    count,
    message: `${count} bars are missing from ${isoTime(timeMs)} to ${isoTime(untilMs)} while the market was open.`,
  };
}

/** Bars that lie wholly in hours in which the market is closed: the sign of a wrong time zone. */
export function checkSessions({ bars, instrument, timeframe }: CheckContext): QualityIssue[] {
  const rows = bars.timeMs.length;
  if (instrument.calendar === 'always' || rows === 0) return [];
  // Holidays are left out: some brokers quote through a part of them.
  const calendar = instrument.calendar === 'fx' ? fxCalendar({ holidays: false }) : calendarOf(instrument);
  const daily = timeframe === 'D1' && instrument.calendar !== 'fx';
  const stepMs = timeframeMs(timeframe);
  const sessions = calendar.sessions(bars.timeMs[0]! - stepMs, bars.timeMs[rows - 1]! + 2 * stepMs);
  const outside = daily ? outsideDays(bars.timeMs, sessions) : outsideHours(bars.timeMs, sessions, stepMs);
  if (outside.length === 0) return [];
  const share = outside.length / rows;
  const wrongZone = share > WRONG_ZONE_SHARE;
  const percent = (100 * share).toFixed(2);
  return [
    {
      kind: 'outside_session',
      severity: wrongZone ? 'error' : 'info',
      timeMs: outside[0]!,
      untilMs: outside.at(-1)!,
      count: outside.length,
      message: `${outside.length} bars (${percent} %) are in hours in which the market is closed.${
        wrongZone ? ' The times are probably in another time zone than the one they were read in.' : ''
      }`,
    },
  ];
}

function outsideHours(times: Float64Array, sessions: readonly Session[], stepMs: number): number[] {
  const outside: number[] = [];
  let s = 0;
  for (const timeMs of times) {
    while (s < sessions.length && sessions[s]!.closeMs <= timeMs) s++;
    if (s === sessions.length || sessions[s]!.openMs >= timeMs + stepMs) outside.push(timeMs);
  }
  return outside;
}

function outsideDays(times: Float64Array, sessions: readonly Session[]): number[] {
  const days = new Set(sessions.map((s) => s.dayMs));
  return [...times].filter((timeMs) => !days.has(timeMs));
}
