import { describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import { fitResidualScale, residualScale } from './residual.ts';

const SKLEARN = [-0.018833958125198353, 0.21710655219456543];

/** Residuals of deviation exp(0.8 a - 0.3 b), with a column that says nothing and one that never varies. */
function noisy(n: number) {
  const rng = new SeededRng(5);
  const a = Float64Array.from({ length: n }, () => rng.next() * 2 - 1);
  const b = Float64Array.from({ length: n }, () => normal(rng));
  const idle = Float64Array.from({ length: n }, () => normal(rng));
  const still = new Float64Array(n).fill(0.1);
  const residuals = Float64Array.from(a, (value, i) => normal(rng) * Math.exp(0.8 * value - 0.3 * b[i]!));
  return { names: ['a', 'idle', 'still', 'b'], columns: [a, idle, still, b], residuals };
}

describe('the size of errors', () => {
  it('CONF-7: finds what it depends on, and leaves out what never varies', () => {
    const scale = fitResidualScale(noisy(20_000));
    expect(scale.columns).toEqual(['a', 'idle', 'b']);
    const slope = (k: number): number => scale.weights[k]! / scale.std[k]!;
    expect(slope(0)).toBeCloseTo(0.8, 1);
    expect(slope(1)).toBeCloseTo(0, 1);
    expect(slope(2)).toBeCloseTo(-0.3, 1);
    // The average row has scale 1.
    expect(residualScale(scale, (k) => scale.mean[k]!)).toBe(1);
    expect(residualScale(scale, (k) => (k === 0 ? 1e6 : 0))).toBe(scale.maxScale);
    expect(residualScale(scale, (k) => (k === 0 ? -1e6 : 0))).toBe(scale.minScale);
    expect(residualScale(scale, (k) => (k === 0 ? Number.NaN : 0))).toBeNaN();
  });

  it('CONF-7: is the ridge regression of scikit-learn', () => {
    // Ridge(alpha=2.0) of scikit-learn 1.2.1 on StandardScaler columns and ln|residual| of these 30 rows.
    const n = 30;
    const u = Float64Array.from({ length: n }, (_, i) => Math.sin(i * 1.3));
    const v = Float64Array.from({ length: n }, (_, i) => ((i * 7) % 11) / 3);
    const residuals = Float64Array.from(
      { length: n },
      (_, i) => (i % 2 ? -1 : 1) * (0.3 + ((i * 5) % 13) / 4),
    );
    const scale = fitResidualScale({ names: ['u', 'v'], columns: [u, v], residuals, penaltyRows: 2 });
    expect(scale.weights[0]).toBeCloseTo(SKLEARN[0]!, 10);
    expect(scale.weights[1]).toBeCloseTo(SKLEARN[1]!, 10);
  });

  it('refuses too few rows, errors of 0, and values that are not finite', () => {
    const rows = noisy(100);
    expect(() => fitResidualScale({ ...rows, residuals: rows.residuals.subarray(0, 29) })).toThrow('too few');
    expect(() => fitResidualScale({ ...rows, residuals: new Float64Array(100) })).toThrow('are 0');
    const unknown = rows.residuals.slice();
    unknown[7] = Number.NaN;
    expect(() => fitResidualScale({ ...rows, residuals: unknown })).toThrow('not finite');
    const column = rows.columns[0]!.slice();
    column[3] = Number.POSITIVE_INFINITY;
    expect(() => fitResidualScale({ ...rows, columns: [column, ...rows.columns.slice(1)] })).toThrow(
      'of a is not',
    );
  });

  it('takes an error of exactly 0 as a small one', () => {
    const rows = noisy(200);
    const residuals = rows.residuals.slice();
    residuals[0] = 0;
    expect(fitResidualScale({ ...rows, residuals }).weights.every(Number.isFinite)).toBe(true);
  });
});
