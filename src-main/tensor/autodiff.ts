import type { GraphNode, Value } from './graph.ts';
import { add, scalarLike } from './ops/index.ts';
import { gradRule } from './registry.ts';

/**
 * Reverse-mode differentiation: emits into the same graph the nodes that compute d loss / d value.
 *
 * @param loss a scalar
 * @param wrt the values to differentiate by; they must be leaves or intermediate values of the same graph
 * @returns one gradient per entry of `wrt`, of the entry's shape
 * @throws FrontierError INTERNAL naming the operator where one on the path has no gradient, or naming the value
 *   the loss does not depend on
 */
export function gradients(loss: Value, wrt: readonly Value[]): readonly Value[] {
  if (loss.shape.length !== 0) throw new Error(`loss must be a scalar, has shape [${loss.shape}]`);
  const nodes = [...loss.graph.nodes];
  const dependent = dependents(nodes, wrt);
  const found = new Map<Value, Value>([[loss, scalarLike(loss, 1)]]);
  for (const node of nodes.reverse()) {
    if (!node.outputs.some((output) => dependent.has(output) && found.has(output))) continue;
    propagate(node, dependent, found);
  }
  return wrt.map((value) => {
    const gradient = found.get(value);
    if (!gradient) throw new Error(`the loss does not depend on ${value.name}`);
    return gradient;
  });
}

/** All values that depend on one of `roots`, the roots included. */
function dependents(nodes: readonly GraphNode[], roots: readonly Value[]): Set<Value> {
  const dependent = new Set(roots);
  for (const node of nodes) {
    if (!node.inputs.some((input) => dependent.has(input))) continue;
    for (const output of node.outputs) dependent.add(output);
  }
  return dependent;
}

function propagate(node: GraphNode, dependent: ReadonlySet<Value>, found: Map<Value, Value>): void {
  const needs = node.inputs.map((input) => dependent.has(input));
  if (!needs.includes(true)) return;
  const rule = gradRule(node.op);
  const outputGrads = node.outputs.map((output) => found.get(output));
  const d = outputGrads.find((grad) => grad !== undefined)!;
  const context = { node, output: node.outputs[0]!, attributes: node.attributes, outputGrads, needs };
  const inputGrads = rule(d, node.inputs, context);
  node.inputs.forEach((input, i) => {
    const gradient = inputGrads[i];
    if (!needs[i] || !gradient) return;
    const before = found.get(input);
    found.set(input, before ? add(before, gradient) : gradient);
  });
}
