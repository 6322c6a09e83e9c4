import protobuf from 'protobufjs/minimal.js';
import type { ConstantData, DataType, DeclaredShape } from '../graph.ts';

/**
 * A writer for the part of the ONNX file format that we emit. Field numbers are those of `onnx.proto`
 * (ONNX IR version 8, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

const { Writer } = protobuf;
type ProtoWriter = protobuf.Writer;

const LENGTH_DELIMITED = 2;
const VARINT = 0;
const FIXED32 = 5;

/** TensorProto.DataType */
const ELEMENT_TYPE: Readonly<Record<DataType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPE: Readonly<Record<OnnxAttribute['kind'], number>> = {
  float: 1,
  int: 2,
  string: 3,
  graph: 5,
  ints: 7,
};

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: ConstantData;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: DeclaredShape;
}

export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'graph'; readonly value: OnnxGraph };

export interface OnnxNode {
  readonly op: string;
  /** Absent for the standard domain. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly (readonly [string, OnnxAttribute])[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly irVersion: number;
  readonly opset: number;
  /** Versions of further operator domains that the nodes use. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const tag = (w: ProtoWriter, field: number, wire: number): ProtoWriter => w.uint32((field << 3) | wire);
const text = (w: ProtoWriter, field: number, value: string): void => {
  tag(w, field, LENGTH_DELIMITED).string(value);
};
const integer = (w: ProtoWriter, field: number, value: number): void => {
  tag(w, field, VARINT).int64(value);
};

/** Writes a nested message with its length in front. */
function message(w: ProtoWriter, field: number, body: (w: ProtoWriter) => void): void {
  tag(w, field, LENGTH_DELIMITED).fork();
  body(w);
  w.ldelim();
}

function writeValueInfo(w: ProtoWriter, info: OnnxValueInfo): void {
  text(w, 1, info.name);
  message(w, 2, (type) =>
    message(type, 1, (tensor) => {
      integer(tensor, 1, ELEMENT_TYPE[info.dtype]);
      message(tensor, 2, (shape) => {
        for (const extent of info.shape) {
          message(shape, 1, (dim) => {
            if (typeof extent === 'number') integer(dim, 1, extent);
            else text(dim, 2, extent);
          });
        }
      });
    }),
  );
}

function writeTensor(w: ProtoWriter, tensor: OnnxTensor): void {
  for (const extent of tensor.shape) integer(w, 1, extent);
  integer(w, 2, ELEMENT_TYPE[tensor.dtype]);
  text(w, 8, tensor.name);
  // raw_data is little-endian, as is every platform that Node and ONNX Runtime run on.
  const { buffer, byteOffset, byteLength } = tensor.data;
  tag(w, 9, LENGTH_DELIMITED).bytes(new Uint8Array(buffer, byteOffset, byteLength));
}

function writeAttribute(w: ProtoWriter, name: string, attribute: OnnxAttribute): void {
  text(w, 1, name);
  switch (attribute.kind) {
    case 'float':
      tag(w, 2, FIXED32).float(attribute.value);
      break;
    case 'int':
      integer(w, 3, attribute.value);
      break;
    case 'string':
      text(w, 4, attribute.value);
      break;
    case 'graph':
      message(w, 6, (inner) => writeGraph(inner, attribute.value));
      break;
    case 'ints':
      for (const value of attribute.value) integer(w, 8, value);
      break;
  }
  integer(w, 20, ATTRIBUTE_TYPE[attribute.kind]);
}

function writeNode(w: ProtoWriter, node: OnnxNode): void {
  for (const name of node.inputs) text(w, 1, name);
  for (const name of node.outputs) text(w, 2, name);
  text(w, 3, node.outputs[0] ?? '');
  text(w, 4, node.op);
  for (const [name, attribute] of node.attributes) {
    message(w, 5, (inner) => writeAttribute(inner, name, attribute));
  }
  if (node.domain !== undefined) text(w, 7, node.domain);
}

function writeGraph(w: ProtoWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) message(w, 1, (inner) => writeNode(inner, node));
  text(w, 2, graph.name);
  for (const tensor of graph.initializers) message(w, 5, (inner) => writeTensor(inner, tensor));
  for (const info of graph.inputs) message(w, 11, (inner) => writeValueInfo(inner, info));
  for (const info of graph.outputs) message(w, 12, (inner) => writeValueInfo(inner, info));
}

/** Serialises a model to the bytes of an `.onnx` file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const w = Writer.create();
  integer(w, 1, model.irVersion);
  text(w, 2, model.producer);
  message(w, 7, (inner) => writeGraph(inner, model.graph));
  message(w, 8, (inner) => integer(inner, 2, model.opset));
  for (const [domain, version] of Object.entries(model.domains ?? {})) {
    message(w, 8, (inner) => {
      text(inner, 1, domain);
      integer(inner, 2, version);
    });
  }
  for (const [key, value] of Object.entries(model.metadata)) {
    message(w, 14, (inner) => {
      text(inner, 1, key);
      text(inner, 2, value);
    });
  }
  return w.finish();
}
