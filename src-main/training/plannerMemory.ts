import { Graph, type GraphNode, sizeOf, type Value } from '../tensor/graph.ts';
import { liveNodes } from '../tensor/onnx/emit.ts';
import { membersOf } from '../tensor/train-batch.ts';
import {
  carriedInputs,
  carriedKinds,
  carriedValues,
  emitUpdate,
  isMixed,
  sourceInputs,
  stepGradients,
  stepScalars,
  type TrainGraphSpec,
} from '../tensor/train-graph.ts';

const BYTES: Readonly<Record<Value['dtype'], number>> = {
  float16: 2,
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  bool: 1,
};

export const bytesOf = ({ dtype, shape }: Pick<Value, 'dtype' | 'shape'>): number =>
  sizeOf(shape) * BYTES[dtype];

/** Operators whose result is their input under another name. */
const ALIASES: ReadonlySet<string> = new Set(['Reshape', 'Identity', 'StopGradient', 'Unsqueeze', 'Squeeze']);
/** Operators that write over an input which nobody needs any more. */
const IN_PLACE: ReadonlySet<string> = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Neg',
  'Exp',
  'Sqrt',
  'Relu',
  'LeakyRelu',
  'Tanh',
  'Sigmoid',
  'Abs',
  'Max',
  'Min',
  'Softmax',
  'Clip',
  'Log',
]);

const isGraph = (value: unknown): value is Graph => value instanceof Graph;

/** The graphs inside a node: the body of a Loop. */
const bodiesOf = (node: GraphNode): Graph[] => Object.values(node.attributes).filter(isGraph);

/** A buffer that several values may share. */
interface Buffer {
  readonly bytes: number;
  /** Index of the last node that reads it. */
  until: number;
}

/** Which buffer each value lies in, with its last reader, in the order of execution. */
function buffersOf(graph: Graph, nodes: readonly GraphNode[]): Map<Value, Buffer> {
  const lastRead = new Map<Value, number>();
  nodes.forEach((node, i) => {
    for (const input of node.inputs) lastRead.set(input, i);
  });
  for (const { value } of graph.outputs) lastRead.set(value, nodes.length);
  const buffers = new Map<Value, Buffer>();
  nodes.forEach((node, i) => {
    for (const output of node.outputs) {
      const until = lastRead.get(output) ?? i;
      const shared = sharedBuffer(node, output, i, buffers);
      if (shared) shared.until = Math.max(shared.until, until);
      const buffer = shared ?? { bytes: bytesOf(output), until };
      buffers.set(output, buffer);
    }
  });
  return buffers;
}

/** The buffer of an input that an output takes over: an alias always, elementwise results where the input ends here. */
function sharedBuffer(
  node: GraphNode,
  output: Value,
  index: number,
  buffers: ReadonlyMap<Value, Buffer>,
): Buffer | undefined {
  if (ALIASES.has(node.op)) return buffers.get(node.inputs[0]!);
  if (!IN_PLACE.has(node.op)) return undefined;
  const size = bytesOf(output);
  return node.inputs
    .map((input) => buffers.get(input))
    .find((buffer) => buffer !== undefined && buffer.bytes === size && buffer.until === index);
}

/**
 * Largest sum of the bytes of all values that are alive at once, inputs and constants of the graph left out. Walks the
 * nodes in the order they were emitted, which is close to ONNX Runtime's own.
 */
export function peakBytes(graph: Graph): number {
  const nodes = liveNodes(graph);
  const buffers = buffersOf(graph, nodes);
  const ending = new Map<number, Set<Buffer>>();
  for (const buffer of buffers.values()) {
    const group = ending.get(buffer.until) ?? new Set<Buffer>();
    ending.set(buffer.until, group.add(buffer));
  }
  const held = new Set<Buffer>();
  let now = 0;
  let peak = 0;
  nodes.forEach((node, i) => {
    for (const output of node.outputs) {
      const buffer = buffers.get(output)!;
      if (held.has(buffer)) continue;
      held.add(buffer);
      now += buffer.bytes;
    }
    const inside = bodiesOf(node).reduce((most, body) => Math.max(most, peakBytes(body)), 0);
    peak = Math.max(peak, now + inside);
    for (const buffer of ending.get(i) ?? []) {
      if (held.delete(buffer)) now -= buffer.bytes;
    }
  });
  return peak;
}

/** One training step as a flat graph: what the body of the training Loop does. */
function stepGraph(spec: TrainGraphSpec): Graph {
  const graph = new Graph('plan');
  const source = sourceInputs(graph, spec);
  const carried = carriedInputs(graph, spec, 'in_');
  const members = new Map(
    carried.flatMap(({ parameter }, i) => membersOf(spec.layout.groups[i]!, parameter)),
  );
  const lossScale = isMixed(spec)
    ? { scale: graph.input('scale', 'float32', []), good: graph.input('good', 'float32', []) }
    : undefined;
  const { loss, groups } = stepGradients(spec, source, members, lossScale?.scale);
  const scalars = stepScalars(spec, (port) => graph.input(port, 'float32', []));
  const update = emitUpdate(spec, carried, groups, scalars, lossScale);
  graph.output('loss', loss);
  graph.output('norm', update.norm);
  update.carried.forEach((group, i) => {
    carriedValues(group).forEach((value, j) => {
      graph.output(`out_${i}_${j}`, value);
    });
  });
  return graph;
}

/** What one worker of a run takes, in bytes. */
export interface StepMemory {
  /** Weights, optimiser state and moving average, as the host and the engine hold them. */
  readonly state: number;
  /** The resident features and targets. */
  readonly data: number;
  /** Everything that is alive at the fullest moment of a step, with what the allocator keeps around it. */
  readonly activations: number;
}

/**
 * Copies of the carried state: the host's vectors, those before the chunk (to go back), what the Loop holds of this
 * step, what the next one is written to, and a checkpoint being written.
 */
const STATE_COPIES = 6;
/** The arena of ONNX Runtime grows in powers of two and does not move blocks: it took 1.8 to 2 times the walk's peak. */
const ARENA_FACTOR = 2;

/** Memory of a training step by walking its graph. */
export function stepMemory(spec: TrainGraphSpec): StepMemory {
  const vectors = carriedKinds(spec.optimizer).length;
  return {
    state: STATE_COPIES * vectors * spec.layout.total * BYTES.float32,
    data: spec.rows * (spec.size.features + spec.targetColumns) * BYTES.float32,
    activations: ARENA_FACTOR * peakBytes(stepGraph(spec)),
  };
}

/** A process with the program, the engine and its libraries loaded, before there is any data: measured on Linux. */
export const PROCESS_BYTES = 145e6;

/**
 * What the process of a run takes besides, to make a history ready and to tell and store what it does: such processes
 * with tiny networks took 195 to 209 MB at most, on Linux.
 */
export const JOB_BYTES = 55e6;

export const totalOf = ({ state, data, activations }: StepMemory): number => state + data + activations;
