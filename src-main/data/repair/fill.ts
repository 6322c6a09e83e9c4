import type { MarketCalendar, Session } from '../../../src-shared/market/calendars.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';

/** A gap that is longer, in bars that the market was open for, is left: what happened in it is not known. */
export const FILL_MOST_BARS = 120;

/**
 * The times at which bars of a gap open: on the grid of the bars around it, only where the bar lies inside a session
 * (by at least half, where bars are longer than the session is offset). The grid is that of the bar before in the
 * session that it belongs to, and of the bar after in later ones, because a longer bar's grid may move over a close.
 * @param gap [fromMs, untilMs), where the next bar was to open and where it does
 */
export function missingOpens(
  gap: { readonly fromMs: number; readonly untilMs: number },
  calendar: MarketCalendar,
  timeframe: Timeframe,
): number[] {
  const stepMs = timeframeMs(timeframe);
  const opens: number[] = [];
  for (const session of sessionsOf(calendar, gap)) {
    const grid = session.openMs <= gap.fromMs ? gap.fromMs : gap.untilMs;
    const earliest = Math.max(gap.fromMs, session.openMs - stepMs / 2);
    const first = grid + Math.ceil((earliest - grid) / stepMs) * stepMs;
    const untilMs = Math.min(gap.untilMs - stepMs / 2, session.closeMs - stepMs / 2);
    for (let timeMs = first; timeMs <= untilMs; timeMs += stepMs) opens.push(timeMs);
  }
  return opens;
}

function sessionsOf(calendar: MarketCalendar, { fromMs, untilMs }: { fromMs: number; untilMs: number }) {
  const sessions: readonly Session[] = calendar.sessions(fromMs, untilMs);
  return sessions.filter((s) => s.closeMs > fromMs && s.openMs < untilMs);
}
