import { backpropagate } from './autodiff.ts';
import type { GradientRegion, GraphNode, RegionContext, Value } from './graph.ts';
import { after } from './ops/order.ts';
import { capturedBy } from './regions.ts';

const isFloat = ({ dtype }: Value): boolean => dtype !== 'int32' && dtype !== 'int64' && dtype !== 'bool';

/** A segment of a model, from activations to activations. Parameters it takes from its scope. */
export type Segment = (inputs: readonly Value[]) => readonly Value[];

/**
 * Gradient checkpointing by recomputation (Chen et al. 2016, "Training deep nets with sublinear memory cost"): of
 * the segment only its inputs are kept for the backward pass, which computes the activations inside once more. Costs
 * one more forward pass of the segment, saves the memory of its activations.
 *
 * The copies read their inputs only after the gradients of the segment's outputs are known. That makes them run
 * late, which an engine is free not to do otherwise, and keeps it from merging them with the originals
 * (ONNX Runtime's common-subexpression elimination), so that no session option is needed on any engine. For the same
 * reason the gradients of the inputs wait for those of the parameters: ONNX Runtime would follow the activations down
 * to the first layer and come back for the parameters, holding what was computed again of all segments at once.
 *
 * @param inputs the activations that enter; parameters and constants may be captured
 * @returns the segment's outputs
 */
export function recompute(segment: Segment, inputs: readonly Value[]): readonly Value[] {
  const { graph } = inputs[0]!;
  const start = graph.nodes.length;
  const outputs = segment(inputs);
  const nodes = graph.nodes.slice(start);
  const captured = capturedBy(nodes);
  const late = captured.map((value) => inputs.includes(value) && isFloat(value));
  const backward: GradientRegion['backward'] = (grads, context) => recomputed(grads, context, late, backward);
  graph.regions.push({ inputs: captured, outputs, saved: [], nodes, backward });
  return outputs;
}

/** A segment of one activation, recomputed where the build options ask for it. */
export function checkpointed(enabled: boolean, input: Value, segment: (input: Value) => Value): Value {
  return enabled ? recompute(([x]) => [segment(x!)], [input])[0]! : segment(input);
}

/** The gradients of a region by a copy of its nodes; `late` says which inputs the copy waits with. */
function recomputed(
  grads: readonly (Value | undefined)[],
  { inputs, outputs, nodes, needs }: RegionContext,
  late: readonly boolean[],
  own: GradientRegion['backward'],
): readonly (Value | undefined)[] {
  const known = grads.filter((grad) => grad !== undefined);
  const copies = new Map<Value, Value>();
  inputs.forEach((input, i) => {
    if (late[i]) copies.set(input, after(input, known));
  });
  const copied = copyNodes(nodes, copies, own);
  const copyOf = (value: Value): Value => copies.get(value) ?? value;
  const seeds = new Map<Value, Value>();
  outputs.forEach((output, i) => {
    const grad = grads[i];
    if (grad) seeds.set(copyOf(output), grad);
  });
  const wanted = inputs.filter((_, i) => needs[i]).map(copyOf);
  const found = backpropagate(copied, seeds, wanted);
  const made = inputs.map((input, i) => (needs[i] ? found[wanted.indexOf(copyOf(input))] : undefined));
  const ofParameters = made.filter((grad, i): grad is Value => grad !== undefined && !late[i]);
  if (ofParameters.length === 0) return made;
  return made.map((grad, i) => (grad && late[i] ? after(grad, ofParameters) : grad));
}

/** Adds the nodes once more with other inputs, and the regions inside the one with `own` rule; fills `copies`. */
function copyNodes(
  nodes: readonly GraphNode[],
  copies: Map<Value, Value>,
  own: GradientRegion['backward'],
): readonly GraphNode[] {
  const { graph } = nodes[0]!.outputs[0]!;
  const twins = new Map<GraphNode, GraphNode>();
  const copyOf = (value: Value): Value => copies.get(value) ?? value;
  for (const node of nodes) {
    const made = graph.apply(node.op, node.inputs.map(copyOf), node.attributes);
    node.outputs.forEach((output, i) => {
      copies.set(output, made[i]!);
    });
    twins.set(node, made[0]!.node!);
  }
  const inside = (region: GradientRegion): boolean =>
    region.backward !== own && region.nodes.every((node) => twins.has(node));
  for (const region of graph.regions.filter(inside)) {
    graph.regions.push({
      inputs: region.inputs.map(copyOf),
      outputs: region.outputs.map(copyOf),
      saved: region.saved.map(copyOf),
      nodes: region.nodes.map((node) => twins.get(node)!),
      backward: region.backward,
    });
  }
  return [...twins.values()];
}
