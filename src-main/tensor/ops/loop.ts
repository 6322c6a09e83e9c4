import type { Graph } from '../graph.ts';
import { defineOp } from '../registry.ts';

// Loop(trip count, condition, carried…): the body's outputs after the condition are the carried values, then
// the scan outputs, which ONNX stacks along a new first axis whose extent is the trip count.
defineOp('Loop', {
  attributes: { body: 'graph' },
  infer(inputs, { body }) {
    const carried = inputs.length - 2;
    return (body as Graph).outputs.slice(1).map(({ value }, i) => ({
      dtype: value.dtype,
      shape: i < carried ? value.shape : [1, ...value.shape],
    }));
  },
});
