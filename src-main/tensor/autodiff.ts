import { FrontierError } from '../../src-shared/errors.ts';
import type { GradientRegion, GraphNode, Value } from './graph.ts';
import { add, scalarLike } from './ops/index.ts';
import { capturedBy } from './regions.ts';
import { gradRule } from './registry.ts';

/** Gradients by value, as far as they are known. */
type Found = Map<Value, Value>;

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
  const seed: Found = new Map([[loss, scalarLike(loss, 1)]]);
  return backpropagate([...loss.graph.nodes], seed, wrt).map((gradient, i) => {
    if (!gradient) throw new Error(`the loss does not depend on ${wrt[i]!.name}`);
    return gradient;
  });
}

/**
 * Carries gradients backwards through a list of nodes.
 * @param nodes in topological order
 * @param found the gradients to start from; filled with those on the way
 * @returns one gradient per entry of `wrt`, undefined where none arrives
 */
export function backpropagate(
  nodes: readonly GraphNode[],
  found: Map<Value, Value>,
  wrt: readonly Value[],
): readonly (Value | undefined)[] {
  const dependent = dependents(nodes, wrt);
  const regions = outermostRegions(nodes);
  for (const node of [...nodes].reverse()) {
    const region = regions.get(node);
    if (region === undefined) {
      if (node.outputs.some((output) => dependent.has(output) && found.has(output)))
        propagate(node, dependent, found);
    } else if (node === region.nodes.at(-1)) {
      // All users of the region come after its last node, so the gradients of its outputs are complete here.
      propagateRegion(region, dependent, found);
    }
  }
  return wrt.map((value) => found.get(value));
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

/** For each node inside a region whose nodes are all in the list: the outermost such region. */
function outermostRegions(nodes: readonly GraphNode[]): Map<GraphNode, GradientRegion> {
  const found = new Map<GraphNode, GradientRegion>();
  const graph = nodes[0]?.outputs[0]?.graph;
  if (!graph || graph.regions.length === 0) return found;
  const present = new Set(nodes);
  // A region inside another one is complete before it, so the outer one overwrites it.
  for (const region of graph.regions) {
    if (!region.nodes.every((node) => present.has(node))) continue;
    for (const node of region.nodes) found.set(node, region);
  }
  return found;
}

function accumulate(
  inputs: readonly Value[],
  needs: readonly boolean[],
  gradientsOf: readonly (Value | undefined)[],
  found: Found,
): void {
  inputs.forEach((input, i) => {
    const gradient = gradientsOf[i];
    if (!needs[i] || !gradient) return;
    const before = found.get(input);
    found.set(input, before ? add(before, gradient) : gradient);
  });
}

function propagate(node: GraphNode, dependent: ReadonlySet<Value>, found: Found): void {
  const needs = node.inputs.map((input) => dependent.has(input));
  if (!needs.includes(true)) return;
  const rule = gradRule(node.op);
  const outputGrads = node.outputs.map((output) => found.get(output));
  const d = outputGrads.find((grad) => grad !== undefined)!;
  const context = { node, output: node.outputs[0]!, attributes: node.attributes, outputGrads, needs };
  accumulate(node.inputs, needs, rule(d, node.inputs, context), found);
}

function propagateRegion(region: GradientRegion, dependent: ReadonlySet<Value>, found: Found): void {
  const { inputs, outputs } = region;
  const needs = inputs.map((input) => dependent.has(input));
  const grads = outputs.map((output) => found.get(output));
  if (!needs.includes(true) || grads.every((grad) => grad === undefined)) return;
  const hidden = capturedBy(region.nodes).find((value) => dependent.has(value) && !inputs.includes(value));
  if (hidden) {
    throw new FrontierError(
      'INTERNAL',
      `a custom gradient uses ${hidden.name}, which is not among its inputs`,
      'Pass every value the gradient flows to as an input of withGradient.',
    );
  }
  accumulate(inputs, needs, region.backward(grads, { ...region, needs }), found);
}
