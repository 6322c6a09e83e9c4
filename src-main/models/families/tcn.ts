import { z } from 'zod';
import type { Value } from '../../tensor/graph.ts';
import { type BuildOptions, everyStep, type ForwardModel, type ModelSize } from '../../tensor/model.ts';
import { add, gather, gemm, padAxis, reshape } from '../../tensor/ops/index.ts';
import { checkpointed } from '../../tensor/recompute.ts';
import type { GradientFamily } from '../family.ts';
import { activate, activationSchema, outputLayer } from './layers.ts';
import { type ConvParameters, everyLevel, type LevelParameters, levelParameters } from './tcnLevels.ts';
import { checkLayout, inLayout } from './tcnSeries.ts';

const schema = z.strictObject({
  /** Channels of every level. Default 16. */
  channels: z.int().min(1).max(1024).default(16),
  /** Convolution levels; level i is dilated by 2^i, so the model sees 1 + convsPerLevel (kernelSize - 1)(2^levels - 1) steps. Default 3. */
  levels: z.int().min(1).max(12).default(3),
  /** Taps of each convolution. Default 3. */
  kernelSize: z.int().min(2).max(15).default(3),
  /** Nonlinearity after each convolution. Default relu. */
  activation: activationSchema.default('relu'),
  /** Convolutions of each level. Default 1. */
  convsPerLevel: z.union([z.literal(1), z.literal(2)]).default(1),
  /**
   * Adds each level's input to its output: with one convolution after its nonlinearity where the channel counts
   * agree, with two before a last one, through a 1x1 convolution where they differ. Default true.
   */
  residual: z.boolean().default(true),
  /** What the output layer reads: the newest step, or the mean over all steps. Default last. */
  pooling: z.enum(['last', 'mean']).default('last'),
  /**
   * `needed` computes only the steps that the newest one depends on, `all` every step of the window. The result is
   * the same up to rounding; `needed` applies to pooling `last` only. Default needed.
   */
  steps: z.enum(['needed', 'all']).default('needed'),
});

export type TcnConfig = z.infer<typeof schema>;

/** Steps into the past that the newest output depends on, itself included. */
export function receptiveField({
  levels,
  kernelSize,
  convsPerLevel = 1,
}: Pick<TcnConfig, 'levels' | 'kernelSize'> & Partial<Pick<TcnConfig, 'convsPerLevel'>>): number {
  return 1 + convsPerLevel * (kernelSize - 1) * (2 ** levels - 1);
}

/** Causal temporal convolutional network with residual levels, after Bai, Kolter and Koltun (2018). */
export const tcn: GradientFamily<TcnConfig> = {
  name: 'tcn',
  title: 'Temporal convolution (TCN)',
  role: 'regressor',
  fit: 'gradient',
  layouts: true,
  blocks: true,
  runDefaults: { windowBars: 32 },
  description: 'Causal dilated convolutions: sees order in time with few parameters.',
  schema,
  define: (config, size, options) => ({
    forward:
      config.pooling === 'last' && config.steps === 'needed'
        ? neededSteps(config, size, options)
        : allSteps(config, options),
  }),
};

/** Every step of the window, by convolutions. */
function allSteps(config: TcnConfig, options: BuildOptions): ForwardModel {
  checkLayout(options, config.channels);
  return (scope) => {
    const { window, features } = scope;
    const pooled = inLayout(options, (ops) => {
      const x = ops.fromRows(scope.rowsAt(everyStep(window)));
      const y = everyLevel(ops, scope, config, x, features);
      return config.pooling === 'mean' ? ops.mean(y) : ops.step(y, window - 1);
    });
    return outputLayer(scope, pooled);
  };
}

type Steps = readonly number[];

/** Steps of one level that the newest output depends on, oldest first. */
interface LevelSteps {
  readonly inputs: Steps;
  /** Of the result of each convolution; the last is the level's. */
  readonly results: readonly Steps[];
}

