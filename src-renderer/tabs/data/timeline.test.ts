import { expect, it } from 'vitest';
import { type Issue, kindLabel, laneShape, lanesOf } from './timeline.ts';

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
      issue('gap', 'warning', 0, 49),
      issue('crossed-prices', 'error', 50),
    ],
    0,
    200,
    4,
  );
  expect(lanes.map((l) => [l.kind, l.severity, l.findings, l.count])).toEqual([
    ['crossed-prices', 'error', 1, 2],
    ['gap', 'warning', 2, 4],
    ['spike', 'info', 1, 2],
  ]);
  expect(lanes.map((l) => [...l.bins])).toEqual([
    [0, 1, 0, 0],
    [1, 0, 0, 1],
    [0, 0, 1, 0],
  ]);
});

it('keeps findings inside the picture, and counts each in every stretch that it touches', () => {
  const [lane] = lanesOf([issue('gap', 'info', -50, 900), issue('gap', 'info', 99)], 0, 100, 4);
  expect([...(lane?.bins ?? [])]).toEqual([1, 1, 1, 2]);
});

it('draws a column for each stretch with findings, the fullest to the top', () => {
  expect(laneShape(new Uint32Array([0, 4, 0, 1]), 10)).toBe('M1 10v-10.00h1v10.00zM3 10v-6.70h1v6.70z');
  expect(laneShape(new Uint32Array(5), 10)).toBe('');
});

it('words a kind, known or not', () => {
  expect(kindLabel('bad_tick_spike')).toBe('Bad tick spike');
  expect(kindLabel('some_new-kind')).toBe('Some new kind');
});
