/**
 * Joins finished ONNX files into one by rewriting them on the wire: only names are touched, everything else is kept
 * byte for byte, so files made elsewhere can be joined too. Field numbers are those of `onnx.proto`.
 */
import protobuf from 'protobufjs/minimal.js';
import { FrontierError } from '../../../src-shared/errors.ts';

const { Reader, Writer } = protobuf;

const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, valueInfo: 13, sparse: 15 } as const;
const NODE = { input: 1, output: 2, name: 3, attribute: 5 } as const;
const ATTRIBUTE = { graph: 6, graphs: 11 } as const;
const LENGTH_DELIMITED = 2;
const VALUE_NAME = 1;
const TENSOR_NAME = 8;

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of a length-delimited field: its content; of others: the encoded value. */
  readonly bytes: Uint8Array;
}

/** @throws FrontierError BAD_INPUT where the bytes are no such message */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  const reader = Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const wire = tag & 7;
      if (wire === LENGTH_DELIMITED) {
        fields.push({ number: tag >>> 3, wire, bytes: reader.bytes() });
        continue;
      }
      const start = reader.pos;
      reader.skipType(wire);
      fields.push({ number: tag >>> 3, wire, bytes: bytes.subarray(start, reader.pos) });
    }
  } catch (cause) {
    throw new FrontierError('BAD_INPUT', 'the file is no ONNX model', 'Choose an .onnx file.', cause);
  }
  return fields;
}

function write(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, bytes } of fields) {
    const head = Writer.create().uint32((number << 3) | wire);
    if (wire === LENGTH_DELIMITED) head.uint32(bytes.length);
    parts.push(head.finish(), bytes);
  }
  return Buffer.concat(parts);
}

const text = (field: Field): string => Buffer.from(field.bytes).toString('utf8');
const textField = (number: number, value: string): Field => ({
  number,
  wire: LENGTH_DELIMITED,
  bytes: Buffer.from(value, 'utf8'),
});
const nested = (number: number, bytes: Uint8Array): Field => ({ number, wire: LENGTH_DELIMITED, bytes });

type Rename = (name: string) => string;

function mapFields(bytes: Uint8Array, map: (field: Field) => Field): Uint8Array {
  return write(fieldsOf(bytes).map(map));
}

/** An empty name stands for an optional input that is left out. */
const renamed = (field: Field, rename: Rename): Field =>
  field.bytes.length === 0 ? field : textField(field.number, rename(text(field)));

const renameField =
  (number: number, rename: Rename) =>
  (field: Field): Field =>
    field.number === number ? renamed(field, rename) : field;

function renameAttribute(bytes: Uint8Array, rename: Rename): Uint8Array {
  return mapFields(bytes, (field) =>
    field.wire === LENGTH_DELIMITED && (field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs)
      ? nested(field.number, renameGraph(field.bytes, rename))
      : field,
  );
}

function renameNode(bytes: Uint8Array, rename: Rename): Uint8Array {
  return mapFields(bytes, (field) => {
    switch (field.number) {
      case NODE.input:
      case NODE.output:
      case NODE.name:
        return renamed(field, rename);
      case NODE.attribute:
        return nested(field.number, renameAttribute(field.bytes, rename));
      default:
        return field;
    }
  });
}

/** Renames every value of a graph and of the graphs inside it. */
function renameGraph(bytes: Uint8Array, rename: Rename): Uint8Array {
  return mapFields(bytes, (field) => {
    switch (field.number) {
      case GRAPH.node:
        return nested(field.number, renameNode(field.bytes, rename));
      case GRAPH.initializer:
        return nested(field.number, mapFields(field.bytes, renameField(TENSOR_NAME, rename)));
      case GRAPH.sparse:
        // A sparse tensor carries its name in its values, field 1.
        return nested(
          field.number,
          mapFields(field.bytes, (inner) =>
            inner.number === 1 ? nested(1, mapFields(inner.bytes, renameField(TENSOR_NAME, rename))) : inner,
          ),
        );
      case GRAPH.input:
      case GRAPH.output:
      case GRAPH.valueInfo:
        return nested(field.number, mapFields(field.bytes, renameField(VALUE_NAME, rename)));
      default:
        return field;
    }
  });
}

interface OpenedModel {
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: Uint8Array;
}

