import { apply, type Value } from '../graph.ts';
import { abs, add, div, exp, max, mul, neg, relu, scalarLike, sign, sqrt, sub } from './elementwise.ts';
import { scale } from './matrix.ts';
import { reduceMean, reduceSum, stopGradient } from './reduce.ts';
import { logSoftmax, softmax, softplus } from './smooth.ts';

/**
 * Mean squared error: mean((prediction - target)^2).
 * @param axes to average over, default all; so for the other losses
 */
export function meanSquaredError(prediction: Value, target: Value, axes?: readonly number[]): Value {
  const residual = sub(prediction, target);
  return averaged(mul(residual, residual), axes);
}

/** Mean absolute error. */
export function meanAbsoluteError(prediction: Value, target: Value, axes?: readonly number[]): Value {
  return averaged(abs(sub(prediction, target)), axes);
}

/**
 * Huber's (1964) loss: r^2/2 for |r| <= delta, delta (|r| - delta/2) beyond, averaged.
 * Written as c (|r| - c/2) with c = min(|r|, delta), which needs no branch.
 */
export function huberLoss(prediction: Value, target: Value, delta = 1, axes?: readonly number[]): Value {
  const size = abs(sub(prediction, target));
  const clipped = apply('Min', [size, scalarLike(size, delta)]);
  return averaged(mul(clipped, sub(size, scale(clipped, 0.5))), axes);
}

/**
 * Quantile (pinball) loss of Koenker and Bassett (1978): mean(max(q r, (q - 1) r)), r = target - prediction.
 * @param quantiles one level in (0, 1) per output column
 */
export function quantileLoss(
  prediction: Value,
  target: Value,
  quantiles: readonly number[],
  axes?: readonly number[],
): Value {
  const residual = sub(target, prediction);
  const levels = (values: readonly number[]): Value =>
    residual.graph.constant(residual.dtype, [values.length], values);
  const upper = mul(residual, levels(quantiles));
  const lower = mul(residual, levels(quantiles.map((q) => q - 1)));
  return averaged(max(upper, lower), axes);
}

/** The mean over axes: all by default, none (the losses as they are) for an empty list. */
function averaged(losses: Value, axes?: readonly number[]): Value {
  return axes?.length === 0 ? losses : reduceMean(losses, axes);
}

/** The losses below work on the last axis as a whole (classes, bins, dimensions); this averages what is left. */
const overLast = (terms: Value, axes?: readonly number[]): Value => averaged(reduceSum(terms, [-1]), axes);

/**
 * Cross-entropy of logits [..., classes] against a distribution of the same shape: -sum(target log softmax(logits)).
 * @param axes to average over, of the axes before the classes; default all, `[]` gives one loss per row
 */
export function softmaxCrossEntropy(logits: Value, target: Value, axes?: readonly number[]): Value {
  return neg(overLast(mul(target, logSoftmax(logits)), axes));
}

/**
 * Binary cross-entropy of logits against targets in [0, 1]: softplus(x) - x y, which does not overflow.
 * @param axes to average over, default all
 */
export function binaryCrossEntropy(logits: Value, target: Value, axes?: readonly number[]): Value {
  return averaged(sub(softplus(logits), mul(logits, target)), axes);
}

/**
 * Kullback-Leibler divergence KL(p || q) = sum p (log p - log q) of distributions given by logits [..., classes].
 * @param axes as of `softmaxCrossEntropy`
 */
export function categoricalDivergence(p: Value, q: Value, axes?: readonly number[]): Value {
  const logP = logSoftmax(p);
  return overLast(mul(exp(logP), sub(logP, logSoftmax(q))), axes);
}

/** A Gaussian with independent dimensions [..., dimensions]: means and logarithms of the variances. */
export interface DiagonalGaussian {
  readonly mean: Value;
  readonly logVariance: Value;
}

/**
 * KL(p || q) of diagonal Gaussians, summed over the dimensions:
 *   1/2 sum(log vq - log vp + (vp + (mp - mq)^2) / vq - 1).
 * @param q default the standard normal distribution
 * @param axes as of `softmaxCrossEntropy`
 */
export function gaussianDivergence(
  p: DiagonalGaussian,
  q?: DiagonalGaussian,
  axes?: readonly number[],
): Value {
  const one = scalarLike(p.mean, 1);
  const distance = q ? sub(p.mean, q.mean) : p.mean;
  const spread = add(exp(p.logVariance), mul(distance, distance));
  const terms = q
    ? sub(add(mul(spread, exp(neg(q.logVariance))), q.logVariance), add(p.logVariance, one))
    : sub(spread, add(p.logVariance, one));
  return scale(overLast(terms, axes), 0.5);
}

/** Evenly spaced values that a distribution over `bins` stands for, from `low` to `high`. */
export interface Support {
  readonly low: number;
  readonly high: number;
  readonly bins: number;
}

const stepOf = ({ low, high, bins }: Support): number => (high - low) / (bins - 1);

/**
 * Values as distributions over a support: the two bins next to a value share its weight so that the mean of the
 * distribution is the value (MuZero, Schrittwieser et al. 2020, appendix F). Values outside count as its ends. No
 * gradient flows into the values.
 * @param values [...]
 * @returns [..., bins]
 */
export function twoHot(values: Value, support: Support): Value {
  const { low, high, bins } = support;
  const at = (x: number): Value => scalarLike(values, x);
  const inside = apply('Min', [apply('Max', [stopGradient(values), at(low)]), at(high)]);
  const position = mul(sub(inside, at(low)), at(1 / stepOf(support)));
  const places = values.graph.constant(
    values.dtype,
    [bins],
    Array.from({ length: bins }, (_, i) => i),
  );
  const distance = abs(sub(withLastAxis(position), places));
  return stopGradient(relu(sub(at(1), distance)));
}

/** By -1, because the batch is not known in an inference graph. */
const withLastAxis = (a: Value): Value =>
  apply('Reshape', [a], { shape: [-1, ...a.shape.slice(1), 1].slice(a.shape.length === 0 ? 1 : 0) });

/**
 * The mean of distributions over a support given by logits [..., bins].
 * @returns [...]
 */
export function expectedValue(logits: Value, support: Support): Value {
  const values = Array.from({ length: support.bins }, (_, i) => support.low + i * stepOf(support));
  const column = logits.graph.constant(logits.dtype, [support.bins], values);
  return reduceSum(mul(softmax(logits), column), [-1]);
}

/** Weight of the linear part of the value transform, which makes its inverse Lipschitz continuous. */
const TRANSFORM_EPSILON = 0.001;

/** MuZero's scaling of values, h(x) = sign(x)(sqrt(|x| + 1) - 1) + eps x (Pohlen et al. 2018). */
export function transformValue(x: Value, epsilon = TRANSFORM_EPSILON): Value {
  const one = scalarLike(x, 1);
  return add(mul(sign(x), sub(sqrt(add(abs(x), one)), one)), scale(x, epsilon));
}

/**
 * The inverse of `transformValue`: sign(y)(((sqrt(1 + 4 eps(|y| + 1 + eps)) - 1) / (2 eps))^2 - 1), written as a
 * quotient without the difference that loses half of the digits for a small epsilon.
 */
export function untransformValue(y: Value, epsilon = TRANSFORM_EPSILON): Value {
  const one = scalarLike(y, 1);
  const shifted = add(abs(y), scalarLike(y, 1 + epsilon));
  const root = sqrt(add(scale(shifted, 4 * epsilon), one));
  const quotient = div(scale(shifted, 2), add(root, one));
  return mul(sign(y), sub(mul(quotient, quotient), one));
}
