import type { Value } from './graph.ts';
import { add, div, min, mul, reduceSum, scalarLike, scale, sqrt, sub } from './ops/index.ts';

/** Adam, Kingma and Ba (2015), with the decoupled weight decay of Loshchilov and Hutter (2019). */
export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Fraction of a parameter taken away per unit of learning rate and step; 0 is plain Adam. */
  readonly weightDecay: number;
  /** Largest Euclidean norm of the whole gradient; 0 is no limit. */
  readonly clipNorm: number;
}

/** What a step does with the gradients. */
export interface OptimizerSettings extends AdamSettings {
  /**
   * `adam` adds the weight decay to the gradient, `adamw` takes it from the weights (decoupled), `sgd` moves along
   * the gradient with `momentum`.
   */
  readonly kind: 'adam' | 'adamw' | 'sgd';
  /** Of `sgd`: share of the last movement that is kept; 0 is none. */
  readonly momentum: number;
  /** Decay of an exponential moving average of the weights, which then is what is validated and kept; 0 is none. */
  readonly averageDecay: number;
}

export const ADAM_DEFAULTS: AdamSettings = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 0,
};

export const OPTIMIZER_DEFAULTS: OptimizerSettings = {
  ...ADAM_DEFAULTS,
  kind: 'adamw',
  momentum: 0.9,
  averageDecay: 0,
};

/**
 * The numbers of a step that change from step to step, one entry per step of a chunk.
 *
 * The graph carries the moments without their (1 - beta) factors, M = m / (1 - beta1), V = v / (1 - beta2), which
 * saves two passes over the parameters; these factors, the bias corrections and the learning rate meet in
 *   p <- keep p - stepSize M / (sqrt(V) + epsilon).
 * They are computed in double precision: 1 - 0.999^t in float32 is wrong in the fifth digit at first.
 */
export interface StepSchedule {
  readonly stepSize: Float32Array;
  readonly epsilon: Float32Array;
  readonly keep: Float32Array;
}

/**
 * @param firstStep steps done before the chunk (0 at the start)
 * @param learningRate by step, counted from 0
 */
export function adamSchedule(
  settings: AdamSettings,
  firstStep: number,
  steps: number,
  learningRate: (step: number) => number,
): StepSchedule {
  const { beta1, beta2 } = settings;
  const schedule = {
    stepSize: new Float32Array(steps),
    epsilon: new Float32Array(steps),
    keep: new Float32Array(steps),
  };
  for (let i = 0; i < steps; i++) {
    const t = firstStep + i + 1;
    const rate = learningRate(firstStep + i);
    const secondScale = Math.sqrt((1 - beta2) / (1 - beta2 ** t));
    schedule.stepSize[i] = (rate * (1 - beta1)) / ((1 - beta1 ** t) * secondScale);
    schedule.epsilon[i] = settings.epsilon / secondScale;
    schedule.keep[i] = 1 - rate * settings.weightDecay;
  }
  return schedule;
}

/** The schedule's entries of the current step, scalars. */
export interface StepScalars {
  readonly stepSize: Value;
  readonly epsilon: Value;
  /** Left out without weight decay. */
  readonly keep?: Value;
}

/** Emits one update of a tensor: [parameter, first moment, second moment] after the step. */
export function adamUpdate(
  parameter: Value,
  first: Value,
  second: Value,
  gradient: Value,
  scalars: StepScalars,
  settings: AdamSettings,
): readonly [Value, Value, Value] {
  const m = add(scale(first, settings.beta1), gradient);
  const v = add(scale(second, settings.beta2), mul(gradient, gradient));
  const direction = div(m, add(sqrt(v), scalars.epsilon));
  const kept = scalars.keep ? mul(parameter, scalars.keep) : parameter;
  return [sub(kept, mul(direction, scalars.stepSize)), m, v];
}

/** Emits the Euclidean norm of all gradients together. */
export function gradientNorm(gradients: readonly Value[]): Value {
  const squares = gradients.map((g) => reduceSum(mul(g, g)));
  return sqrt(squares.reduce(add));
}

/** Emits the scaling of all gradients by min(1, limit / norm). */
export function clipByNorm(gradients: readonly Value[], norm: Value, limit: number): readonly Value[] {
  const factor = min(scalarLike(norm, 1), div(scalarLike(norm, limit), add(norm, scalarLike(norm, 1e-12))));
  return gradients.map((g) => mul(g, factor));
}
