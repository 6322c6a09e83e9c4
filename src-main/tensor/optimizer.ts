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
   * the gradient with `momentum` and adds the weight decay to it.
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

/** Letters of the vectors an optimiser carries per parameter: moments `m` and `v` of Adam, movement `m` of SGD. */
export function slotNames({ kind, momentum }: OptimizerSettings): readonly string[] {
  if (kind !== 'sgd') return ['m', 'v'];
  return momentum > 0 ? ['m'] : [];
}

/**
 * The numbers of a step that change from step to step, one entry per step of a chunk.
 *
 * The graph carries the moments without their (1 - beta) factors, M = m / (1 - beta1), V = v / (1 - beta2), which
 * saves two passes over the parameters; these factors, the bias corrections and the learning rate meet in
 *   p <- keep p - stepSize M / (sqrt(V) + epsilon).
 * They are computed in double precision: 1 - 0.999^t in float32 is wrong in the fifth digit at first.
 * SGD is p <- keep p - stepSize M.
 */
export interface StepSchedule {
  /** Learning rate times `correction`. */
  readonly stepSize: Float32Array;
  readonly rate: Float32Array;
  /** What Adam multiplies the rate with; 1 for SGD. */
  readonly correction: Float32Array;
  readonly epsilon: Float32Array;
  readonly keep: Float32Array;
  /** Share of the present weights that enters their moving average. */
  readonly share: Float32Array;
}

/**
 * Decay of the moving average after `updates` updates: it starts at the initial weights and follows the training
 * faster at first, min(decay, (1 + n) / (10 + n)), so that a short run does not keep what it began with (the rule of
 * TensorFlow's `ExponentialMovingAverage` with `num_updates`).
 */
export const averageDecayAt = (decay: number, updates: number): number =>
  Math.min(decay, (1 + updates) / (10 + updates));

/** True where the decay acts on the weights by a factor, false where it is added to the gradient or there is none. */
export const decaysWeights = ({ kind, weightDecay }: OptimizerSettings): boolean =>
  kind === 'adamw' && weightDecay > 0;

/**
 * @param firstStep steps done before the chunk (0 at the start)
 * @param learningRate by step, counted from 0
 * @param skipped steps before the chunk that did not update: the corrections count updates
 */
export function stepSchedule(
  settings: OptimizerSettings,
  firstStep: number,
  steps: number,
  learningRate: (step: number) => number,
  skipped = 0,
): StepSchedule {
  const vector = (): Float32Array => new Float32Array(steps);
  const schedule = {
    stepSize: vector(),
    rate: vector(),
    correction: vector(),
    epsilon: vector(),
    keep: vector(),
    share: vector(),
  };
  for (let i = 0; i < steps; i++) {
    const updates = firstStep - skipped + i;
    const rate = learningRate(firstStep + i);
    const { correction, epsilon } = adamCorrection(settings, updates + 1);
    schedule.rate[i] = rate;
    schedule.correction[i] = correction;
    schedule.stepSize[i] = rate * correction;
    schedule.epsilon[i] = epsilon;
    schedule.keep[i] = decaysWeights(settings) ? 1 - rate * settings.weightDecay : 1;
    schedule.share[i] = 1 - averageDecayAt(settings.averageDecay, updates);
  }
  return schedule;
}

/** Bias corrections and (1 - beta) factors of update `t`, from 1, as factors of the rate and of epsilon. */
function adamCorrection(
  { kind, beta1, beta2, epsilon }: OptimizerSettings,
  t: number,
): { correction: number; epsilon: number } {
  if (kind === 'sgd') return { correction: 1, epsilon: 0 };
  const secondScale = Math.sqrt((1 - beta2) / (1 - beta2 ** t));
  return { correction: (1 - beta1) / ((1 - beta1 ** t) * secondScale), epsilon: epsilon / secondScale };
}

/** The schedule's entries of the current step, scalars. */
export interface StepScalars {
  readonly stepSize: Value;
  /** Of Adam. */
  readonly epsilon?: Value;
  /** Left out where the weights do not decay by themselves. */
  readonly keep?: Value;
  /** Left out where no average is kept. */
  readonly share?: Value;
}

/** What is carried of one tensor of parameters. */
export interface CarriedParameter {
  readonly parameter: Value;
  /** In the order of `slotNames`. */
  readonly slots: readonly Value[];
  readonly average?: Value;
}

/**
 * Emits one update of a tensor.
 * @param gradient of the parameter's shape, clipped where that is wanted
 */
export function updateParameter(
  carried: CarriedParameter,
  gradient: Value,
  scalars: StepScalars,
  settings: OptimizerSettings,
): CarriedParameter {
  const { parameter, average } = carried;
  const added = settings.weightDecay > 0 && !decaysWeights(settings);
  const pull = added ? add(gradient, scale(parameter, settings.weightDecay)) : gradient;
  const { direction, slots } = directionOf(carried.slots, pull, scalars, settings);
  const kept = scalars.keep ? mul(parameter, scalars.keep) : parameter;
  const next = sub(kept, mul(direction, scalars.stepSize));
  if (!average || !scalars.share) return { parameter: next, slots };
  return { parameter: next, slots, average: add(average, mul(sub(next, average), scalars.share)) };
}

function directionOf(
  slots: readonly Value[],
  gradient: Value,
  scalars: StepScalars,
  settings: OptimizerSettings,
): { direction: Value; slots: readonly Value[] } {
  const [first, second] = slots;
  if (settings.kind === 'sgd') {
    const movement = first ? add(scale(first, settings.momentum), gradient) : gradient;
    return { direction: movement, slots: first ? [movement] : [] };
  }
  const m = add(scale(first!, settings.beta1), gradient);
  const v = add(scale(second!, settings.beta2), mul(gradient, gradient));
  return { direction: div(m, add(sqrt(v), scalars.epsilon!)), slots: [m, v] };
}

/** Emits the Euclidean norm of all gradients together. */
export function gradientNorm(gradients: readonly Value[]): Value {
  const squares = gradients.map((g) => reduceSum(mul(g, g)));
  return sqrt(squares.reduce(add));
}

/** Emits min(1, limit / norm), the factor that limits a gradient's norm. */
export function clipFactor(norm: Value, limit: number): Value {
  return min(scalarLike(norm, 1), div(scalarLike(norm, limit), add(norm, scalarLike(norm, 1e-12))));
}
