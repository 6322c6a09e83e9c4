import { describe, expect, it } from 'vitest';
import type { LogRow, SessionSummary } from '../../../src-shared/contract/live.ts';
import { barOf } from './candles.ts';
import { filterLog, logText } from './logText.ts';
import { barsProblem } from './StartForm.tsx';
import { dayProfit, drawdownPct, pickSession, SPEEDS, speedIndex } from './session.ts';

const DAY = 86_400_000;
const T = Date.UTC(2024, 4, 6);

describe('the day’s profit', () => {
  const curve = {
    timeMs: [T, T + DAY - 1, T + DAY, T + DAY + 1000],
    equity: [10_000, 10_050, 10_080, 10_100],
  };
  it('counts from the last equity before the market day began', () => {
    const session = { equityCurve: curve, equity: 10_120, initialBalance: 10_000, barTimeMs: T + DAY + 2000 };
    expect(dayProfit(session)).toBe(70);
  });
  it('counts from the initial balance on the first day', () => {
    const session = { equityCurve: curve, equity: 9_990, initialBalance: 10_000, barTimeMs: T + 5000 };
    expect(dayProfit(session)).toBe(-10);
  });
  it('is unknown before the first bar, not 0', () => {
    const session = { equityCurve: curve, equity: 10_000, initialBalance: 10_000 };
    expect(dayProfit(session)).toBeUndefined();
  });
});

describe('drawdown of a curve', () => {
  it('is measured from the running peak', () => {
    expect(drawdownPct([100, 120, 90, 120, 130, 117])).toEqual([0, 0, 25, 0, 0, 10]);
  });
});

describe('replay speed', () => {
  it('finds every offered speed and the nearest of another one', () => {
    expect(SPEEDS.map(speedIndex)).toEqual(SPEEDS.map((_, i) => i));
    expect(SPEEDS[speedIndex(90)]).toBe(100);
    expect(SPEEDS[speedIndex(0)]).toBe(0);
  });
  it('takes an empty number of bars as the replay span and refuses what is no count', () => {
    expect(barsProblem('')).toBeUndefined();
    expect(barsProblem(500)).toBeUndefined();
    expect(barsProblem(0)).toBeDefined();
    expect(barsProblem('12.5')).toBeDefined();
    expect(barsProblem(2_000_000)).toBeDefined();
  });
});

describe('the session on screen', () => {
  const session = (id: string, deploymentId: string, startedMs: number) =>
    ({ id, deploymentId, startedMs }) as SessionSummary;
  const all = [session('s1', 'd1', 1), session('s2', 'd1', 2), session('s3', 'd2', 3)];
  it('is the chosen one, else the newest of the deployment, else none', () => {
    expect(pickSession(all, 's1', 'd2')?.id).toBe('s1');
    expect(pickSession(all, undefined, 'd1')?.id).toBe('s2');
    expect(pickSession(all, 'gone', undefined)?.id).toBe('s3');
    expect(pickSession(all, undefined, 'd9')).toBeUndefined();
  });
});

describe('the bar of a fill', () => {
  const shown = [60, 120, 180].map((time) => ({ time })) as unknown as Parameters<typeof barOf>[0];
  it('is the bar that the moment lies in, and none outside of what is shown', () => {
    expect(barOf(shown, 120, 60)).toBe(120);
    expect(barOf(shown, 239, 60)).toBe(180);
    expect(barOf(shown, 240, 60)).toBeUndefined();
    expect(barOf(shown, 59, 60)).toBeUndefined();
    expect(barOf([], 60, 60)).toBeUndefined();
  });
});

describe('the log', () => {
  const rows: LogRow[] = [
    { seq: 2, timeMs: T + 1000, level: 'warning', message: 'Order rejected' },
    { seq: 1, timeMs: T, level: 'info', message: 'Bought 0.1 lots' },
  ];
  it('is filtered by level and by text whatever its case', () => {
    expect(filterLog(rows, 'warning', '').map((r) => r.seq)).toEqual([2]);
    expect(filterLog(rows, 'info', ' LOTS ').map((r) => r.seq)).toEqual([1]);
    expect(filterLog(rows, 'error', '')).toEqual([]);
  });
  it('is written oldest first with UTC times', () => {
    expect(logText(rows)).toBe(
      '2024-05-06T00:00:00.000Z INFO    Bought 0.1 lots\n2024-05-06T00:00:01.000Z WARNING Order rejected\n',
    );
  });
});
