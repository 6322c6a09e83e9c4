import { z } from 'zod';
import type { Value } from '../../tensor/graph.ts';
import { everyStep, type ForwardModel, type ModelScope, type ModelSize } from '../../tensor/model.ts';
import {
  add,
  causalConv1d,
  gather,
  gemm,
  padAxis,
  reduceMean,
  reshape,
  slice,
  transpose,
} from '../../tensor/ops/index.ts';
import { heNormal, zeros } from '../../tensor/parameters.ts';
import type { GradientFamily } from '../family.ts';
import { activate, activationSchema, outputLayer } from './layers.ts';

const schema = z.strictObject({
  /** Channels of every level. Default 16. */
  channels: z.int().min(1).max(1024).default(16),
  /** Convolution levels; level i is dilated by 2^i, so the model sees 1 + (kernelSize - 1)(2^levels - 1) steps. Default 3. */
  levels: z.int().min(1).max(12).default(3),
  /** Taps of each convolution. Default 3. */
  kernelSize: z.int().min(2).max(15).default(3),
  /** Nonlinearity after each convolution. Default relu. */
  activation: activationSchema.default('relu'),
  /** Adds each level's input to its output where the channel counts agree. Default true. */
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
export function receptiveField(config: Pick<TcnConfig, 'levels' | 'kernelSize'>): number {
  return 1 + (config.kernelSize - 1) * (2 ** config.levels - 1);
}

/** Causal temporal convolutional network with residual levels, after Bai, Kolter and Koltun (2018). */
export const tcn: GradientFamily<TcnConfig> = {
  name: 'tcn',
  title: 'Temporal convolution (TCN)',
  role: 'regressor',
  fit: 'gradient',
  runDefaults: { windowBars: 32 },
  description: 'Causal dilated convolutions: sees order in time with few parameters.',
  schema,
  define: (config, size) => ({
    forward:
      config.pooling === 'last' && config.steps === 'needed' ? neededSteps(config, size) : allSteps(config),
  }),
};

/** Weights of a level, [taps * in, out] (tap 0 is the oldest step) and [out]. */
function levelParameters(
  scope: ModelScope,
  config: TcnConfig,
  level: number,
  channels: number,
): [Value, Value] {
  const fanIn = config.kernelSize * channels;
  return [
    scope.parameter(`level${level}.weight`, [fanIn, config.channels], heNormal(fanIn)),
    scope.parameter(`level${level}.bias`, [config.channels], zeros),
  ];
}

/** Every step of the window, channels first, by convolutions. */
function allSteps(config: TcnConfig): ForwardModel {
  return (scope) => {
    let x = transpose(scope.rowsAt(everyStep(scope.window)), [0, 2, 1]);
    for (let level = 0; level < config.levels; level++) {
      const channels = x.shape[1]!;
      const [w, b] = levelParameters(scope, config, level, channels);
      const taps = transpose(reshape(w, [config.kernelSize, channels, config.channels]), [2, 1, 0]);
      const y = activate(config.activation, causalConv1d(x, taps, b, 2 ** level));
      x = config.residual && channels === config.channels ? add(y, x) : y;
    }
    const { window } = scope;
    const pooled =
      config.pooling === 'mean'
        ? reduceMean(x, [2])
        : reshape(slice(x, 2, window - 1, window), [-1, config.channels]);
    return outputLayer(scope, pooled);
  };
}

/** Steps of each level's input that the newest output depends on, oldest first; the last entry is the output's. */
function stepsPerLevel(config: TcnConfig, window: number): readonly (readonly number[])[] {
  const needed: number[][] = [[window - 1]];
  for (let level = config.levels - 1; level >= 0; level--) {
    const steps = new Set<number>();
    for (const step of needed[0]!) {
      for (let tap = 0; tap < config.kernelSize; tap++) steps.add(step - tap * 2 ** level);
    }
    // Steps before the window are the zeros of the causal padding, not inputs.
    needed.unshift([...steps].filter((step) => step >= 0).sort((a, b) => a - b));
  }
  return needed;
}

/**
 * The same function by way of the needed steps only: of a window of 240, four levels of three taps need 31 inputs
 * and 15, 7, 3 and 1 outputs. Each level picks its taps into rows [batch * steps, taps * in] and is one matrix
 * product.
 */
function neededSteps(config: TcnConfig, size: ModelSize): ForwardModel {
  const needed = stepsPerLevel(config, size.window);
  return (scope) => {
    let x = scope.rowsAt(needed[0]!);
    for (let level = 0; level < config.levels; level++) {
      const channels = x.shape[2]!;
      const [w, b] = levelParameters(scope, config, level, channels);
      const [have, want] = [needed[level]!, needed[level + 1]!];
      const rows = pickTaps(x, have, want, 2 ** level, config.kernelSize);
      const y = activate(config.activation, gemm(reshape(rows, [-1, config.kernelSize * channels]), w, b));
      const shaped = reshape(y, [-1, want.length, config.channels]);
      x = config.residual && channels === config.channels ? add(shaped, pickSteps(x, have, want)) : shaped;
    }
    return outputLayer(scope, reshape(x, [-1, config.channels]));
  };
}

function pickSteps(x: Value, have: readonly number[], want: readonly number[]): Value {
  const places = want.map((step) => have.indexOf(step));
  return gather(x, x.graph.constant('int32', [places.length], places), 1);
}

/** [batch, have, in] -> [batch, want * taps, in], the taps of each wanted step in a row; zeros before the window. */
function pickTaps(
  x: Value,
  have: readonly number[],
  want: readonly number[],
  dilation: number,
  taps: number,
): Value {
  const reach = want.flatMap((step) =>
    Array.from({ length: taps }, (_, j) => step - (taps - 1 - j) * dilation),
  );
  const places = reach.map((step) => (step < 0 ? have.length : have.indexOf(step)));
  const source = reach.some((step) => step < 0) ? padAxis(x, 1, 0, 1) : x;
  return gather(source, x.graph.constant('int32', [places.length], places), 1);
}
