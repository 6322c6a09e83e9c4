import type { DeviceReading } from '../../../src-shared/contract/training.ts';
import { formatBytes, formatNumber } from '../../ui/format.ts';
import { type CurvePoint, sampled } from './curve.ts';
import type { MiniSeries } from './MiniChart.tsx';

/** A small chart: its title, its lines and how its values read. */
export interface Multiple {
  readonly title: string;
  readonly series: readonly MiniSeries[];
  readonly format: (value: number) => string;
  readonly atLeast?: number;
}

/** Points of a small chart, at most. */
const MOST_POINTS = 400;

function short(v: number): string {
  if (v === 0) return '0';
  return Math.abs(v) < 0.001 || Math.abs(v) >= 1e5 ? v.toExponential(2) : String(Number(v.toPrecision(3)));
}

type CurveField = 'learningRate' | 'gradientNorm' | 'stepsPerSecond';

function ofCurve(curve: readonly CurvePoint[], field: CurveField): MiniSeries {
  const points = curve.flatMap((p) => {
    const value = p[field];
    return value === undefined ? [] : [{ step: p.step, value }];
  });
  return { name: field, points: sampled(points, MOST_POINTS) };
}

type ReadingField = 'utilization' | 'memoryBytes' | 'temperatureC' | 'powerWatt' | 'fanPct';

/** One line per device that says anything of the field. */
function ofReadings(readings: readonly DeviceReading[], field: ReadingField): MiniSeries[] {
  const devices = [...new Set(readings.map((r) => r.device))];
  return devices.flatMap((device) => {
    const points = readings.flatMap((r) => {
      const value = r[field];
      return r.device !== device || value === null ? [] : [{ step: r.step, value }];
    });
    return points.length === 0 ? [] : [{ name: device, points: sampled(points, MOST_POINTS) }];
  });
}

const CURVES: readonly (readonly [CurveField, string, (v: number) => string, number?])[] = [
  ['learningRate', 'Learning rate', short, 0],
  ['gradientNorm', 'Gradient norm', short, 0],
  ['stepsPerSecond', 'Steps per second', (v) => formatNumber(v, 0), 0],
];

const READINGS: readonly (readonly [ReadingField, string, (v: number) => string, number?])[] = [
  ['utilization', 'Device busy', (v) => `${formatNumber(v, 0)} %`, 100],
  ['memoryBytes', 'Device memory', formatBytes, 0],
  ['temperatureC', 'Temperature', (v) => `${formatNumber(v, 0)} °C`],
  ['powerWatt', 'Power', (v) => `${formatNumber(v, 0)} W`, 0],
  ['fanPct', 'Fan', (v) => `${formatNumber(v, 0)} %`, 100],
];

/** The small charts of a run: what it says of itself and what its devices say. What nobody says is left out. */
export function multiplesOf(curve: readonly CurvePoint[], readings: readonly DeviceReading[]): Multiple[] {
  const own = CURVES.map(([field, title, format, atLeast]) => ({
    title,
    format,
    series: [ofCurve(curve, field)],
    ...(atLeast === undefined ? {} : { atLeast }),
  }));
  const devices = READINGS.map(([field, title, format, atLeast]) => ({
    title,
    format,
    series: ofReadings(readings, field),
    ...(atLeast === undefined ? {} : { atLeast }),
  }));
  return [...own, ...devices].filter((m) => m.series.some((s) => s.points.length > 0));
}
