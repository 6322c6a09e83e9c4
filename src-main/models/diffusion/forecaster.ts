import type { Graph, Value } from '../../tensor/graph.ts';
import { everyStep, type ModelScope } from '../../tensor/model.ts';
import {
  add,
  conv1d,
  gather,
  gemm,
  max,
  min,
  mul,
  reduceMean,
  reshape,
  scalarLike,
  scale,
  silu,
  slice,
  sub,
  transpose,
} from '../../tensor/ops/index.ts';
import { heNormal, zeros } from '../../tensor/parameters.ts';
import { startingNoise } from './noise.ts';
import { quantileWeights, sortPaths } from './quantiles.ts';
import { type Solver, solverSteps } from './sampler.ts';
import { type NoiseSchedule, timeTable } from './schedule.ts';
import { dense, type Parameters, type UnetSizes, unet } from './unet.ts';

/** What the loss minds, see `denoisingLoss`. */
export const LOSS_WEIGHTINGS = ['noise', 'velocity'] as const;

/** A denoising network that knows the window its series follows. */
export interface DenoiserSettings extends UnetSizes {
  readonly schedule: NoiseSchedule;
  readonly weighting: (typeof LOSS_WEIGHTINGS)[number];
  /** Channels of the convolutions that read the window. */
  readonly encoderChannels: number;
}

/** Windows are halved until they are at most this long. */
const ENCODED_STEPS = 4;

/** Reads the window by strided convolutions: [rows, window, features] -> [rows, embedding]. */
export function encodeWindow(parameter: Parameters, settings: DenoiserSettings, window: Value): Value {
  let x = transpose(window, [0, 2, 1]);
  for (let level = 0; x.shape[2]! > ENCODED_STEPS; level++) {
    const inputs = x.shape[1]!;
    const { encoderChannels: outputs } = settings;
    const w = parameter(`encoder${level}.weight`, [outputs, inputs, 5], heNormal(5 * inputs));
    const b = parameter(`encoder${level}.bias`, [outputs], zeros);
    x = silu(conv1d(x, w, b, { stride: 2, padBefore: 2, padAfter: 2 }));
  }
  const flat = reshape(x, [-1, x.shape[1]! * x.shape[2]!]);
  return dense(parameter, 'encoder', flat, settings.embedding, heNormal(flat.shape[1]!));
}

/** The embedding of step numbers, int32 [rows] or a constant row [1, embedding] for one step known beforehand. */
function embedTimes(
  parameter: Parameters,
  settings: DenoiserSettings,
  times: Value | number,
  like: Value,
): Value {
  const { schedule, embedding } = settings;
  const table = timeTable(schedule.steps, embedding);
  const { graph } = like;
  const rows =
    typeof times === 'number'
      ? graph.constant('float32', [1, embedding], table.slice(times * embedding, (times + 1) * embedding))
      : gather(graph.constant('float32', [schedule.steps, embedding], table), times);
  const hidden = silu(dense(parameter, 'time1', rows, embedding, heNormal(embedding)));
  return dense(parameter, 'time2', hidden, embedding, heNormal(embedding));
}

/** A figure of each step of the schedule, for steps int32 [rows] or one known beforehand: [rows, 1] or a scalar. */
function levelAt(
  schedule: NoiseSchedule,
  times: Value | number,
  graph: Graph,
  of: (alphaBar: number) => number,
): Value {
  const { steps, alphaBars } = schedule;
  if (typeof times === 'number') return graph.scalar(of(alphaBars[times]!));
  return gather(graph.constant('float32', [steps, 1], Float32Array.from(alphaBars, of)), times);
}

const root = (alphaBar: number): number => Math.sqrt(alphaBar);
const rootOfRest = (alphaBar: number): number => Math.sqrt(1 - alphaBar);

/** Series at a step of the schedule, and the window they follow. */
interface Noisy {
  /** [rows * paths, length] */
  readonly x: Value;
  /** int32 [rows], or one step for all. */
  readonly times: Value | number;
  /** What `encodeWindow` gives, [rows, embedding]. */
  readonly condition: Value;
  /** Series per row. Default 1. */
  readonly paths?: number;
}

/** What the network gives: the velocity sqrt(alphaBar) noise - sqrt(1 - alphaBar) x_0, Salimans and Ho (2022). */
function velocityOf(parameter: Parameters, settings: DenoiserSettings, noisy: Noisy): Value {
  const { x, times, condition, paths = 1 } = noisy;
  const embedding = silu(add(embedTimes(parameter, settings, times, condition), condition));
  return unet(parameter, settings, x, embedding, paths);
}

/**
 * Predicts the noise in series at a step of the schedule: sqrt(1 - alphaBar) x + sqrt(alphaBar) velocity. Where
 * nearly all is noise, a network that gave the noise itself would have to copy its input exactly: its error grows by
 * 1 / sqrt(alphaBar) on the way to x_0, and samplers of few steps begin there.
 * @returns [rows * paths, length]
 */
export function denoise(parameter: Parameters, settings: DenoiserSettings, noisy: Noisy): Value {
  const { x, times } = noisy;
  const level = (of: (alphaBar: number) => number): Value => levelAt(settings.schedule, times, x.graph, of);
  const ofInput = mul(x, level(rootOfRest));
  return add(ofInput, mul(velocityOf(parameter, settings, noisy), level(root)));
}

