import type { SessionDto, SessionState, SessionSummary } from '../../../src-shared/contract/live.ts';

export const SESSION_LABELS: Readonly<Record<SessionState, string>> = {
  starting: 'Starting',
  running: 'Running',
  paused: 'Paused',
  stopping: 'Stopping',
  stopped: 'Stopped',
  finished: 'Finished',
  interrupted: 'Interrupted',
  failed: 'Failed',
};

/** Class of a session's state; the word says the same. */
export function sessionClass(state: SessionState): string {
  if (state === 'running') return 'ft-ok';
  if (state === 'failed' || state === 'interrupted') return 'ft-bad';
  return state === 'paused' || state === 'stopping' || state === 'starting' ? 'ft-warn' : 'ft-dim';
}

/** Whether the session is at work or may go on by itself. */
export function isOngoing(state: SessionState): boolean {
  return state === 'starting' || state === 'running' || state === 'paused' || state === 'stopping';
}

/** Whether what the session did is complete, so that it can be compared with the backtester. */
export function isComplete(state: SessionState): boolean {
  return state === 'finished' || state === 'stopped';
}

/** Drawdown from the running peak, in per cent, positive; what a curve of equity lacks to be drawn. */
export function drawdownPct(equity: readonly number[]): number[] {
  let peak = Number.NEGATIVE_INFINITY;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? (100 * (peak - value)) / peak : 0;
  });
}

const DAY_MS = 86_400_000;

/**
 * Profit since the market day began (00:00 UTC of the newest bar): equity now less the last equity known before it,
 * or less the initial balance on the first day.
 * @returns undefined while no bar was decided on
 */
export function dayProfit(
  session: Pick<SessionDto, 'equityCurve' | 'equity' | 'initialBalance' | 'barTimeMs'>,
): number | undefined {
  if (session.barTimeMs === undefined) return undefined;
  const dayStart = Math.floor(session.barTimeMs / DAY_MS) * DAY_MS;
  const { timeMs, equity } = session.equityCurve;
  let start = session.initialBalance;
  for (let i = 0; i < timeMs.length && timeMs[i]! < dayStart; i++) start = equity[i]!;
  return session.equity - start;
}

/** Replay speeds on offer, in bars per second; 0 is as fast as it goes. */
export const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 0] as const;

/** Position on the speed slider of a speed: the same, or the nearest one. */
export function speedIndex(speed: number): number {
  if (speed <= 0) return SPEEDS.length - 1;
  let best = 0;
  for (let i = 0; i < SPEEDS.length - 1; i++) {
    if (Math.abs(Math.log(SPEEDS[i]! / speed)) < Math.abs(Math.log(SPEEDS[best]! / speed))) best = i;
  }
  return best;
}

/** A speed in words. */
export function speedLabel(speed: number): string {
  if (speed <= 0) return 'As fast as possible';
  return speed === 1 ? '1 bar per second' : `${speed} bars per second`;
}

/** The session to show: the chosen one, else the newest of the deployment. */
export function pickSession(
  sessions: readonly SessionSummary[],
  sessionId: string | undefined,
  deploymentId: string | undefined,
): SessionSummary | undefined {
  const chosen = sessions.find((s) => s.id === sessionId);
  if (chosen) return chosen;
  return sessions
    .filter((s) => deploymentId === undefined || s.deploymentId === deploymentId)
    .toSorted((a, b) => b.startedMs - a.startedMs)[0];
}
