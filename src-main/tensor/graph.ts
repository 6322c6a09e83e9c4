import { FrontierError } from '../../src-shared/errors.ts';
import { type Attributes, opRow } from './registry.ts';

/** Element types a value may have. Index arithmetic uses int32, which every engine keeps on the device. */
export type DataType = 'float32' | 'float64' | 'float16' | 'int32' | 'int64' | 'bool';

/** Extents, outermost first; always known while the graph is built. */
export type Shape = readonly number[];

export type ConstantData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** One tensor flowing through a graph. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: Shape;
  /** The node that makes it; undefined for inputs, constants and values of an enclosing graph. */
  readonly node: GraphNode | undefined;
}

/** One operator application. Attributes are the semantic ones; the emitter places them where ONNX wants them. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** The values and nodes that make up a region; of a recomputed one, their copies. */
interface RegionParts {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Further values of the forward part that the backward part uses. */
  readonly saved: readonly Value[];
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
}

/** What the backward part of a region sees. */
export interface RegionContext extends RegionParts {
  /** Which inputs need a gradient; the backward part may leave out the others. */
  readonly needs: readonly boolean[];
}

/** Nodes that are differentiated as one, by a rule of their own (`withGradient`, `recompute`). */
export interface GradientRegion extends RegionParts {
  /** @param grads gradients of the outputs; undefined where the loss does not depend on one, but not all */
  readonly backward: (
    grads: readonly (Value | undefined)[],
    context: RegionContext,
  ) => readonly (Value | undefined)[];
}

/** Declared extents of an input or output: a name stands for an extent known only when the graph runs. */
export type DeclaredShape = readonly (number | string)[];

export interface GraphPort {
  readonly name: string;
  readonly value: Value;
  readonly declared: DeclaredShape;
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function typedArray(dtype: DataType, values: readonly number[]): ConstantData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(values, BigInt);
    case 'bool':
      return Uint8Array.from(values);
    case 'float16':
      throw new Error('a constant in half precision is a Cast of one in single precision');
  }
}

/** Constants up to this many elements are shared when equal. */
const SHARED_CONSTANT_ELEMENTS = 64;

/**
 * A list of operator applications in topological order. Shapes are inferred when a node is added, so a
 * wrong model fails where it is written, not inside the engine.
 */
export class Graph {
  readonly name: string;
  readonly inputs: GraphPort[] = [];
  readonly outputs: GraphPort[] = [];
  readonly nodes: GraphNode[] = [];
  /** Inner ones before the ones around them. */
  readonly regions: GradientRegion[] = [];
  readonly constants = new Map<Value, ConstantData>();
  readonly #shared = new Map<string, Value>();
  #counter = 0;

  /** @param name also the prefix of generated value names; nested graphs need distinct names */
  constructor(name: string) {
    this.name = name;
  }

  #fresh(): string {
    this.#counter += 1;
    return `${this.name}_${this.#counter}`;
  }

  /**
   * Declares an input.
   * @param declared extents as written to the file; a string marks a dynamic extent, for which `shape` holds
   *   a placeholder used by shape inference
   */
  input(name: string, dtype: DataType, shape: Shape, declared: DeclaredShape = shape): Value {
    const value: Value = { graph: this, name, dtype, shape, node: undefined };
    this.inputs.push({ name, value, declared });
    return value;
  }

  /** Makes a value of an enclosing graph usable here under its own name. */
  outer(value: Value, shape: Shape = value.shape): Value {
    return { graph: this, name: value.name, dtype: value.dtype, shape, node: undefined };
  }

  /**
   * Declares an output under a name of its own. The value is written under that name: an Identity node, which would
   * copy it, is added only for a value that cannot take it (an input, a constant, or an output already).
   */
  output(name: string, value: Value, declared: DeclaredShape = value.shape): void {
    const taken = value.node === undefined || this.outputs.some((port) => port.value === value);
    const own = taken ? this.apply('Identity', [value])[0]! : value;
    this.outputs.push({ name, value: own, declared });
  }

  /** A constant tensor; small equal constants are stored once. */
  constant(dtype: DataType, shape: Shape, values: readonly number[] | ConstantData): Value {
    const data = Array.isArray(values) ? typedArray(dtype, values) : (values as ConstantData);
    if (data.length !== sizeOf(shape)) {
      throw new Error(`constant of shape [${shape}] got ${data.length} values`);
    }
    const key = data.length <= SHARED_CONSTANT_ELEMENTS ? `${dtype}|${shape}|${data.join()}` : undefined;
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known) return known;
    const value: Value = { graph: this, name: this.#fresh(), dtype, shape, node: undefined };
    this.constants.set(value, data);
    if (key !== undefined) this.#shared.set(key, value);
    return value;
  }

  /** A constant without extents. */
  scalar(value: number, dtype: DataType = 'float32'): Value {
    return this.constant(dtype, [], [value]);
  }

  /**
   * Adds an operator application.
   * @throws FrontierError INTERNAL where the operator is unknown or the shapes do not fit
   */
  apply(op: string, inputs: readonly Value[], attributes: Attributes = {}): readonly Value[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new Error(`${op}: ${input.name} belongs to another graph`);
    }
    const inferred = opRow(op).infer(inputs, attributes);
    const outputs: Value[] = [];
    const node: GraphNode = { op, inputs, outputs, attributes };
    for (const { dtype, shape } of inferred) {
      outputs.push({ graph: this, name: this.#fresh(), dtype, shape, node });
    }
    this.nodes.push(node);
    return outputs;
  }
}

/** Adds a single-output operator to the graph its inputs live in. */
export function apply(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
  const first = inputs[0];
  if (!first) throw new Error(`${op} needs an input`);
  return first.graph.apply(op, inputs, attributes)[0]!;
}

/** The error of a shape rule: it names the operator and both sides. */
export function shapeError(op: string, inputs: readonly Value[], why: string): FrontierError {
  const shapes = inputs.map((v) => `${v.dtype}[${v.shape.join()}]`).join(', ');
  return new FrontierError(
    'INTERNAL',
    `${op}(${shapes}): ${why}`,
    'The model definition is wrong; report it.',
  );
}
