import { z } from 'zod';
import type { Value } from '../../tensor/graph.ts';
import { everyStep, type ModelScope, type TrainableModel } from '../../tensor/model.ts';
import { max, min, mul, reduceMax, reduceMean, reshape, sub } from '../../tensor/ops/index.ts';
import { heNormal, normalOf } from '../../tensor/parameters.ts';
import type { GradientFamily } from '../family.ts';
import { activate, activationSchema, dense } from './layers.ts';
import { tcnAutoencoder } from './tcnAutoencoder.ts';

const schema = z.strictObject({
  /** `mlp` sees the window as one vector, `tcn` as a series. Default mlp. */
  architecture: z.enum(['mlp', 'tcn']).default('mlp'),
  /**
   * Numbers a window is told in. With as many as there are steps every candle can be told by its body, wild ones as
   * well; the fewer, the less of the unusual comes through. Default 8.
   */
  latent: z.int().min(1).max(4096).default(8),
  /** Of `mlp`: units of the encoder's hidden layers; the decoder mirrors them. Default 64. */
  hidden: z.array(z.int().min(1).max(8192)).max(8).default([64]),
  /** Of `tcn`: channels of every level. Default 16. */
  channels: z.int().min(1).max(1024).default(16),
  /** Of `tcn`: levels on either side. Default 3. */
  levels: z.int().min(1).max(12).default(3),
  /** Nonlinearity. Default relu. */
  activation: activationSchema.default('relu'),
  /**
   * What of the squared error by step makes a window unusual: its `peak`, which a single wild candle raises at once, or
   * its `mean`, which takes a whole window that is off. Default peak.
   */
  score: z.enum(['peak', 'mean']).default('peak'),
  /** Percentile of the errors on the validation part above which a window is unusual. Default 99. */
  percentile: z.number().min(50).max(99.999).default(99),
});

export type AnomalyConfig = z.infer<typeof schema>;

/**
 * Deviations beyond which the scaled features of an anomaly model are limited: far enough that a candle of twenty times
 * the usual size is told from the wildest of an ordinary year.
 */
export const ANOMALY_CLIP = 30;
/** Deviations beyond which the network does not look, so that a few wild candles do not own what it learns. */
const SEEN_CLIP = 5;

/** What a candle looks like, how far it went, and whether it is wild for its time. */
export const ANOMALY_FEATURES: readonly string[] = [
  'candle_body',
  'upper_wick',
  'lower_wick',
  'return_1',
  'volatility_ratio_12_48',
  'volume_z_48',
];

/**
 * Autoencoder of candlestick windows, after Hinton and Salakhutdinov (2006): it learns to give usual windows back
 * through a bottleneck, so that one it cannot give back is unusual. The inference graph returns `stepError`
 * [batch, window], the squared error of each step, mean over the scaled features, oldest first, and the error y
 * [batch, 1]: its peak or mean over the window. It learns by the mean. The network sees values within `SEEN_CLIP` and
 * learns to give those back; the error is of the values as they are, so that what is out of all proportion stands out by
 * all of it. The threshold is a percentile of the errors on the validation part, kept in the manifest.
 */
export const anomaly: GradientFamily<AnomalyConfig> = {
  name: 'anomaly',
  title: 'Unusual windows (autoencoder)',
  role: 'anomaly',
  fit: 'gradient',
  blocks: true,
  description: 'Learns what candles usually look like, marks windows that do not, and names those it can.',
  schema,
  runDefaults: {
    windowBars: 24,
    features: ANOMALY_FEATURES,
    learningRate: 0.002,
    weightDecay: 0.001,
  },
  outputs: () => 1,
  define: (config, size, options): TrainableModel => {
    const rebuild = rebuilder(config, size.window, size.features, options);
    return {
      forward: (scope) => {
        const x = scope.rowsAt(everyStep(scope.window));
        const steps = reduceMean(squared(rebuild(scope, seen(x)), x), [2]);
        scope.extra('stepError', steps);
        return config.score === 'peak' ? reduceMax(steps, [1], true) : reduceMean(steps, [1], true);
      },
      objective: (scope) => {
        const x = seen(scope.rowsAt(everyStep(scope.window)));
        return reduceMean(squared(rebuild(scope, x), x), [1, 2]);
      },
    };
  },
};

const seen = (x: Value): Value => max(min(x, x.graph.scalar(SEEN_CLIP)), x.graph.scalar(-SEEN_CLIP));

const squared = (a: Value, b: Value): Value => {
  const residual = sub(a, b);
  return mul(residual, residual);
};

/** From a window [batch, window, features] to what the network makes of it, of the same shape. */
type Rebuild = (scope: ModelScope, x: Value) => Value;

function rebuilder(
  config: AnomalyConfig,
  window: number,
  features: number,
  options: Parameters<typeof anomaly.define>[2],
): Rebuild {
  if (config.architecture === 'mlp') return (scope, x) => throughBottleneck(scope, config, x);
  const { latent, channels, levels, activation } = config;
  const settings = tcnAutoencoder.schema.parse({ latent, channels, levels, activation, pooling: 1 });
  const inner = tcnAutoencoder.define(settings, { window, features, outputs: latent }, options);
  return (scope) => {
    let rebuilt: Value | undefined;
    inner.forward({
      ...scope,
      rowsAt: (steps) => seen(scope.rowsAt(steps)),
      extra: (name, value) => {
        if (name === 'reconstruction') rebuilt = value;
      },
    });
    return rebuilt!;
  };
}

function throughBottleneck(scope: ModelScope, config: AnomalyConfig, x: Value): Value {
  const { window, features } = scope;
  let h = reshape(x, [-1, window * features]);
  config.hidden.forEach((units, i) => {
    h = activate(config.activation, dense(scope, `encoder${i}`, h, units, heNormal(h.shape[1]!)));
  });
  h = dense(scope, 'latent', h, config.latent, normalOf(h.shape[1]! ** -0.5));
  config.hidden.toReversed().forEach((units, i) => {
    h = activate(config.activation, dense(scope, `decoder${i}`, h, units, heNormal(h.shape[1]!)));
  });
  const out = dense(scope, 'output', h, window * features, normalOf(0.1 * h.shape[1]! ** -0.5));
  return reshape(out, [-1, window, features]);
}
