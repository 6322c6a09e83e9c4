import { z } from 'zod';
import type { Value } from '../../tensor/graph.ts';
import { type BuildOptions, everyStep, type ModelScope } from '../../tensor/model.ts';
import { add, attention, gemm, layerNorm, matmul, reshape, slice } from '../../tensor/ops/index.ts';
import { normalOf, zeros } from '../../tensor/parameters.ts';
import { checkpointed } from '../../tensor/recompute.ts';
import type { GradientFamily } from '../family.ts';
import { activate, activationSchema, dense, outputLayer } from './layers.ts';

const schema = z
  .strictObject({
    /** Channels of every step inside the network; a multiple of `heads`. Default 16. */
    channels: z.int().min(2).max(2048).default(16),
    /** Heads of the attention. Default 2. */
    heads: z.int().min(1).max(64).default(2),
    /** Blocks of attention and feed-forward layer. Default 2. */
    layers: z.int().min(1).max(24).default(2),
    /** Units of each feed-forward layer. Default 32. */
    feedForward: z.int().min(1).max(8192).default(32),
    /** Nonlinearity of the feed-forward layers. Default gelu. */
    activation: activationSchema.default('gelu'),
    /** Whether a step sees itself and older steps only, or the whole window. Default true. */
    causal: z.boolean().default(true),
    /** How a step knows its place: fixed waves, or a learnt vector. Default sinusoidal, which adds no parameters. */
    positions: z.enum(['sinusoidal', 'learnt']).default('sinusoidal'),
    /** What the output layer reads: the newest step, or the mean over all steps. Default last. */
    pooling: z.enum(['last', 'mean']).default('last'),
  })
  .refine(({ channels, heads }) => channels % heads === 0, {
    path: ['heads'],
    message: 'heads must divide channels',
  });

export type TransformerConfig = z.infer<typeof schema>;

/**
 * Transformer encoder (Vaswani et al. 2017) with the normalisation in front of each layer, which trains without a long
 * warm-up (Xiong et al. 2020).
 */
export const transformer: GradientFamily<TransformerConfig> = {
  name: 'transformer',
  title: 'Transformer encoder',
  role: 'regressor',
  fit: 'gradient',
  blocks: true,
  attends: true,
  runDefaults: { windowBars: 32 },
  description: 'Attention over the window: finds which past bars matter for each other.',
  schema,
  define: (config, size, options) => ({
    forward: (scope) => {
      const { window } = size;
      let x = embedded(scope, config, window);
      for (let i = 0; i < config.layers; i++) {
        // Only the newest step is read in the end, so the last block computes no other.
        const asked = config.pooling === 'last' && i === config.layers - 1 ? 1 : window;
        x = block(scope, config, options, `block${i}`, x, asked);
      }
      const pooled = reshape(config.pooling === 'mean' ? timeMean(x) : x, [-1, config.channels]);
      return outputLayer(scope, normalized(scope, 'final', pooled));
    },
  }),
};

/**
 * The mean over time of [batch, window, channels], as one product per window: a reduction over a middle axis sums a
 * window alone in another order than within a batch on the CPU engine.
 */
function timeMean(x: Value): Value {
  const window = x.shape[1]!;
  const weights = new Array<number>(window).fill(1 / window);
  return matmul(x.graph.constant('float32', [1, window], weights), x);
}

/** Wavelengths of the positions reach from 2 pi steps to 10,000 times that: Vaswani et al. (2017), section 3.5. */
const LONGEST_WAVE = 10_000;

/** Sines and cosines of each step's place by turns: [steps, channels]. */
function waves(steps: number, channels: number): Float32Array {
  return Float32Array.from({ length: steps * channels }, (_, i) => {
    const channel = i % channels;
    const angle = Math.floor(i / channels) / LONGEST_WAVE ** ((channel - (channel % 2)) / channels);
    return channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}

/** The steps' features projected to the channels, with their places added: [batch, window, channels]. */
function embedded(scope: ModelScope, { channels, positions }: TransformerConfig, window: number): Value {
  const rows = reshape(scope.rowsAt(everyStep(window)), [-1, scope.features]);
  const init = normalOf(1 / Math.sqrt(scope.features));
  const projected = reshape(dense(scope, 'input', rows, channels, init), [-1, window, channels]);
  const places =
    positions === 'learnt'
      ? scope.parameter('positions', [window, channels], normalOf(0.1))
      : scope.graph.constant('float32', [window, channels], waves(window, channels));
  return add(projected, places);
}

function normalized(scope: ModelScope, name: string, x: Value): Value {
  const channels = x.shape.at(-1)!;
  const scale = scope.parameter(`${name}.scale`, [channels], { kind: 'constant', value: 1 });
  return layerNorm(x, scale, scope.parameter(`${name}.shift`, [channels], zeros));
}

/** One block for the newest `asked` steps of x [batch, window, channels]: [batch, asked, channels]. */
function block(
  scope: ModelScope,
  config: TransformerConfig,
  options: BuildOptions,
  name: string,
  x: Value,
  asked: number,
): Value {
  const segment = (input: Value): Value => {
    const y = attended(scope, config, options, name, input, asked);
    const rows = reshape(normalized(scope, `${name}.feedForward.norm`, y), [-1, config.channels]);
    const inner = dense(scope, `${name}.inner`, rows, config.feedForward, fanIn(config.channels));
    const outer = residualLayer(scope, config, `${name}.outer`, activate(config.activation, inner));
    return add(y, reshape(outer, [-1, asked, config.channels]));
  };
  return checkpointed(options.checkpointing, x, segment);
}

const fanIn = (units: number): ReturnType<typeof normalOf> => normalOf(1 / Math.sqrt(units));

/**
 * A layer whose result is added to what enters its block. Each of the 2 x layers of them starts so small that their
 * sum keeps the scale of the input: Radford et al. (2019).
 */
function residualLayer(scope: ModelScope, config: TransformerConfig, name: string, x: Value): Value {
  const deviation = 1 / Math.sqrt(2 * config.layers * x.shape[1]!);
  return dense(scope, name, x, config.channels, normalOf(deviation));
}

/** x plus its attention, for the newest `asked` steps. */
function attended(
  scope: ModelScope,
  config: TransformerConfig,
  options: BuildOptions,
  name: string,
  x: Value,
  asked: number,
): Value {
  const { channels, heads, causal } = config;
  const window = x.shape[1]!;
  const newest = (a: Value): Value => (asked === window ? a : slice(a, 1, window - asked, window));
  const calm = normalized(scope, `${name}.attention.norm`, x);
  const perStep = (rows: Value, like: Value): Value => reshape(rows, [-1, like.shape[1]!, channels]);
  const projected = (part: string, from: Value): Value =>
    perStep(dense(scope, `${name}.${part}`, reshape(from, [-1, channels]), channels, fanIn(channels)), from);
  // Without a bias: it would add the same to all scores of a query, which softmax takes out again, so that its
  // gradient were rounding noise, which Adam would scale up to full steps.
  const keyWeight = scope.parameter(`${name}.key.weight`, [channels, channels], fanIn(channels));
  const keys = perStep(gemm(reshape(calm, [-1, channels]), keyWeight), calm);
  const mixed = attention(projected('query', newest(calm)), keys, projected('value', calm), {
    heads,
    causal,
    tiled: options.attention === 'tiled',
  });
  const joined = residualLayer(scope, config, `${name}.joined`, reshape(mixed, [-1, channels]));
  return add(newest(x), reshape(joined, [-1, asked, channels]));
}
