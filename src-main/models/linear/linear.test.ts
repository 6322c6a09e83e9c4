import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../tensor/engines/cpu.ts';
import { emitModel } from '../../tensor/onnx/emit.ts';
import { elasticNet, lasso, ridge } from '../families/linear.ts';
import type { SolveData, SolvedFamily } from '../family.ts';
import { Predictor } from '../predictor.ts';
import { eigenSymmetric, elasticNetDescent, solveSymmetric } from './matrix.ts';

const ROWS = 200;
const COLUMNS = 6;

/** Data that any language repeats exactly: a linear congruential generator, rounded to single precision. */
function sample(): SolveData {
  let state = 42;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296 - 0.5;
  };
  const features = Float32Array.from({ length: ROWS * COLUMNS }, next);
  for (let row = 0; row < ROWS; row++) {
    const at = row * COLUMNS;
    features[at + 3] = features[at]! * 0.7 + features[at + 3]! * 0.3;
  }
  const targets = Float32Array.from({ length: ROWS }, (_, row) => {
    const at = row * COLUMNS;
    return 0.8 * features[at]! - 0.5 * features[at + 2]! + 0.3 * features[at + 5]! + 0.2 * next();
  });
  return {
    features,
    rows: ROWS,
    size: { window: 1, features: COLUMNS, outputs: 1 },
    targets,
    trainEnds: Int32Array.from({ length: ROWS }, (_, i) => i),
    validationEnds: new Int32Array(0),
  };
}

/** Coefficients and intercept by scikit-learn 1.2.1 on the same data, tolerance 1e-12. */
const REFERENCE: readonly (readonly [string, SolvedFamily<never>, object, readonly number[]])[] = [
  [
    'Ridge(alpha=1)',
    ridge as SolvedFamily<never>,
    { alpha: 1 },
    [
      0.6187717512053243, -0.0024027001641548267, -0.44329007530590503, 0.2085807545033196,
      -0.02226725960942942, 0.2910077948980286, 0.0024923641868988974,
    ],
  ],
  [
    'Ridge(alpha=1e-8)',
    ridge as SolvedFamily<never>,
    { alpha: 1e-8 },
    [
      0.7754327207710606, -0.005918764801397907, -0.47671114484058247, 0.04306113104949743,
      -0.013566057744964742, 0.3022389705722136, 0.002882396547538483,
    ],
  ],
  [
    'Lasso(alpha=0.005)',
    lasso as SolvedFamily<never>,
    { alpha: 0.005, tolerance: 1e-12 },
    [0.7461506940568233, 0, -0.42283753949754005, 0, 0, 0.25136093143956323, 0.0028279539163202044],
  ],
  [
    'ElasticNet(alpha=0.01, l1_ratio=0.5)',
    elasticNet as SolvedFamily<never>,
    { alpha: 0.01, l1Ratio: 0.5, tolerance: 1e-12 },
    [
      0.6329415822162738, 0, -0.3950428880748111, 0.10408621021632038, 0, 0.24241947110730022,
      0.0024958253642284995,
    ],
  ],
  [
    'PCA(3) and Ridge(alpha=0.5)',
    ridge as SolvedFamily<never>,
    { alpha: 0.5, components: 3 },
    [
      0.47964706237194804, 0.11803801679532792, -0.3500930434003843, 0.3698068770313658, -0.14297539713619997,
      0.35309916028811766, 0.0038000573563593534,
    ],
  ],
];

