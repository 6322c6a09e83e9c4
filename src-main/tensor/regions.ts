import type { GradientRegion, GraphNode, Value } from './graph.ts';

/** Values that nodes of a list use and none of them makes, constants left out, in order of first use. */
export function capturedBy(nodes: readonly GraphNode[]): readonly Value[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const captured = new Set<Value>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (!made.has(input) && !input.graph.constants.has(input)) captured.add(input);
    }
  }
  return [...captured];
}

/** What `withGradient` computes: its outputs, and further values that the backward part wants to see. */
export interface CustomForward {
  readonly outputs: readonly Value[];
  readonly saved?: readonly Value[];
}

/**
 * Computes values whose gradient is given instead of derived.
 *
 * @param inputs all values that a gradient may flow to
 * @param forward emits the computation from the inputs
 * @param backward emits the gradients of the inputs from those of the outputs. It must take values of the forward
 *   part from its context, not from a closure, because recomputation passes copies of them.
 * @returns the outputs
 * @throws FrontierError INTERNAL while differentiating, where the forward part depends on a parameter that is not
 *   among its inputs
 */
export function withGradient(
  inputs: readonly Value[],
  forward: (inputs: readonly Value[]) => CustomForward,
  backward: GradientRegion['backward'],
): readonly Value[] {
  const { graph } = inputs[0]!;
  const start = graph.nodes.length;
  const { outputs, saved = [] } = forward(inputs);
  const nodes = graph.nodes.slice(start);
  const made = new Set(nodes.flatMap((node) => node.outputs));
  if (!outputs.every((output) => made.has(output)))
    throw new Error('an output of withGradient is not computed by its forward part');
  graph.regions.push({ inputs, outputs, saved, nodes, backward });
  return outputs;
}