function open(bytes: Uint8Array): OpenedModel {
  const fields = fieldsOf(bytes);
  const graph = fields.find((f) => f.number === MODEL.graph)?.bytes;
  if (!graph) throw new FrontierError('BAD_INPUT', 'the file holds no ONNX graph', 'Choose an .onnx file.');
  const irVersion = fields.find((f) => f.number === MODEL.irVersion);
  const opsets = new Map<string, number>();
  for (const field of fields.filter((f) => f.number === MODEL.opset)) {
    const inner = fieldsOf(field.bytes);
    const domain = inner.find((f) => f.number === 1);
    const version = inner.find((f) => f.number === 2);
    opsets.set(domain ? text(domain) : '', version ? Reader.create(version.bytes).uint32() : 1);
  }
  return { irVersion: irVersion ? Reader.create(irVersion.bytes).uint32() : 8, opsets, graph };
}

/** Operator set of the standard domain that a file was written for. @throws FrontierError BAD_INPUT */
export function opsetOf(bytes: Uint8Array): number {
  return open(bytes).opsets.get('') ?? 1;
}

/** One file of a composition. */
export interface ComposedPart {
  readonly bytes: Uint8Array;
  /** Put before every name of the part that `names` does not mention; distinct for each part. */
  readonly prefix: string;
  /** Names of the whole for inputs and outputs of the part, by their name in the part. */
  readonly names: Readonly<Record<string, string>>;
  /** Made of operators that are the same in all operator sets from 13 to 24, so that it joins a file of any of them. */
  readonly neutral?: boolean;
}

const OLDEST_OPSET = 13;
const NEWEST_OPSET = 24;

/**
 * One model of several, run in the order given.
 * @param parts inputs of a later part may be outputs of earlier ones
 * @param inputs, outputs names in the whole that become its inputs and outputs
 * @throws FrontierError BAD_INPUT where a file is no ONNX model, or the files are of different operator sets
 */
export function composeModels(
  parts: readonly ComposedPart[],
  inputs: readonly string[],
  outputs: readonly string[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const opened = parts.map(({ bytes }) => open(bytes));
  const opsets = new Map<string, number>();
  const deciding = opened.filter((_, i) => !parts[i]!.neutral);
  for (const { opsets: own } of deciding.length > 0 ? deciding : opened) {
    for (const [domain, version] of own) {
      if (domain === '' && (version < OLDEST_OPSET || version > NEWEST_OPSET)) {
        throw new FrontierError(
          'BAD_INPUT',
          `the model is written for operator set ${version}; ${OLDEST_OPSET} to ${NEWEST_OPSET} can be joined`,
          'Export it again with operator set 17.',
        );
      }
      const known = opsets.get(domain);
      if (known !== undefined && known !== version) {
        throw new FrontierError(
          'BAD_INPUT',
          `the models are written for operator sets ${known} and ${version} and cannot be joined`,
          'Export the model made elsewhere again with operator set 17, as those made here.',
        );
      }
      opsets.set(domain, version);
    }
  }
  const graphs = parts.map(({ prefix, names }, i) =>
    fieldsOf(
      renameGraph(opened[i]!.graph, (name) =>
        Object.hasOwn(names, name) ? names[name]! : `${prefix}${name}`,
      ),
    ),
  );
  const nameOf = (field: Field): string => text(fieldsOf(field.bytes).find((f) => f.number === VALUE_NAME)!);
  const ports = (number: number, wanted: readonly string[]): Field[] =>
    wanted.map((name) => {
      const found = graphs.flat().find((f) => f.number === number && nameOf(f) === name);
      if (!found) throw new Error(`no part has a port ${name}`);
      return found;
    });
  const graph = write([
    ...graphs.flatMap((fields) => fields.filter((f) => f.number === GRAPH.node)),
    textField(GRAPH.name, 'model'),
    ...graphs.flatMap((fields) =>
      fields.filter((f) => f.number === GRAPH.initializer || f.number === GRAPH.sparse),
    ),
    ...ports(GRAPH.input, inputs),
    ...ports(GRAPH.output, outputs),
  ]);
  const w = Writer.create();
  w.uint32((MODEL.irVersion << 3) | 0).int64(Math.max(...opened.map((o) => o.irVersion)));
  w.uint32((MODEL.producer << 3) | LENGTH_DELIMITED).string('frontier');
  w.uint32((MODEL.graph << 3) | LENGTH_DELIMITED).bytes(graph);
  for (const [domain, version] of opsets) {
    w.uint32((MODEL.opset << 3) | LENGTH_DELIMITED).fork();
    if (domain !== '') w.uint32((1 << 3) | LENGTH_DELIMITED).string(domain);
    w.uint32((2 << 3) | 0).int64(version);
    w.ldelim();
  }
  for (const [key, value] of Object.entries(metadata)) {
    w.uint32((MODEL.metadata << 3) | LENGTH_DELIMITED).fork();
    w.uint32((1 << 3) | LENGTH_DELIMITED).string(key);
    w.uint32((2 << 3) | LENGTH_DELIMITED).string(value);
    w.ldelim();
  }
  return w.finish();
}
