import { FrontierError } from '../../src-shared/errors.ts';
import type { SeededRng } from '../../src-shared/runtime.ts';
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
  /** Columns of the targets where they are not as many as the outputs, for models that learn by an objective. */
  readonly targets?: number;
}

/**
 * The `blocked` ones are the order of ONNX Runtime's own CPU kernels (`ops/conv-blocked.ts`) with as many channels to
 * a block as the processor wants (`channelBlockOf`): in training only, and only where channels and batch are
 * multiples of the block.
 */
export type ConvLayout = 'channelsFirst' | 'channelsLast' | 'blocked4' | 'blocked8' | 'blocked16';

const BLOCKS = { blocked4: 4, blocked8: 8, blocked16: 16 } as const;

/** Channels of a block; undefined for the layouts without blocks. */
export const blockOf = (layout: ConvLayout): 4 | 8 | 16 | undefined =>
  layout === 'channelsFirst' || layout === 'channelsLast' ? undefined : BLOCKS[layout];

/** Choices about how a model is computed that do not change what it computes. */
export interface BuildOptions {
  /** `tiled` never holds a whole attention matrix. */
  readonly attention: 'standard' | 'tiled';
  /** Order of axes in convolutions; measured per device where the user leaves it to Frontier. */
  readonly layout: ConvLayout;
  /** Recomputes activations in the backward pass instead of keeping them. */
  readonly checkpointing: boolean;
}

export const BUILD_DEFAULTS: BuildOptions = {
  attention: 'standard',
  layout: 'channelsFirst',
  checkpointing: false,
};

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
  /**
   * Offers a further output of the inference graph, e.g. a latent vector beside the prediction. Its first extent is
   * the batch. Ignored while training.
   */
  extra(name: string, value: Value): void;
}

/** A model definition: adds its nodes to the scope's graph and returns the prediction [batch, outputs]. */
export type ForwardModel = (scope: ModelScope) => Value;

/** A tensor drawn on the host for every training step: noise, diffusion times, offsets of an augmentation. */
export interface StepInput {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  /** Extents after the batch axis: the graph sees [batch, ...shape]. */
  readonly shape: Shape;
  /**
   * Fills the tensor of one step. The generator is seeded by run seed, input and step alone, so that a resumed run
   * draws what an uninterrupted one would have drawn.
   */
  draw(rng: SeededRng, out: Float32Array | Int32Array): void;
}

/** What an objective builds with: one training batch. */
export interface ObjectiveScope extends ModelScope {
  readonly batch: number;
  /** Targets of the batch's windows, [batch, targets]. */
  target(): Value;
  /** A declared step input, [batch, ...shape]. */
  stepInput(name: string): Value;
}

/** The loss of each window of a batch, [batch]; the engine takes the mean. */
export type Objective = (scope: ObjectiveScope) => Value;

/** Everything a model family says about one model: what is learnt by and what is kept. */
export interface TrainableModel {
  /** Inference: windows to predictions [batch, outputs]. Called with the same parameters as the objective. */
  readonly forward: ForwardModel;
  /** Absent: the run's loss between `forward` and the targets. */
  readonly objective?: Objective;
  readonly stepInputs?: readonly StepInput[];
}

/** Where a scope takes its parameters from. */
export type ParameterSource = (name: string, shape: Shape, init: Initializer) => Value;

/** All steps of a window, oldest first. */
export const everyStep = (window: number): number[] => Array.from({ length: window }, (_, i) => i);

/** @throws FrontierError INTERNAL where a model definition returns another shape than it should */
export function checkedPrediction(size: ModelSize, value: Value): Value {
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
  extra: ModelScope['extra'] = () => {},
): Value {
  const rowsAt = (steps: readonly number[]): Value => {
    const whole = steps.length === size.window && steps.every((step, i) => step === i);
    return whole ? x : gather(x, x.graph.constant('int32', [steps.length], steps), 1);
  };
  return checkedPrediction(size, model({ ...size, graph: x.graph, parameter, rowsAt, extra }));
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
  return checkedPrediction(size, model(windowScope(size, matrix, ends, parameter)));
}

/** A scope whose windows are gathered from one resident matrix. Arguments as of `buildOnWindows`. */
export function windowScope(
  size: ModelSize,
  matrix: Value,
  ends: Value,
  parameter: ParameterSource,
): ModelScope {
  const { graph } = matrix;
  const rowsAt = (steps: readonly number[]): Value => {
    const offsets = steps.map((step) => step - (size.window - 1));
    const rows = add(reshape(ends, [-1, 1]), graph.constant('int32', [steps.length], offsets));
    return gather(matrix, rows);
  };
  return { ...size, graph, parameter, rowsAt, extra: () => {} };
}

/** The parameters a model asks for, in its order: those of inference first, then what only the objective uses. */
export function collectParameters(
  model: ForwardModel | TrainableModel,
  size: ModelSize,
): readonly ParameterSpec[] {
  const trainable = typeof model === 'function' ? { forward: model } : model;
  const specs: ParameterSpec[] = [];
  const graph = new Graph('scan');
  const x = graph.input('x', 'float32', [1, size.window, size.features]);
  const collector = (): ParameterSource => {
    const asked = new Map<string, Value>();
    return (name, shape, init) => {
      if (asked.has(name)) throw new Error(`parameter ${name} is defined twice`);
      if (!specs.some((spec) => spec.name === name)) specs.push({ name, shape, init });
      const value = graph.input(name, 'float32', shape);
      asked.set(name, value);
      return value;
    };
  };
  buildOnTensor(trainable.forward, size, x, collector());
  const { objective, stepInputs = [] } = trainable;
  if (objective) {
    const inputs = new Map(stepInputs.map((s) => [s.name, graph.input(s.name, s.dtype, [1, ...s.shape])]));
    const ends = graph.input('ends', 'int32', [1]);
    const matrix = graph.input('features', 'float32', [size.window, size.features]);
    objective({
      ...windowScope(size, matrix, ends, collector()),
      batch: 1,
      target: () => graph.input('target', 'float32', [1, size.targets ?? size.outputs]),
      stepInput: (name) => inputs.get(name)!,
    });
  }
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
  const extras: [string, Value][] = [];
  const y = buildOnTensor(model, size, x, constantParameters(graph, layout, values), (name, value) => {
    extras.push([name, value]);
  });
  graph.output('y', y, ['batch', size.outputs]);
  for (const [name, value] of extras) graph.output(name, value, ['batch', ...value.shape.slice(1)]);
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