/** Steps that the taps of a convolution read. Steps before the window are the zeros of the causal padding. */
function stepsRead(results: Steps, kernelSize: number, dilation: number, also: Steps): Steps {
  const steps = new Set(also);
  for (const step of results) {
    for (let tap = 0; tap < kernelSize; tap++) steps.add(step - tap * dilation);
  }
  return [...steps].filter((step) => step >= 0).sort((a, b) => a - b);
}

function stepsPerLevel(config: TcnConfig, window: number): readonly LevelSteps[] {
  const plan: LevelSteps[] = [];
  let want: Steps = [window - 1];
  for (let level = config.levels - 1; level >= 0; level--) {
    const results: Steps[] = [want];
    for (let conv = 1; conv < config.convsPerLevel; conv++) {
      results.unshift(stepsRead(results[0]!, config.kernelSize, 2 ** level, []));
    }
    // The residual reads the level's input at the steps of its result.
    const inputs = stepsRead(results[0]!, config.kernelSize, 2 ** level, want);
    plan.unshift({ inputs, results });
    want = inputs;
  }
  return plan;
}

/**
 * The same function by way of the needed steps only: of a window of 240, four levels of three taps need 31 inputs
 * and 15, 7, 3 and 1 outputs. Each convolution picks its taps into rows [batch * steps, taps * in] and is one
 * matrix product.
 */
function neededSteps(config: TcnConfig, size: ModelSize, options: BuildOptions): ForwardModel {
  const plan = stepsPerLevel(config, size.window);
  return (scope) => {
    let x = scope.rowsAt(plan[0]!.inputs);
    plan.forEach((steps, i) => {
      const own = levelParameters(scope, config, `level${i}`, x.shape[2]!);
      x = checkpointed(options.checkpointing, x, (input) => neededLevel(config, own, input, steps, 2 ** i));
    });
    return outputLayer(scope, reshape(x, [-1, config.channels]));
  };
}

/** One level at the steps its results are needed of: [batch, inputs, in] -> [batch, results, channels]. */
function neededLevel(
  { activation, kernelSize, convsPerLevel }: TcnConfig,
  own: LevelParameters,
  x: Value,
  { inputs, results }: LevelSteps,
  dilation: number,
): Value {
  let y = x;
  own.convs.forEach((conv, j) => {
    const have = j === 0 ? inputs : results[j - 1]!;
    y = activate(activation, convAt(y, have, results[j]!, conv, dilation, kernelSize));
  });
  if (!own.adds) return y;
  const seen = pickSteps(x, inputs, results.at(-1)!);
  const around = own.skip ? project(seen, own.skip) : seen;
  return convsPerLevel === 1 ? add(y, around) : activate(activation, add(y, around));
}

/** The results of a convolution at some steps, [batch, want, out]. */
function convAt(
  x: Value,
  have: Steps,
  want: Steps,
  { weight, bias }: ConvParameters,
  dilation: number,
  taps: number,
): Value {
  const rows = pickTaps(x, have, want, dilation, taps);
  const y = gemm(reshape(rows, [-1, weight.shape[0]!]), weight, bias);
  return reshape(y, [-1, want.length, weight.shape[1]!]);
}

function project(x: Value, { weight, bias }: ConvParameters): Value {
  const y = gemm(reshape(x, [-1, x.shape[2]!]), weight, bias);
  return reshape(y, [-1, x.shape[1]!, weight.shape[1]!]);
}

function pickSteps(x: Value, have: Steps, want: Steps): Value {
  const places = want.map((step) => have.indexOf(step));
  return gather(x, x.graph.constant('int32', [places.length], places), 1);
}

/** [batch, have, in] -> [batch, want * taps, in], the taps of each wanted step in a row; zeros before the window. */
function pickTaps(x: Value, have: Steps, want: Steps, dilation: number, taps: number): Value {
  const reach = want.flatMap((step) =>
    Array.from({ length: taps }, (_, j) => step - (taps - 1 - j) * dilation),
  );
  const places = reach.map((step) => (step < 0 ? have.length : have.indexOf(step)));
  const source = reach.some((step) => step < 0) ? padAxis(x, 1, 0, 1) : x;
  return gather(source, x.graph.constant('int32', [places.length], places), 1);
}
