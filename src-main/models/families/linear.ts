import { z } from 'zod';
import { FrontierError } from '../../../src-shared/errors.ts';
import { Graph } from '../../tensor/graph.ts';
import { gemm, reshape } from '../../tensor/ops/index.ts';
import type { SolveData, SolvedFamily, SolvedModel } from '../family.ts';
import {
  type Components,
  componentsOf,
  type Moments,
  meanSquares,
  momentsOf,
  project,
  unproject,
} from '../linear/design.ts';
import { elasticNetDescent, solveSymmetric } from '../linear/matrix.ts';

/** A flattened window of more columns would take minutes to sum. */
const MOST_COLUMNS = 2048;
const MOST_PCA_COLUMNS = 1024;

const components = z
  .number()
  .min(0)
  .max(MOST_PCA_COLUMNS)
  .refine(
    (v) => v < 1 || Number.isInteger(v),
    'A whole number of components, or a share of variance below 1.',
  )
  .default(0)
  .describe('Principal components to keep: a count, a share of variance below 1, or 0 for none.');

const ridgeSchema = z.strictObject({
  alpha: z
    .number()
    .min(0)
    .max(1e12)
    .default(1)
    .describe('Penalty on the squared weights; 0 is least squares.'),
  components,
});

const descent = {
  tolerance: z.number().min(1e-15).max(0.1).default(1e-8).describe('Relative gap at which the descent ends.'),
  maxIterations: z.int().min(1).max(1_000_000).default(10_000).describe('Most passes over the weights.'),
  components,
};

const lassoSchema = z.strictObject({
  alpha: z
    .number()
    .min(1e-12)
    .max(1e6)
    .default(0.005)
    .describe('Penalty on the absolute weights: larger leaves fewer features.'),
  ...descent,
});

const elasticNetSchema = z.strictObject({
  alpha: z.number().min(1e-12).max(1e6).default(0.01).describe('Penalty on the weights.'),
  l1Ratio: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.5)
    .describe('Share of the penalty on absolute weights; 1 is lasso.'),
  ...descent,
});

interface Solution {
  readonly weights: Float64Array;
  readonly iterations: number;
  readonly gap?: number;
}

type Solver = (moments: Moments) => Solution;

function checked(data: SolveData, wanted: number): void {
  const columns = data.size.window * data.size.features;
  const most = wanted > 0 ? MOST_PCA_COLUMNS : MOST_COLUMNS;
  if (columns <= most) return;
  throw new FrontierError(
    'BAD_INPUT',
    `A window of ${data.size.window} bars and ${data.size.features} features gives ${columns} weights; at most ${most} are solved${wanted > 0 ? ' with principal components' : ''}.`,
    'Shorten the window, choose fewer features, or use a network.',
  );
}

/** x [batch, window, features] -> y = flattened x times weights + intercept. */
function linearGraph(data: SolveData, weights: Float64Array, intercept: number): Graph {
  const { window, features } = data.size;
  const graph = new Graph('model');
  const x = graph.input('x', 'float32', [1, window, features], ['batch', window, features]);
  const w = graph.constant('float32', [weights.length, 1], Float32Array.from(weights));
  const flat = reshape(x, [-1, weights.length]);
  graph.output('y', gemm(flat, w, graph.constant('float32', [1], [intercept])), ['batch', 1]);
  return graph;
}

function solveWith(data: SolveData, wanted: number, solver: Solver): SolvedModel {
  checked(data, wanted);
  const moments = momentsOf(data, data.trainEnds);
  const kept: Components | undefined = wanted > 0 ? componentsOf(moments, wanted) : undefined;
  const solution = solver(kept ? project(moments, kept) : moments);
  const weights = kept ? unproject(solution.weights, kept, moments.columns) : solution.weights;
  let intercept = moments.targetMean;
  for (let c = 0; c < weights.length; c++) intercept -= weights[c]! * moments.mean[c]!;
  const validation = meanSquares(data, data.validationEnds, weights, intercept);
  return {
    graph: linearGraph(data, weights, intercept),
    parameters: weights.length + 1,
    figures: {
      iterations: solution.iterations,
      trainLoss: meanSquares(data, data.trainEnds, weights, intercept)!,
      ...(validation === undefined ? {} : { validationLoss: validation }),
      nonZero: solution.weights.filter((w) => w !== 0).length,
      ...(solution.gap === undefined ? {} : { dualityGap: solution.gap }),
      ...(kept
        ? { components: kept.count, explainedVariance: kept.explained.reduce((a, b) => a + b, 0) }
        : {}),
    },
  };
}

/**
 * Weights and intercept of a linear family, in double precision.
 * @param alpha penalty, as in scikit-learn's Ridge: |y - X w|^2 + alpha |w|^2
 */
export function ridgeWeights(moments: Moments, alpha: number): Float64Array {
  const { columns } = moments;
  const a = Float64Array.from(moments.gram);
  for (let i = 0; i < columns; i++) a[i * columns + i]! += alpha;
  return solveSymmetric(a, moments.correlation);
}

/** Least squares with a penalty on the squared weights (Hoerl and Kennard, 1970). */
export const ridge: SolvedFamily<z.infer<typeof ridgeSchema>> = {
  name: 'ridge',
  title: 'Ridge regression',
  description: 'Linear weights held small: solved exactly in a moment, hard to beat on a weak signal.',
  role: 'regressor',
  fit: 'solved',
  schema: ridgeSchema,
  solve: async ({ alpha, components: wanted }, data) =>
    solveWith(data, wanted, (moments) => ({ weights: ridgeWeights(moments, alpha), iterations: 1 })),
};

interface Descent {
  readonly alpha: number;
  readonly l1Ratio: number;
  readonly tolerance: number;
  readonly maxIterations: number;
}

function byDescent(settings: Descent): Solver {
  return (moments) => {
    const { gram, correlation, target, samples } = moments;
    const found = elasticNetDescent(gram, correlation, target, samples, settings);
    if (found.iterations < settings.maxIterations) return found;
    throw new FrontierError(
      'REFUSED',
      `The descent did not reach its tolerance in ${settings.maxIterations} passes (gap ${found.gap.toExponential(2)}).`,
      'Raise maxIterations, alpha, or tolerance.',
    );
  };
}

/** Absolute penalty (Tibshirani, 1996): weights of features that say little become exactly zero. */
export const lasso: SolvedFamily<z.infer<typeof lassoSchema>> = {
  name: 'lasso',
  title: 'Lasso',
  description: 'Linear weights of which most become exactly zero: shows which features say anything.',
  role: 'regressor',
  fit: 'solved',
  schema: lassoSchema,
  solve: async (settings, data) =>
    solveWith(data, settings.components, byDescent({ ...settings, l1Ratio: 1 })),
};

/** Both penalties (Zou and Hastie, 2005). */
export const elasticNet: SolvedFamily<z.infer<typeof elasticNetSchema>> = {
  name: 'elasticNet',
  title: 'Elastic net',
  description: 'Between ridge and lasso: few features, and correlated ones share their weight.',
  role: 'regressor',
  fit: 'solved',
  schema: elasticNetSchema,
  solve: async (settings, data) => solveWith(data, settings.components, byDescent(settings)),
};
