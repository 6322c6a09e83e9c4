import { FrontierError } from '../../src-shared/errors.ts';
import type { DataType, Graph, GraphNode, Shape, Value } from './graph.ts';

export type AttributeValue = number | string | readonly number[] | Graph;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * How an attribute is written to ONNX: as an attribute of that kind, or (`input`) as a constant int64 tensor
 * appended to the node's inputs, which is where newer operator sets keep axes, shapes and pads.
 */
export type AttributeKind = 'int' | 'float' | 'ints' | 'string' | 'dtype' | 'graph' | 'input';

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** One operator: its attributes in the order ONNX wants them, and its shape rule. */
export interface OpRow {
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** ONNX operator domain where it is not the standard one, e.g. `com.microsoft` for ONNX Runtime's own kernels. */
  readonly domain?: string;
  /** Name of the operator in its domain where several rows stand for one. */
  readonly onnxName?: string;
  /** Attributes that are the same for every application. */
  readonly fixed?: Readonly<Record<string, number | string>>;
  infer(inputs: readonly Value[], attributes: Attributes): readonly TensorType[];
}

/** What a gradient rule sees. */
export interface GradContext {
  readonly node: GraphNode;
  /** First output of the node, which many rules reuse. */
  readonly output: Value;
  readonly attributes: Attributes;
  /** Gradients of all outputs; undefined where the loss does not depend on one. */
  readonly outputGrads: readonly (Value | undefined)[];
  /** Which inputs need a gradient; a rule may leave out the others. */
  readonly needs: readonly boolean[];
}

/** Gradients of the inputs from the gradient `d` of the first output; undefined where none flows. */
export type GradRule = (
  d: Value,
  inputs: readonly Value[],
  context: GradContext,
) => readonly (Value | undefined)[];

const ops = new Map<string, OpRow>();
const grads = new Map<string, GradRule>();

/** Adds one operator to the table. */
export function defineOp(op: string, row: OpRow): void {
  if (ops.has(op)) throw new Error(`operator ${op} is defined twice`);
  ops.set(op, row);
}

/** Adds the gradient of one operator to the table. */
export function defineGrad(op: string, rule: GradRule): void {
  if (grads.has(op)) throw new Error(`gradient of ${op} is defined twice`);
  grads.set(op, rule);
}

/** @throws FrontierError INTERNAL for an operator nobody defined */
export function opRow(op: string): OpRow {
  const row = ops.get(op);
  if (!row) throw new FrontierError('INTERNAL', `operator ${op} is not defined`, 'Add a row with defineOp.');
  return row;
}

/** @throws FrontierError INTERNAL, naming the operator, where no gradient is defined */
export function gradRule(op: string): GradRule {
  const rule = grads.get(op);
  if (!rule) {
    throw new FrontierError(
      'INTERNAL',
      `operator ${op} has no gradient`,
      `Add a row with defineGrad('${op}', …) or keep ${op} out of the path from the parameters to the loss.`,
    );
  }
  return rule;
}

/** Names of all operators, and of those with a gradient; tests hold one case per row. */
export function definedOps(): { ops: string[]; grads: string[] } {
  return { ops: [...ops.keys()].sort(), grads: [...grads.keys()].sort() };
}

/** Reads an integer attribute. */
export function intAttribute(attributes: Attributes, name: string, otherwise?: number): number {
  const value = attributes[name] ?? otherwise;
  if (typeof value !== 'number') throw new Error(`attribute ${name} is missing`);
  return value;
}

/** Reads a list attribute. */
export function intsAttribute(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  if (!Array.isArray(value)) throw new Error(`attribute ${name} is missing`);
  return value as readonly number[];
}
