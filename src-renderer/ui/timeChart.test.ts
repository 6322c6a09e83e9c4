import { expect, it } from 'vitest';
import { formatTime } from './format.ts';
import { tickLabel } from './timeChart.ts';

const ms = Date.UTC(2024, 6, 18);

it('labels ticks by what they begin', () => {
  expect(tickLabel(ms, 0, 'utc')).toBe('2024');
  expect(tickLabel(ms, 1, 'utc')).toBe('2024-07');
  expect(tickLabel(ms, 2, 'utc')).toBe('07-18');
  expect(tickLabel(ms + 3_600_000, 3, 'utc')).toBe('01:00');
});

it('does not call another hour of the local clock a day', () => {
  const noon = ms + 12 * 3_600_000;
  const local = formatTime(noon, { zone: 'local', bare: true });
  expect(tickLabel(noon, 2, 'local')).toBe(local.slice(11) === '00:00' ? local.slice(5, 10) : local.slice(5));
});