describe('linear models equal scikit-learn', () => {
  it.each(REFERENCE)('%s within 1e-6', async (_, family, settings, expected) => {
    const data = sample();
    const solved = await family.solve(family.schema.parse(settings), data);
    const predictor = await Predictor.load(emitModel(solved.graph), cpuEngine(1));
    try {
      // The model file tells its weights: what it says of unit vectors, less what it says of zero.
      const windows = new Float32Array((COLUMNS + 1) * COLUMNS);
      for (let c = 0; c < COLUMNS; c++) windows[c * COLUMNS + c] = 1;
      const y = await predictor.predict(windows, COLUMNS + 1);
      const intercept = y[COLUMNS]!;
      for (let c = 0; c < COLUMNS; c++) expect(Math.abs(y[c]! - intercept - expected[c]!)).toBeLessThan(1e-6);
      expect(Math.abs(intercept - expected[COLUMNS]!)).toBeLessThan(1e-6);
    } finally {
      await predictor.close();
    }
  });

  it('explain as much variance as scikit-learn says', async () => {
    const { figures } = await ridge.solve({ alpha: 0.5, components: 3 }, sample());
    expect(figures.explainedVariance).toBeCloseTo(
      0.2803649016996873 + 0.2139100254435862 + 0.19146019692144794,
      9,
    );
    expect((await ridge.solve({ alpha: 0.5, components: 0.5 }, sample())).figures.components).toBe(3);
  });

  it('count the weights that are not zero', async () => {
    const { figures } = await lasso.solve(
      { alpha: 0.005, tolerance: 1e-12, maxIterations: 10_000, components: 0 },
      sample(),
    );
    expect(figures.nonZero).toBe(3);
    expect(figures.dualityGap).toBeLessThan(1e-9);
  });

  it('refuse what cannot be solved', async () => {
    const data = sample();
    for (let row = 0; row < ROWS; row++) data.features[row * COLUMNS + 1] = data.features[row * COLUMNS]!;
    await expect(ridge.solve({ alpha: 0, components: 0 }, data)).rejects.toThrow(/depend on each other/);
    const wide = { ...sample(), size: { window: 100, features: 100, outputs: 1 } };
    await expect(ridge.solve({ alpha: 1, components: 0 }, wide)).rejects.toThrow(/10000 weights/);
  });
});

const matrix = (n: number): fc.Arbitrary<Float64Array> =>
  fc
    .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: n * n, maxLength: n * n })
    .map((values) => {
      const a = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          for (let k = 0; k < n; k++) a[i * n + j]! += values[i * n + k]! * values[j * n + k]!;
          if (i === j) a[i * n + j]! += 0.1;
        }
      return a;
    });

describe('dense algebra', () => {
  it('solves symmetric systems: A x gives b back', () => {
    fc.assert(
      fc.property(
        matrix(5),
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (a, b) => {
          const x = solveSymmetric(Float64Array.from(a), Float64Array.from(b));
          for (let i = 0; i < 5; i++) {
            let sum = 0;
            for (let k = 0; k < 5; k++) sum += a[i * 5 + k]! * x[k]!;
            expect(sum).toBeCloseTo(b[i]!, 6);
          }
        },
      ),
    );
  });

  it('finds eigenvectors: A v = lambda v, orthonormal, values descending', () => {
    fc.assert(
      fc.property(matrix(6), (a) => {
        const { values, vectors } = eigenSymmetric(a, 6);
        for (let i = 0; i < 6; i++) {
          if (i > 0) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]! + 1e-12);
          for (let r = 0; r < 6; r++) {
            let sum = 0;
            for (let k = 0; k < 6; k++) sum += a[r * 6 + k]! * vectors[i * 6 + k]!;
            expect(sum).toBeCloseTo(values[i]! * vectors[i * 6 + r]!, 8);
          }
          for (let j = 0; j < 6; j++) {
            let dot = 0;
            for (let k = 0; k < 6; k++) dot += vectors[i * 6 + k]! * vectors[j * 6 + k]!;
            expect(dot).toBeCloseTo(i === j ? 1 : 0, 9);
          }
        }
      }),
    );
  });

  it('descends to a point where no coordinate wants to move (the conditions of Karush, Kuhn and Tucker)', () => {
    fc.assert(
      fc.property(
        matrix(4),
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (a, b) => {
          const settings = { alpha: 0.1, l1Ratio: 0.7, tolerance: 1e-14, maxIterations: 1_000_000 };
          const target = 1000;
          const { weights } = elasticNetDescent(a, Float64Array.from(b), target, 1, settings);
          for (let j = 0; j < 4; j++) {
            let gradient = -b[j]! + 0.1 * 0.3 * weights[j]!;
            for (let k = 0; k < 4; k++) gradient += a[j * 4 + k]! * weights[k]!;
            if (weights[j] === 0) expect(Math.abs(gradient)).toBeLessThanOrEqual(0.07 + 1e-6);
            else expect(gradient).toBeCloseTo(-0.07 * Math.sign(weights[j]!), 5);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
