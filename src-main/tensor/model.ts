import { FrontierError } from '../../src-shared/errors.ts';
import { Graph, type Shape, type Value } from './graph.ts';
import { emitModel } from './onnx/emit.ts';
import { add, gather, reshape } from './ops/index.ts';
import type { Initializer, ParameterLayout, ParameterSpec } from './parameters.ts';

/** Sizes a model is built for. */
export interface ModelSize {
  /** Time steps the model sees. */
  readonly window: number;
  /** Features per step. */
  readonly features: number;
  readonly outputs: number;
}

/** What a model definition builds with. The first extent of every activation is the batch. */
export interface ModelScope extends ModelSize {
  readonly graph: Graph;
  /** A trainable tensor; names are unique within a model. */
  parameter(name: string, shape: Shape, init: Initializer): Value;
  /**
   * Feature rows at some steps of the window (0 oldest, `window - 1` newest): [batch, steps, features].
   * Asking only for the steps that matter saves gathering the others.
   */
  rowsAt(steps: readonly number[]): Value;
}

/** A model definition: adds its nodes to the scope's graph and returns the prediction [batch, outputs]. */
export type ForwardModel = (scope: ModelScope) => Value;

/** Where a scope takes its parameters from. */
export type ParameterSource = (name: string, shape: Shape, init: Initializer) => Value;

/** All steps of a window, oldest first. */
export const everyStep = (window: number): number[] => Array.from({ length: window }, (_, i) => i);

function checked(size: ModelSize, value: Value): Value {
  if (value.shape.length !== 2 || value.shape[1] !== size.outputs) {
    throw new FrontierError(
      'INTERNAL',
      `the model returns [${value.shape}], expected [batch, ${size.outputs}]`,
      'Correct the model definition.',
    );
  }
  return value;
}

/** Runs a model definition on an input tensor [batch, window, features]. */
export function buildOnTensor(
  model: ForwardModel,
  size: ModelSize,
  x: Value,
  parameter: ParameterSource,
): Value {
  const rowsAt = (steps: readonly number[]): Value => {
    const whole = steps.length === size.window && steps.every((step, i) => step === i);
    return whole ? x : gather(x, x.graph.constant('int32', [steps.length], steps), 1);
  };
  return checked(size, model({ ...size, graph: x.graph, parameter, rowsAt }));
}

/**
 * Runs a model definition on windows of one resident matrix [rows, features], gathered by index arithmetic.
 * @param ends the last row of each window, int32 [batch]
 */
export function buildOnWindows(
  model: ForwardModel,
  size: ModelSize,
  matrix: Value,
  ends: Value,
  parameter: ParameterSource,
): Value {
  const { graph } = matrix;
  const rowsAt = (steps: readonly number[]): Value => {
    const offsets = steps.map((step) => step - (size.window - 1));
    const rows = add(reshape(ends, [-1, 1]), graph.constant('int32', [steps.length], offsets));
    return gather(matrix, rows);
  };
  return checked(size, model({ ...size, graph, parameter, rowsAt }));
}

/** The parameters a model definition asks for, in its order. */
export function collectParameters(model: ForwardModel, size: ModelSize): readonly ParameterSpec[] {
  const specs: ParameterSpec[] = [];
  const graph = new Graph('scan');
  const x = graph.input('x', 'float32', [1, size.window, size.features]);
  buildOnTensor(model, size, x, (name, shape, init) => {
    if (specs.some((spec) => spec.name === name)) throw new Error(`parameter ${name} is defined twice`);
    specs.push({ name, shape, init });
    return graph.input(name, 'float32', shape);
  });
  return specs;
}

/** A source of parameters with fixed values, for inference. */
export function constantParameters(
  graph: Graph,
  layout: ParameterLayout,
  values: Float32Array,
): ParameterSource {
  const placed = new Map(layout.parameters.map((parameter) => [parameter.name, parameter]));
  return (name, shape) => {
    const { offset, size } = placed.get(name)!;
    return graph.constant('float32', shape, values.slice(offset, offset + size));
  };
}

/** The forward part with its weights: x [batch, window, features] -> y [batch, outputs]. */
export function inferenceGraph(
  model: ForwardModel,
  size: ModelSize,
  layout: ParameterLayout,
  values: Float32Array,
): Graph {
  const graph = new Graph('model');
  const { window, features } = size;
  const x = graph.input('x', 'float32', [1, window, features], ['batch', window, features]);
  const y = buildOnTensor(model, size, x, constantParameters(graph, layout, values));
  graph.output('y', y, ['batch', size.outputs]);
  return graph;
}

/** The inference graph as the bytes of an `.onnx` file. */
export function inferenceModel(
  model: ForwardModel,
  size: ModelSize,
  layout: ParameterLayout,
  values: Float32Array,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return emitModel(inferenceGraph(model, size, layout, values), metadata);
}
