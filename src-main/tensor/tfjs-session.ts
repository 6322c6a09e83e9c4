import { FrontierError } from '../../src-shared/errors.ts';
import type { EngineSession, HostTensor, PortInfo } from './engine.ts';
import type { DataType, Graph, GraphNode, GraphPort } from './graph.ts';
import { liveNodes } from './onnx/emit.ts';
import { lowerNode, TF_DTYPE, type TfModule, type TfTensor, tfOperators } from './tfjs.ts';

/** The graphs inside a node, e.g. the body of a Loop. */
const innerGraphs = (node: GraphNode): Graph[] =>
  Object.values(node.attributes).filter(
    (value): value is Graph => typeof value === 'object' && 'nodes' in value,
  );

/** Operators of a graph and of the graphs inside it that the TensorFlow.js adapter cannot run, by name. */
export function unsupportedOnTfjs(graph: Graph): string[] {
  const known = new Set([...tfOperators(), 'Loop']);
  const missing = new Set<string>();
  const visit = (g: Graph): void => {
    for (const node of liveNodes(g)) {
      if (!known.has(node.op)) missing.add(node.op);
      innerGraphs(node).forEach(visit);
    }
  };
  visit(graph);
  return [...missing].sort();
}

/** Tensors by name: graphs inside a graph see the values of those around them by their names. */
class Names<T> {
  readonly #own = new Map<string, T>();
  readonly #around: Names<T> | undefined;

  constructor(around?: Names<T>) {
    this.#around = around;
  }

  set(name: string, tensor: T): void {
    this.#own.set(name, tensor);
  }

  get(name: string): T {
    const found = this.#own.get(name) ?? this.#around?.get(name);
    if (found === undefined) throw new Error(`value ${name} is not computed`);
    return found;
  }
}

/**
 * Runs a graph on TensorFlow.js.
 * @param inputs tensors by input name
 * @returns tensors by output name
 * @throws FrontierError INTERNAL naming an operator that has no counterpart, or an input that is missing
 */
export function runOnTensorFlow<T extends TfTensor>(
  tf: TfModule<T>,
  graph: Graph,
  inputs: Readonly<Record<string, T>>,
): Record<string, T> {
  const names = new Names<T>();
  for (const { name } of graph.inputs) {
    const tensor = inputs[name];
    if (!tensor) throw new FrontierError('INTERNAL', `input ${name} is missing`, 'Pass every graph input.');
    names.set(name, tensor);
  }
  const outputs = runNodes(tf, graph, names);
  return Object.fromEntries(graph.outputs.map(({ name }, i) => [name, outputs[i]!]));
}

/** Runs the nodes of a graph whose inputs are named; the values of its outputs in their order. */
function runNodes<T extends TfTensor>(tf: TfModule<T>, graph: Graph, names: Names<T>): T[] {
  for (const [value, data] of graph.constants) {
    names.set(value.name, tf.tensor(Array.from(data, Number), [...value.shape], TF_DTYPE[value.dtype]));
  }
  for (const node of liveNodes(graph)) {
    const inputs = node.inputs.map(({ name }) => names.get(name));
    const results = node.op === 'Loop' ? runLoop(tf, node, inputs, names) : lowerNode(tf, node, inputs);
    node.outputs.forEach(({ name }, i) => {
      names.set(name, results[i]!);
    });
  }
  return graph.outputs.map(({ value }) => names.get(value.name));
}

/**
 * Runs the body of a Loop as often as its trip count says. Our loops never end early: their condition is passed on as
 * it is, so it is not read back from the device.
 */
function runLoop<T extends TfTensor>(tf: TfModule<T>, node: GraphNode, inputs: T[], around: Names<T>): T[] {
  const body = node.attributes.body as Graph;
  const [trips, condition, ...start] = inputs as [T, T, ...T[]];
  const count = Number(trips.dataSync()[0]);
  let carried = start;
  const scans: T[][] = body.outputs.slice(1 + start.length).map(() => []);
  for (let iteration = 0; iteration < count; iteration++) {
    const results = tf.tidy(() => {
      const names = new Names(around);
      const given = [tf.tensor([iteration], [], 'int32'), condition, ...carried];
      body.inputs.forEach(({ name }, i) => {
        names.set(name, given[i]!);
      });
      return runNodes(tf, body, names).slice(1);
    });
    // The carried tensors of the iteration before were made here and nobody else holds them.
    if (iteration > 0) for (const tensor of carried) tensor.dispose();
    carried = results.slice(0, start.length);
    results.slice(start.length).forEach((tensor, i) => {
      scans[i]!.push(tensor);
    });
  }
  return [...carried, ...scans.map((values) => tf.stack(values, 0))];
}

const portInfo = ({ name, value, declared }: GraphPort): PortInfo => ({
  name,
  dtype: value.dtype,
  shape: declared,
});

/** Data as the graph declares it: TensorFlow.js gives booleans as bytes and knows no 64-bit types. */
function hostData(dtype: DataType, data: ArrayLike<number>): HostTensor['data'] {
  switch (dtype) {
    case 'float64':
      return Float64Array.from(data);
    case 'int32':
      return Int32Array.from(data);
    case 'int64':
      return BigInt64Array.from(Array.from(data), BigInt);
    case 'bool':
      return Uint8Array.from(data);
    default:
      return Float32Array.from(data);
  }
}

/**
 * A graph as a session on TensorFlow.js.
 * @throws FrontierError ENGINE_FAILED naming every operator that TensorFlow.js cannot run
 */
export function tensorFlowSession<T extends TfTensor>(tf: TfModule<T>, graph: Graph): EngineSession {
  const missing = unsupportedOnTfjs(graph);
  if (missing.length > 0) {
    throw new FrontierError(
      'ENGINE_FAILED',
      `TensorFlow.js cannot run ${missing.join(', ')}`,
      'Choose another engine, or a model without these operators.',
    );
  }
  return {
    inputs: graph.inputs.map(portInfo),
    outputs: graph.outputs.map(portInfo),
    async run(feeds) {
      const outputs = tf.tidy(() => {
        const tensors = graph.inputs
          .filter(({ name }) => feeds[name] !== undefined)
          .map(({ name }): [string, T] => {
            const { data, shape, dtype } = feeds[name]!;
            return [name, tf.tensor(toNumbers(data), [...shape], TF_DTYPE[dtype])];
          });
        return runOnTensorFlow(tf, graph, Object.fromEntries(tensors));
      });
      const results: Record<string, HostTensor> = {};
      for (const { name, value } of graph.outputs) {
        const tensor = outputs[name]!;
        const data = hostData(value.dtype, await tensor.data());
        results[name] = { dtype: value.dtype, shape: tensor.shape, data };
        tensor.dispose();
      }
      return results;
    },
    release: async () => {},
  };
}

function toNumbers(data: HostTensor['data']): ArrayLike<number> {
  return data instanceof BigInt64Array ? Array.from(data, Number) : (data as Float32Array);
}
