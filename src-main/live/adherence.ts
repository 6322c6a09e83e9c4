/**
 * Did the session do what the backtester does on the same bars? Decisions should be equal; the difference in
 * executions is what the broker made of them.
 */
import type { AdherenceDto } from '../../src-shared/contract/live.ts';
import type { Decision, ExitReason, Fill, Intent, Trade } from '../../src-shared/trading/types.ts';

/** One side of a position as either world knows it. */
export interface Execution {
  readonly timeMs: number;
  readonly effect: 'open' | 'close';
  readonly side: 'buy' | 'sell';
  readonly volumeLots: number;
  readonly price: number;
  readonly reason: ExitReason | undefined;
}

/** A run to compare: in time order. */
export interface AdherenceRun {
  readonly decisions: readonly Decision[];
  readonly executions: readonly Execution[];
}

const MOST_DIFFERENCES = 20;
/** Batch and single predictions differ by the rounding of 32-bit matrix products of different shapes. */
const SIGNAL_TOLERANCE = 1e-4;
const RELATIVE_TOLERANCE = 1e-9;

/** Executions of a session's fills; a flatten is the person's, not the strategy's, and is left out. */
export function executionsOfFills(fills: readonly Fill[]): Execution[] {
  return fills
    .filter((fill) => fill.exitReason !== 'flatten')
    .map(({ timeMs, effect, side, volumeLots, price, exitReason }) => ({
      timeMs,
      effect,
      side,
      volumeLots,
      price,
      reason: exitReason,
    }));
}

/** Executions of a backtest's trades; the exit that the end of the data forced is left out. */
export function executionsOfTrades(trades: readonly Trade[]): Execution[] {
  const executions = trades.flatMap((t): Execution[] => {
    const long = t.direction === 'long';
    const { volumeLots } = t;
    const opened: Execution = {
      timeMs: t.entryTimeMs,
      effect: 'open',
      side: long ? 'buy' : 'sell',
      volumeLots,
      price: t.entryPrice,
      reason: undefined,
    };
    if (t.exitReason === 'end-of-data') return [opened];
    const { exitTimeMs: timeMs, exitPrice: price, exitReason: reason } = t;
    return [opened, { timeMs, effect: 'close', side: long ? 'sell' : 'buy', volumeLots, price, reason }];
  });
  // Stable: a close and the next open on one bar keep their order.
  return executions.sort((a, b) => a.timeMs - b.timeMs);
}

function close(a: number, b: number, tolerance: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

function sameIntent(a: Intent | undefined, b: Intent | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type === 'open' && b.type === 'open') {
    return (
      a.direction === b.direction &&
      close(a.volumeLots, b.volumeLots, RELATIVE_TOLERANCE) &&
      close(a.stopDistance, b.stopDistance, RELATIVE_TOLERANCE) &&
      close(a.targetDistance, b.targetDistance, RELATIVE_TOLERANCE)
    );
  }
  return a.type === b.type && a.reason === b.reason;
}

function intentText(intent: Intent | undefined): string {
  if (intent === undefined) return 'nothing';
  return intent.type === 'open'
    ? `open ${intent.direction} ${intent.volumeLots}`
    : `close (${intent.reason})`;
}

function executionText(e: Execution | undefined): string {
  return e === undefined ? 'nothing' : `${e.effect} ${e.side} ${e.volumeLots} at ${e.price}`;
}

const at = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');

function sameDecision(a: Decision, b: Decision): boolean {
  return close(a.signal, b.signal, SIGNAL_TOLERANCE) && sameIntent(a.intent, b.intent);
}

function sameExecution(a: Execution, b: Execution): boolean {
  return (
    a.timeMs === b.timeMs &&
    a.effect === b.effect &&
    a.side === b.side &&
    a.reason === b.reason &&
    close(a.volumeLots, b.volumeLots, RELATIVE_TOLERANCE) &&
    close(a.price, b.price, RELATIVE_TOLERANCE)
  );
}

function compareDecisions(
  live: readonly Decision[],
  replayed: readonly Decision[],
  differences: string[],
): number {
  const byBar = new Map(replayed.map((d) => [d.barTimeMs, d]));
  let equal = 0;
  for (const mine of live) {
    const theirs = byBar.get(mine.barTimeMs);
    if (theirs !== undefined && sameDecision(mine, theirs)) {
      equal += 1;
      continue;
    }
    const other =
      theirs === undefined ? 'no decision' : `${intentText(theirs.intent)}, signal ${theirs.signal}`;
    differences.push(
      `${at(mine.barTimeMs)}: live ${intentText(mine.intent)}, signal ${mine.signal}; backtest ${other}`,
    );
  }
  return equal;
}

const keyOf = (e: Execution): string => `${e.timeMs} ${e.effect}`;

function compareExecutions(
  live: readonly Execution[],
  replayed: readonly Execution[],
  differences: string[],
): { compared: number; equal: number } {
  const mine = new Map(live.map((e) => [keyOf(e), e]));
  const theirs = new Map(replayed.map((e) => [keyOf(e), e]));
  const keys = new Set([...mine.keys(), ...theirs.keys()]);
  let equal = 0;
  for (const key of keys) {
    const a = mine.get(key);
    const b = theirs.get(key);
    if (a !== undefined && b !== undefined && sameExecution(a, b)) equal += 1;
    else differences.push(`${at((a ?? b)!.timeMs)}: live ${executionText(a)}; backtest ${executionText(b)}`);
  }
  return { compared: keys.size, equal };
}

/**
 * Compares a recorded session with the same bars run afresh.
 * @param recorded decisions and executions of the journal
 * @param replay runs the decided bars through the backtester, on the session's venue and genes
 */
export async function adherenceOf(
  recorded: AdherenceRun,
  replay: () => AdherenceRun | Promise<AdherenceRun>,
): Promise<AdherenceDto> {
  const fresh = await replay();
  const differences: string[] = [];
  const decisionsEqual = compareDecisions(recorded.decisions, fresh.decisions, differences);
  const executions = compareExecutions(recorded.executions, fresh.executions, differences);
  return {
    decisionsCompared: recorded.decisions.length,
    decisionsEqual,
    fillsCompared: executions.compared,
    fillsEqual: executions.equal,
    differences: differences.slice(0, MOST_DIFFERENCES),
  };
}
