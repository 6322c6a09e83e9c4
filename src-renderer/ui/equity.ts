import type { UTCTimestamp } from 'lightweight-charts';

export interface CurvePoint {
  readonly time: UTCTimestamp;
  readonly value: number;
}

/**
 * Points as the price chart takes them: whole seconds, strictly increasing. Of several points in one second the
 * last one counts; unknown values leave a gap.
 * @param sign -1 to hang a drawdown below zero
 */
export function curvePoints(
  timeMs: readonly number[],
  values: readonly number[],
  sign: 1 | -1 = 1,
): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let i = 0; i < timeMs.length; i++) {
    const ms = timeMs[i]!;
    const value = values[i];
    if (value === undefined || !Number.isFinite(value) || !Number.isFinite(ms)) continue;
    const point = { time: Math.floor(ms / 1000) as UTCTimestamp, value: value === 0 ? 0 : sign * value };
    const last = points.at(-1);
    if (last && last.time >= point.time) {
      if (last.time === point.time) points[points.length - 1] = point;
      continue;
    }
    points.push(point);
  }
  return points;
}
