import type { DataType, Graph, GraphNode, Value } from './graph.ts';
import { opRow } from './registry.ts';

/**
 * Mixed precision as a rule per operator, after the lists of PyTorch's `autocast`: what is limited by arithmetic goes
 * in half precision, what sums many numbers or has a large range stays in single, and the rest goes on in the
 * precision of what it is given.
 */
export type PrecisionRule = 'half' | 'follow' | 'single';

/** True where a run computes in half precision. */
export const isMixed = ({ precision }: { readonly precision?: 'float32' | 'mixed' }): boolean =>
  precision === 'mixed';

/** Matrix products and convolutions: tensor cores multiply halves and add in single precision. */
const HALF = ['MatMul', 'Gemm', 'Conv', 'ConvTranspose'];
/** Elementwise operators that halves do no harm, and those that only move numbers. */
const FOLLOW = [
  ...['Add', 'Sub', 'Mul', 'Max', 'Min', 'Neg', 'Abs', 'Sign', 'Relu', 'LeakyRelu', 'Tanh', 'Sigmoid'],
  ...['Greater', 'Less', 'Where', 'Identity', 'StopGradient'],
  ...['Reshape', 'Transpose', 'Concat', 'Slice', 'Pad', 'Split', 'Expand', 'Gather', 'Squeeze', 'Unsqueeze'],
];
/**
 * Everything else is computed in single precision: reductions, softmax, normalisations, division, roots, powers,
 * exponentials, losses, loops and the engine's own kernels.
 */
export function precisionRule(op: string): PrecisionRule {
  if (HALF.includes(op)) return 'half';
  return FOLLOW.includes(op) && opRow(op).domain === undefined ? 'follow' : 'single';
}

/** Smallest normal and largest finite number of IEEE binary16. */
const HALF_LEAST = 2 ** -14;
const HALF_LARGEST = 65_504;

const fitsHalf = (x: number): boolean =>
  x === 0 || (Math.abs(x) >= HALF_LEAST && Math.abs(x) <= HALF_LARGEST);

/** Rewrites one graph; see `toMixedPrecision`. */
class Rewriter {
  readonly #graph: Graph;
  readonly #nodes: GraphNode[] = [];
  /** Half version of values of single precision. */
  readonly #halves = new Map<Value, Value>();
  /** Values whose first version is the half one. */
  readonly #native = new Set<Value>();
  /** Values that either precision holds exactly: masks and constants. */
  readonly #either = new Set<Value>();

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const [value, data] of graph.constants) {
      if (value.dtype === 'float32' && Array.from(data, Number).every(fitsHalf)) this.#either.add(value);
    }
  }

  run(): void {
    const before = this.#graph.nodes.splice(0);
    for (const node of before) this.#rewrite(node);
    this.#graph.nodes.push(...this.#nodes);
  }

  #rewrite(node: GraphNode): void {
    const isMask = node.op === 'Cast' && node.inputs[0]!.dtype === 'bool' && node.attributes.to === 'float32';
    if (isMask) this.#either.add(node.outputs[0]!);
    if (this.#inHalf(node)) this.#toHalf(node);
    else this.#nodes.push(node);
  }

  #inHalf(node: GraphNode): boolean {
    const rule = precisionRule(node.op);
    if (rule === 'single') return false;
    const floats = node.inputs.filter(({ dtype }) => dtype === 'float32');
    if (floats.length === 0) return false;
    if (rule === 'half') return node.inputs.every(({ dtype }) => dtype === 'float32');
    const decided = floats.filter((input) => !this.#either.has(input));
    return decided.length > 0 && decided.every((input) => this.#native.has(input));
  }

  /** Replaces a node by its half version, followed by casts for those who want single precision. */
  #toHalf(node: GraphNode): void {
    const inputs = node.inputs.map((input) => (input.dtype === 'float32' ? this.#half(input) : input));
    const outputs: Value[] = [];
    const half: GraphNode = { ...node, inputs, outputs };
    this.#nodes.push(half);
    for (const output of node.outputs) {
      if (output.dtype !== 'float32') {
        outputs.push(output);
        continue;
      }
      const made: Value = { ...output, name: `${output.name}_half`, dtype: 'float16', node: half };
      outputs.push(made);
      this.#halves.set(output, made);
      this.#native.add(output);
      this.#nodes.push({ op: 'Cast', inputs: [made], outputs: [output], attributes: { to: 'float32' } });
    }
  }

  #half(value: Value): Value {
    const known = this.#halves.get(value);
    if (known) return known;
    const outputs: Value[] = [];
    const to: DataType = 'float16';
    // A mask is made in half precision at once, not by way of single precision.
    const mask = value.node?.op === 'Cast' ? value.node.inputs[0]! : undefined;
    const source = mask?.dtype === 'bool' ? mask : value;
    const node: GraphNode = { op: 'Cast', inputs: [source], outputs, attributes: { to } };
    const made: Value = { ...value, name: `${value.name}_half`, dtype: to, node };
    outputs.push(made);
    this.#nodes.push(node);
    this.#halves.set(value, made);
    return made;
  }
}

/**
 * Rewrites what a graph holds so far to mixed precision, in place. The values keep their identity, name and element
 * type, so that what was built on them and what is built next stays as it is: a value computed in half precision gets
 * a twin, and a Cast where somebody wants it in single precision. Casts that nobody uses are not emitted.
 */
export function toMixedPrecision(graph: Graph): void {
  new Rewriter(graph).run();
}
