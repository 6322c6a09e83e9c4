import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { formatNumber, UNKNOWN } from '../../ui/format.ts';

export type CurvePoint = TrainingRunDto['curve'][number];

/** A linear or logarithmic axis over [low, high]. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Place of a value, 0 at `low`, 1 at `high`. */
  readonly place: (value: number) => number;
}

/** Round values between low and high, about `count` of them: 1, 2 or 5 times a power of ten apart. */
export function niceTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const ticks: number[] = [];
  // Counting steps rather than adding them keeps rounding errors from growing along the axis.
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12); i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  const decades = Math.log10(high / low);
  const parts = decades > 3 ? [1] : decades > 1.2 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    for (const m of parts) {
      const v = Number((m * 10 ** e).toPrecision(6));
      if (v >= low && v <= high) ticks.push(v);
    }
  }
  return ticks.length >= 3 ? ticks : niceTicks(low, high, 5);
}

/** The axis of losses: a little air above and below what is drawn. Only positive values fit a logarithmic one. */
export function lossAxis(values: readonly number[], log: boolean): Axis {
  const usable = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  const least = Math.min(...usable);
  const most = Math.max(...usable);
  if (usable.length === 0) return { low: 0, high: 1, ticks: [0, 1], place: (v) => v };
  if (log) {
    const low = least / 1.05;
    const high = most * 1.05;
    const span = Math.log(high / low);
    return { low, high, ticks: logTicks(low, high), place: (v) => Math.log(v / low) / span };
  }
  const air = (most - least || Math.abs(most) || 1) * 0.06;
  const low = Math.max(least >= 0 ? 0 : Number.NEGATIVE_INFINITY, least - air);
  const high = most + air;
  return { low, high, ticks: niceTicks(low, high, 5), place: (v) => (v - low) / (high - low) };
}

/** The point measured at or last before a step. */
export function pointAt(curve: readonly CurvePoint[], step: number): CurvePoint | undefined {
  let low = 0;
  let high = curve.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (curve[mid]!.step <= step) low = mid + 1;
    else high = mid;
  }
  return curve[Math.max(0, low - 1)];
}

/** The point with the lowest validation loss. */
export function bestPoint(curve: readonly CurvePoint[]): CurvePoint | undefined {
  let best: CurvePoint | undefined;
  for (const p of curve) {
    if (p.validation !== undefined && (best?.validation === undefined || p.validation < best.validation))
      best = p;
  }
  return best;
}

/** At most `limit` points, the lowest and highest training loss of each stretch kept, and all validation points. */
export function thin(curve: readonly CurvePoint[], limit: number): readonly CurvePoint[] {
  if (curve.length <= limit) return curve;
  const bucket = Math.ceil(curve.length / (limit / 2));
  const kept = new Set<CurvePoint>([curve[0]!, curve.at(-1)!]);
  for (let from = 0; from < curve.length; from += bucket) {
    const part = curve.slice(from, from + bucket);
    kept.add(part.reduce((a, b) => (b.train < a.train ? b : a)));
    kept.add(part.reduce((a, b) => (b.train > a.train ? b : a)));
  }
  return curve.filter((p) => kept.has(p) || p.validation !== undefined);
}

/**
 * Where the axis of steps ends: at the end of the run once it is over; before, at the half, quarter, … of it that the
 * present step still fits. So a long run fills its chart from the start, and the axis moves a few times only.
 */
export function axisEnd(run: Pick<TrainingRunDto, 'endedMs' | 'step' | 'totalSteps'>): number {
  if (run.endedMs !== undefined || run.totalSteps <= 0) return Math.max(1, run.step);
  let end = run.totalSteps;
  while (end / 2 >= Math.max(1, run.step)) end /= 2;
  return Math.ceil(end);
}

/** A loss in three significant digits, as axis and legend show it. */
export function lossText(v: number | undefined): string {
  if (v === undefined || !Number.isFinite(v)) return UNKNOWN;
  if (v !== 0 && Math.abs(v) < 0.001) return v.toExponential(2);
  return formatNumber(v, v < 0.1 ? 5 : 4);
}

/** At most `limit` of a list, evenly spread, the last one always. */
export function sampled<T>(list: readonly T[], limit: number): readonly T[] {
  if (list.length <= limit) return list;
  const stride = (list.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, i) => list[Math.round(i * stride)]!);
}
