import { FrontierError } from '../../../src-shared/errors.ts';

export const NOISE_SCHEDULES = ['linear', 'cosine'] as const;
export type NoiseScheduleName = (typeof NOISE_SCHEDULES)[number];

/** Ends of the linear schedule over 1000 steps, and the steps they are meant for: Ho, Jain and Abbeel (2020). */
const LINEAR_FIRST = 1e-4;
const LINEAR_LAST = 0.02;
const LINEAR_STEPS = 1000;
/** Keeps the first betas of the cosine schedule from vanishing, and the largest beta: Nichol and Dhariwal (2021). */
const COSINE_OFFSET = 0.008;
const LARGEST_BETA = 0.999;
/** With fewer steps the scaled linear schedule would need variances above 1. */
export const LEAST_STEPS = 21;

/**
 * How noise is added over `steps` steps: x_t = sqrt(alphaBar_t) x_0 + sqrt(1 - alphaBar_t) noise, t from 0. Arrays
 * are indexed by t; alphaBar "before step 0" is 1.
 */
export interface NoiseSchedule {
  readonly name: NoiseScheduleName;
  readonly steps: number;
  /** Variance of the noise that step t adds. */
  readonly betas: Float64Array;
  /** Product of (1 - beta) up to and with t. */
  readonly alphaBars: Float64Array;
}

/**
 * Betas rise linearly from 1e-4 to 0.02 over 1000 steps; with other numbers of steps they are scaled by 1000 / steps,
 * so that as much noise is added in all.
 */
function linearBetas(steps: number): Float64Array {
  const scale = LINEAR_STEPS / steps;
  const rise = (LINEAR_LAST - LINEAR_FIRST) / (steps - 1);
  return Float64Array.from({ length: steps }, (_, t) =>
    Math.min(LARGEST_BETA, scale * (LINEAR_FIRST + rise * t)),
  );
}

/** alphaBar follows cos^2 with an offset; beta_t = 1 - alphaBar(t + 1) / alphaBar(t), limited to 0.999. */
function cosineBetas(steps: number): Float64Array {
  const level = (t: number): number =>
    Math.cos(((t / steps + COSINE_OFFSET) / (1 + COSINE_OFFSET)) * (Math.PI / 2)) ** 2;
  return Float64Array.from({ length: steps }, (_, t) => Math.min(LARGEST_BETA, 1 - level(t + 1) / level(t)));
}

/**
 * Makes a noise schedule.
 * @throws FrontierError BAD_INPUT for fewer than 21 steps
 */
export function noiseSchedule(name: NoiseScheduleName, steps: number): NoiseSchedule {
  if (!Number.isInteger(steps) || steps < LEAST_STEPS) {
    throw new FrontierError(
      'BAD_INPUT',
      `a noise schedule of ${steps} steps is not possible`,
      `Use ${LEAST_STEPS} steps or more.`,
    );
  }
  const betas = name === 'linear' ? linearBetas(steps) : cosineBetas(steps);
  const alphaBars = new Float64Array(steps);
  let product = 1;
  betas.forEach((beta, t) => {
    product *= 1 - beta;
    alphaBars[t] = product;
  });
  return { name, steps, betas, alphaBars };
}

/** alphaBar after the step before t: 1 before step 0. */
export const alphaBarBefore = (schedule: NoiseSchedule, t: number): number =>
  t > 0 ? schedule.alphaBars[t - 1]! : 1;

/**
 * What remains random in x_(t-1) when x_t and x_0 are known: beta_t (1 - alphaBar_(t-1)) / (1 - alphaBar_t), equation
 * 7 of Ho et al. (2020). Zero at t = 0.
 */
export function posteriorVariance(schedule: NoiseSchedule, t: number): number {
  return (schedule.betas[t]! * (1 - alphaBarBefore(schedule, t))) / (1 - schedule.alphaBars[t]!);
}

/** x_t = cos(angle) x_0 + sin(angle) noise: half a right angle is as much noise as signal. */
export const noiseAngle = (schedule: NoiseSchedule, t: number): number =>
  Math.acos(Math.sqrt(schedule.alphaBars[t]!));

/**
 * Steps that a shortened sampler visits, from the noisiest one down. They are evenly spaced in `noiseAngle`, the way
 * from the last of them to no noise at all being as long as the others.
 * @throws FrontierError BAD_INPUT where `count` is below 2 or above the schedule's steps
 */
export function sampledSteps(schedule: NoiseSchedule, count: number): number[] {
  if (!Number.isInteger(count) || count < 2 || count > schedule.steps) {
    throw new FrontierError(
      'BAD_INPUT',
      `${count} sampling steps do not fit a schedule of ${schedule.steps}`,
      `Use 2 to ${schedule.steps} sampling steps.`,
    );
  }
  const first = noiseAngle(schedule, schedule.steps - 1);
  const visited = [schedule.steps - 1];
  for (let i = 1; i < count; i++) {
    const wanted = first * (1 - i / count);
    // Each step once, and as many left as are still to come.
    let t = visited[i - 1]! - 1;
    const least = count - 1 - i;
    const apart = (step: number): number => Math.abs(noiseAngle(schedule, step) - wanted);
    while (t > least && apart(t - 1) <= apart(t)) t--;
    visited.push(t);
  }
  return visited;
}

/** Longest period of the time embedding; Vaswani et al. (2017). */
const LONGEST_PERIOD = 10_000;

/**
 * Sinusoidal embedding of every step, [steps, width]: the first half cosines, the second sines, with frequencies
 * falling geometrically from 1 to 1 / 10,000. A table that is looked up costs less than computing it in the graph.
 * @param steps times are stretched to a schedule of 1000 steps, so that few steps are as far apart as many
 * @param width even
 */
export function timeTable(steps: number, width: number): Float32Array {
  const half = width / 2;
  const table = new Float32Array(steps * width);
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < half; i++) {
      const angle = ((t * LINEAR_STEPS) / steps) * LONGEST_PERIOD ** (-i / half);
      table[t * width + i] = Math.cos(angle);
      table[t * width + half + i] = Math.sin(angle);
    }
  }
  return table;
}
