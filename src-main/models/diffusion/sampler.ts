import { normal, type Rng } from '../../../src-shared/runtime.ts';
import {
  alphaBarBefore,
  type NoiseSchedule,
  noiseAngle,
  posteriorVariance,
  sampledSteps,
} from './schedule.ts';

/**
 * Predicts the noise in x at step t for a batch of series.
 * @param x [count * length]
 * @returns as long as x
 */
export type Denoiser = (x: Float32Array, t: number) => Promise<Float32Array>;

export interface SampleOptions {
  readonly schedule: NoiseSchedule;
  /** Predicted clean values are limited to ±clip, as Ho et al. limit theirs to the range of the data. */
  readonly clip: number;
}

const clipped = (value: number, clip: number): number => Math.max(-clip, Math.min(clip, value));

/** The clean value that a noise prediction amounts to: (x - sqrt(1 - alphaBar) noise) / sqrt(alphaBar), limited. */
function cleanValue(x: number, noise: number, alphaBar: number, clip: number): number {
  return clipped((x - Math.sqrt(1 - alphaBar) * noise) / Math.sqrt(alphaBar), clip);
}

/** Standard normal values. */
export function noiseOf(length: number, rng: Rng): Float32Array {
  return Float32Array.from({ length }, () => normal(rng));
}

/**
 * Ancestral sampling through every step: algorithm 2 of Ho, Jain and Abbeel (2020), with the posterior variance.
 * @param start noise to begin with
 * @returns samples, as long as `start`
 */
export async function ddpmSample(
  denoise: Denoiser,
  start: Float32Array,
  rng: Rng,
  { schedule, clip }: SampleOptions,
): Promise<Float32Array> {
  const x = start.slice();
  for (let t = schedule.steps - 1; t >= 0; t--) {
    const noise = await denoise(x, t);
    const alphaBar = schedule.alphaBars[t]!;
    const before = alphaBarBefore(schedule, t);
    const beta = schedule.betas[t]!;
    // Mean of x_(t-1) given x_t and x_0: equation 7.
    const ofClean = (Math.sqrt(before) * beta) / (1 - alphaBar);
    const ofNoisy = (Math.sqrt(1 - beta) * (1 - before)) / (1 - alphaBar);
    const deviation = Math.sqrt(posteriorVariance(schedule, t));
    for (let i = 0; i < x.length; i++) {
      const clean = cleanValue(x[i]!, noise[i]!, alphaBar, clip);
      const fresh = t > 0 ? deviation * normal(rng) : 0;
      x[i] = ofClean * clean + ofNoisy * x[i]! + fresh;
    }
  }
  return x;
}

export const SOLVERS = ['ddim', 'multistep'] as const;
export type Solver = (typeof SOLVERS)[number];

/** What a step of a deterministic sampler does with x and the velocity: x' = ofX x + ofVelocity v + ofLast (v - v before). */
export interface SolverStep {
  readonly t: number;
  readonly ofX: number;
  readonly ofVelocity: number;
  /** 0 in the first step. */
  readonly ofLast: number;
}

/**
 * Steps of a deterministic sampler. With x_t = cos(angle) x_0 + sin(angle) noise and the velocity
 * v = cos(angle) noise - sin(angle) x_0, the probability flow is dx / d angle = v (Salimans and Ho 2022).
 *
 * `ddim` turns x by the angle, x' = cos(d) x + sin(d) v: Song, Meng and Ermon (2021), equation 12 with eta 0. It is
 * exact where one x_0 is possible, and of a normal distribution of variance 1 it leaves cos(d) of the deviation per step:
 * 86 % after 8. `multistep` follows the flow by the two-step method of Adams and Bashforth, as Liu et al. (2022)
 * do, which is exact for that distribution and off by the square of the angle for others.
 */
export function solverSteps(schedule: NoiseSchedule, count: number, solver: Solver): SolverStep[] {
  const visited = sampledSteps(schedule, count);
  const angles = [...visited.map((t) => noiseAngle(schedule, t)), 0];
  return visited.map((t, i) => {
    const turn = angles[i + 1]! - angles[i]!;
    if (solver === 'ddim') return { t, ofX: Math.cos(turn), ofVelocity: Math.sin(turn), ofLast: 0 };
    const ofLast = i === 0 ? 0 : turn ** 2 / (2 * (angles[i]! - angles[i - 1]!));
    return { t, ofX: 1, ofVelocity: turn, ofLast };
  });
}

/**
 * Deterministic sampling through few steps, see `solverSteps`.
 * @param start noise to begin with: the sample is a function of it
 * @param count steps visited
 */
export async function solve(
  denoise: Denoiser,
  start: Float32Array,
  { count, solver }: { readonly count: number; readonly solver: Solver },
  { schedule, clip }: SampleOptions,
): Promise<Float32Array> {
  const x = start.slice();
  const before = new Float32Array(x.length);
  for (const { t, ofX, ofVelocity, ofLast } of solverSteps(schedule, count, solver)) {
    const noise = await denoise(x, t);
    const alphaBar = schedule.alphaBars[t]!;
    for (let k = 0; k < x.length; k++) {
      const clean = cleanValue(x[k]!, noise[k]!, alphaBar, clip);
      // The velocity that goes with the limited clean value.
      const velocity = (Math.sqrt(alphaBar) * x[k]! - clean) / Math.sqrt(1 - alphaBar);
      x[k] = ofX * x[k]! + ofVelocity * velocity + ofLast * (velocity - before[k]!);
      before[k] = velocity;
    }
  }
  return x.map((v) => clipped(v, clip));
}