/** The scope's window as the encoder wants it. */
export const wholeWindow = (scope: ModelScope): Value => scope.rowsAt(everyStep(scope.window));

/**
 * The denoising loss of each row, [rows], at x_t = sqrt(alphaBar_t) x_0 + sqrt(1 - alphaBar_t) noise: with the weighting
 * `noise` the mean square of noise minus predicted noise, equation 14 of Ho, Jain and Abbeel (2020), which is alphaBar
 * times that of the velocities; with `velocity` the latter as it is, which minds the noisy end as much.
 * @param input `clean` and standard normal `noise` [rows, length], `times` int32 [rows], `condition` [rows, embedding]
 */
export function denoisingLoss(
  parameter: Parameters,
  settings: DenoiserSettings,
  input: { readonly clean: Value; readonly times: Value; readonly noise: Value; readonly condition: Value },
): Value {
  const { clean, times, noise, condition } = input;
  const level = (of: (alphaBar: number) => number): Value =>
    levelAt(settings.schedule, times, clean.graph, of);
  const [ofSignal, ofNoise] = [level(root), level(rootOfRest)];
  const x = add(mul(clean, ofSignal), mul(noise, ofNoise));
  const velocity = sub(mul(noise, ofSignal), mul(clean, ofNoise));
  const residual = sub(velocityOf(parameter, settings, { x, times, condition }), velocity);
  const loss = reduceMean(mul(residual, residual), [1]);
  if (settings.weighting === 'velocity') return loss;
  return mul(
    loss,
    reshape(
      level((alphaBar) => alphaBar),
      [-1],
    ),
  );
}

/** How futures are drawn inside the inference graph. */
export interface FanSettings {
  /** Denoising steps. */
  readonly samplingSteps: number;
  readonly solver: Solver;
  /** Futures drawn per window, a power of 2. */
  readonly paths: number;
  /** Predicted clean values are limited to ±clip. */
  readonly clip: number;
  /** Seeds the starting noise, which is the same for every window. */
  readonly seed: number;
}

const limit = (x: Value, clip: number): Value => max(min(x, scalarLike(x, clip)), scalarLike(x, -clip));

/**
 * Futures of each row by a deterministic sampler (see `solve`), unrolled into the graph: one and the same function of the
 * window each time it is asked.
 * @param condition [rows, embedding]
 * @returns [rows, paths, length]
 */
export function drawFutures(
  parameter: Parameters,
  settings: DenoiserSettings,
  fan: FanSettings,
  condition: Value,
): Value {
  const { schedule, length } = settings;
  const { paths, clip } = fan;
  const start = condition.graph.constant('float32', [1, paths, length], startingNoise(fan, length));
  // The rows of a batch are known when the graph runs only: a zero of each row repeats the noise for it.
  const nothing = scale(reshape(slice(condition, 1, 0, 1), [-1, 1, 1]), 0);
  let x = reshape(add(nothing, start), [-1, length]);
  let before: Value | undefined;
  for (const { t, ofX, ofVelocity, ofLast } of solverSteps(schedule, fan.samplingSteps, fan.solver)) {
    const alphaBar = schedule.alphaBars[t]!;
    const ofSignal = scale(x, root(alphaBar));
    const raw = velocityOf(parameter, settings, { x, times: t, condition, paths });
    const clean = limit(sub(ofSignal, scale(raw, rootOfRest(alphaBar))), clip);
    const velocity = scale(sub(ofSignal, clean), 1 / rootOfRest(alphaBar));
    const moved = add(scale(x, ofX), scale(velocity, ofVelocity + (before ? ofLast : 0)));
    x = before && ofLast !== 0 ? sub(moved, scale(before, ofLast)) : moved;
    before = velocity;
  }
  return reshape(limit(x, clip), [-1, paths, length]);
}

/**
 * Quantiles over the futures of the way covered so far.
 * @param futures single steps, [rows, paths, length]
 * @param levels of the fan
 * @param ends levels of the value at the horizon
 * @returns `fan` [rows, levels, length] in units of one step; `end` [rows, ends] in units of the root of `length` steps
 */
export function quantileFan(
  futures: Value,
  levels: readonly number[],
  ends: readonly number[],
): { readonly fan: Value; readonly end: Value } {
  const [paths, length] = [futures.shape[1]!, futures.shape[2]!];
  const { graph } = futures;
  const upTo = Float32Array.from({ length: length * length }, (_, i) =>
    Math.floor(i / length) <= i % length ? 1 : 0,
  );
  const covered = gemm(reshape(futures, [-1, length]), graph.constant('float32', [length, length], upTo));
  const sorted = sortPaths(reshape(covered, [-1, paths, length]));
  const weights = (wanted: readonly number[], unit = 1): Value =>
    graph.constant(
      'float32',
      [paths, wanted.length],
      quantileWeights(paths, wanted).map((w) => w / unit),
    );
  const columns = reshape(transpose(sorted, [0, 2, 1]), [-1, paths]);
  const fan = transpose(reshape(gemm(columns, weights(levels)), [-1, length, levels.length]), [0, 2, 1]);
  const last = reshape(slice(sorted, 2, length - 1, length), [-1, paths]);
  return { fan, end: gemm(last, weights(ends, Math.sqrt(length))) };
}
