import { type DataType, Graph, type GraphNode, type GraphPort, type Value } from '../graph.ts';
import { type AttributeValue, opRow } from '../registry.ts';
import {
  encodeModel,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './encode.ts';

/** Operator set of the standard domain and file format version of every emitted model. */
const OPSET = 17;
const IR_VERSION = 8;

/** TensorProto.DataType codes, as the Cast operator's `to` wants them. */
const CAST_TO: Readonly<Record<DataType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** Operators of ours that ONNX knows under another name. */
const ONNX_NAME: Readonly<Record<string, string>> = { StopGradient: 'Identity' };

/** The graph of each model that was written here and is still in use. */
const emitted = new WeakMap<Uint8Array, Graph>();

/** The graph that `emitModel` wrote as these bytes (the same array, not a copy); undefined for any others. */
export const graphOf = (model: Uint8Array): Graph | undefined => emitted.get(model);

/**
 * Writes a graph as an ONNX model, leaving out nodes that no output depends on.
 * @param metadata free text stored in the file, e.g. window and feature count
 */
export function emitModel(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const lowered = lowerGraph(graph);
  const bytes = encodeModel({
    graph: lowered,
    irVersion: IR_VERSION,
    opset: OPSET,
    domains: Object.fromEntries([...domainsOf(lowered)].map((domain) => [domain, DOMAIN_VERSION])),
    producer: 'frontier',
    metadata,
  });
  emitted.set(bytes, graph);
  return bytes;
}

/** Version of every further operator domain; ONNX Runtime has published `com.microsoft` as version 1 only. */
const DOMAIN_VERSION = 1;

/** Operator domains beside the standard one that a graph and the graphs inside it use. */
function domainsOf(graph: OnnxGraph, found = new Set<string>()): Set<string> {
  for (const node of graph.nodes) {
    if (node.domain !== undefined) found.add(node.domain);
    for (const [, attribute] of node.attributes) {
      if (attribute.kind === 'graph') domainsOf(attribute.value, found);
    }
  }
  return found;
}

/** The nodes some output depends on, in their order. */
export function liveNodes(graph: Graph): readonly GraphNode[] {
  const wanted = new Set(graph.outputs.map(({ value }) => value));
  const named = new Set<string>();
  const live: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => wanted.has(output) || named.has(output.name))) continue;
    live.push(node);
    for (const input of node.inputs) wanted.add(input);
    for (const name of namesInside(node)) named.add(name);
  }
  return live.reverse();
}

/** Names that the graphs inside a node read; they see the values of the graphs around them by name. */
function namesInside(node: GraphNode): string[] {
  const graphs = Object.values(node.attributes).filter((value): value is Graph => value instanceof Graph);
  return graphs.flatMap((inner) => [
    ...inner.outputs.map(({ value }) => value.name),
    ...liveNodes(inner).flatMap((each) => [...each.inputs.map(({ name }) => name), ...namesInside(each)]),
  ]);
}

function lowerGraph(graph: Graph): OnnxGraph {
  const live = liveNodes(graph);
  const extra: OnnxTensor[] = [];
  const outputNames = new Map(graph.outputs.map(({ name, value }) => [value, name]));
  const nameOf = (value: Value): string => outputNames.get(value) ?? value.name;
  const nodes = live.map((node) => lowerNode(node, nameOf, extra));
  const used = new Set(
    live.flatMap((node) => [...node.inputs.map(({ name }) => name), ...namesInside(node)]),
  );
  const constants = [...graph.constants].filter(([value]) => used.has(value.name));
  const port = ({ name, value, declared }: GraphPort): OnnxValueInfo => ({
    name,
    dtype: value.dtype,
    shape: declared,
  });
  return {
    name: graph.name,
    nodes,
    initializers: [
      ...constants.map(([value, data]) => ({
        name: value.name,
        dtype: value.dtype,
        shape: value.shape,
        data,
      })),
      ...extra,
    ],
    inputs: graph.inputs.map(port),
    outputs: graph.outputs.map(port),
  };
}

function lowerNode(node: GraphNode, nameOf: (value: Value) => string, extra: OnnxTensor[]): OnnxNode {
  const inputs = node.inputs.map(nameOf);
  const attributes: [string, OnnxAttribute][] = [];
  const { attributes: kinds, domain, onnxName, fixed = {} } = opRow(node.op);
  for (const [name, kind] of Object.entries(kinds)) {
    const value = node.attributes[name];
    if (value === undefined) throw new Error(`${node.op}: attribute ${name} is missing`);
    if (kind === 'input') {
      const constant = `${node.outputs[0]!.name}_${name}`;
      const list = value as readonly number[];
      extra.push({
        name: constant,
        dtype: 'int64',
        shape: [list.length],
        data: BigInt64Array.from(list, BigInt),
      });
      inputs.push(constant);
    } else {
      attributes.push([name, lowerAttribute(kind, value)]);
    }
  }
  for (const [name, value] of Object.entries(fixed)) {
    attributes.push([name, typeof value === 'number' ? { kind: 'int', value } : { kind: 'string', value }]);
  }
  return {
    op: onnxName ?? ONNX_NAME[node.op] ?? node.op,
    ...(domain === undefined ? {} : { domain }),
    inputs,
    outputs: node.outputs.map(nameOf),
    attributes,
  };
}

function lowerAttribute(kind: string, value: AttributeValue): OnnxAttribute {
  switch (kind) {
    case 'dtype':
      return { kind: 'int', value: CAST_TO[value as DataType] };
    case 'graph':
      return { kind: 'graph', value: lowerGraph(value as Graph) };
    case 'ints':
      return { kind, value: value as readonly number[] };
    case 'string':
      return { kind, value: value as string };
    case 'float':
      return { kind, value: value as number };
    default:
      return { kind: 'int', value: value as number };
  }
}
