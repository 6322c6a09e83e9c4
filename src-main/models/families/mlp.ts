import { z } from 'zod';
import { everyStep } from '../../tensor/model.ts';
import { reshape } from '../../tensor/ops/index.ts';
import { heNormal } from '../../tensor/parameters.ts';
import type { GradientFamily } from '../family.ts';
import { activate, activationSchema, dense, outputLayer } from './layers.ts';

const schema = z.strictObject({
  /** Units of each hidden layer; an empty list is a linear model. Default 16: on a weak signal larger ones learn noise sooner. */
  hidden: z.array(z.int().min(1).max(8192)).max(16).default([16]),
  /** Nonlinearity after each hidden layer. Default relu. */
  activation: activationSchema.default('relu'),
});

export type MlpConfig = z.infer<typeof schema>;

/** Multi-layer perceptron over the flattened window. */
export const mlp: GradientFamily<MlpConfig> = {
  name: 'mlp',
  title: 'Dense network (MLP)',
  role: 'regressor',
  fit: 'gradient',
  description: 'Fully connected layers over the whole window: fast, a good first model.',
  schema,
  define: (config, size) => ({
    forward: (scope) => {
      let x = reshape(scope.rowsAt(everyStep(size.window)), [-1, size.window * size.features]);
      config.hidden.forEach((units, i) => {
        x = activate(config.activation, dense(scope, `hidden${i}`, x, units, heNormal(x.shape[1]!)));
      });
      return outputLayer(scope, x);
    },
  }),
};
