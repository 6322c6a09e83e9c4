import { z } from 'zod';
import type { Value } from '../../tensor/graph.ts';
import type { ModelScope } from '../../tensor/model.ts';
import { gelu, gemm, leakyRelu, relu, sigmoid, silu, tanh } from '../../tensor/ops/index.ts';
import { type Initializer, normalOf, zeros } from '../../tensor/parameters.ts';

const ACTIVATIONS: Readonly<Record<string, (x: Value) => Value>> = {
  relu,
  leakyRelu,
  gelu,
  silu,
  tanh,
  sigmoid,
};

export const activationSchema = z.enum(['relu', 'leakyRelu', 'gelu', 'silu', 'tanh', 'sigmoid']);

export type Activation = z.infer<typeof activationSchema>;

/** Applies a named nonlinearity. */
export const activate = (name: Activation, x: Value): Value => ACTIVATIONS[name]!(x);

/** x w + b for x [batch, in]. */
export function dense(scope: ModelScope, name: string, x: Value, outputs: number, init: Initializer): Value {
  const w = scope.parameter(`${name}.weight`, [x.shape[1]!, outputs], init);
  return gemm(x, w, scope.parameter(`${name}.bias`, [outputs], zeros));
}

/**
 * The last layer. It starts small, so the first predictions are near the mean of a scaled target and the first
 * steps are not spent on unlearning noise.
 */
export const outputLayer = (scope: ModelScope, x: Value): Value =>
  dense(scope, 'output', x, scope.outputs, normalOf(0.1 / Math.sqrt(x.shape[1]!)));
