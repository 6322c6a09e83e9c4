import { expect, it } from 'vitest';
import { type Issue, kindLabel, lanesOf } from './timeline.ts';

const issue = (kind: string, severity: Issue['severity'], timeMs: number, untilMs?: number): Issue => ({
  kind,
  severity,
  timeMs,
  count: 2,
  message: kind,
  ...(untilMs === undefined ? {} : { untilMs }),
});

it('puts findings into lanes, the gravest first, at their place in time', () => {
  const lanes = lanesOf(
    [
      issue('spike', 'info', 100),
      issue('gap', 'warning', 150, 200),
      issue('gap', 'warning', 0, 50),
      issue('crossed-prices', 'error', 50),
    ],
    0,
    200,
  );
  expect(lanes.map((l) => [l.kind, l.severity, l.count])).toEqual([
    ['crossed-prices', 'error', 2],
    ['gap', 'warning', 4],
    ['spike', 'info', 2],
  ]);
  expect(lanes[1]?.marks.map((m) => [m.from, m.to])).toEqual([
    [0.75, 1],
    [0, 0.25],
  ]);
});

it('keeps marks inside the picture', () => {
  const [lane] = lanesOf([issue('gap', 'info', -50, 900)], 0, 100);
  expect(lane?.marks[0]).toMatchObject({ from: 0, to: 1 });
});

it('words a kind', () => {
  expect(kindLabel('out-of-order')).toBe('Out of order');
});
