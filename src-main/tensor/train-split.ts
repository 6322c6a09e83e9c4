import { Graph } from './graph.ts';
import { emitModel } from './onnx/emit.ts';
import { concat, reshape, split } from './ops/index.ts';
import { parameterInputs } from './train-batch.ts';
import {
  carriedInputs,
  carriedNames,
  carriedValues,
  emitUpdate,
  isMixed,
  sourceInputs,
  stepGradients,
  stepScalars,
  type TrainGraphSpec,
} from './train-graph.ts';

/**
 * One half of a data-parallel step: the gradient of one update's windows.
 *
 * Inputs: `features`, `targets`, `ends` int32 [batch] ([accumulation, batch] where gradients are accumulated), the
 * step inputs `draw_<name>` with those extents in front, `in_p` per group, and of mixed precision `in_scale` [].
 * Outputs: `loss` [] and `gradient` [layout.total] in the layout's order, of mixed precision times the loss scale.
 */
export function gradientModel(spec: TrainGraphSpec): Uint8Array {
  const graph = new Graph('gradient');
  const source = sourceInputs(graph, spec);
  const members = parameterInputs(graph, spec.layout);
  const lossScale = isMixed(spec) ? graph.input('in_scale', 'float32', []) : undefined;
  const { loss, groups } = stepGradients(spec, source, members, lossScale);
  const flat = groups.map((gradient) => (gradient.shape.length === 1 ? gradient : reshape(gradient, [-1])));
  graph.output('loss', loss);
  graph.output('gradient', flat.length === 1 ? flat[0]! : concat(flat, 0));
  return emitModel(graph);
}

/**
 * The other half: the update by a gradient that is the mean of several.
 *
 * Inputs: `gradient` [layout.total], the step's numbers (`scalarPorts`) [1], what is carried per group as `in_…`, and
 * of mixed precision `in_scale` and `in_good`. Outputs: what is carried as `out_…`, and `norm` [], the gradient's norm
 * in its true size before clipping.
 */
export function applyModel(spec: TrainGraphSpec): Uint8Array {
  const graph = new Graph('apply');
  const gradient = graph.input('gradient', 'float32', [spec.layout.total]);
  const { groups } = spec.layout;
  const sizes = groups.map(({ size }) => size);
  const parts = groups.length === 1 ? [gradient] : split(gradient, sizes, 0);
  const shaped = parts.map((part, i) =>
    groups[i]!.shape.length === 1 ? part : reshape(part, groups[i]!.shape),
  );
  const carried = carriedInputs(graph, spec, 'in_');
  const scalars = stepScalars(spec, (port) => graph.input(port, 'float32', [1]));
  const lossScale = isMixed(spec)
    ? { scale: graph.input('in_scale', 'float32', []), good: graph.input('in_good', 'float32', []) }
    : undefined;
  const made = emitUpdate(spec, carried, shaped, scalars, lossScale);
  const names = carriedNames(spec);
  made.carried.forEach((group, i) => {
    carriedValues(group).forEach((value, j) => {
      graph.output(`out_${names[i]![j]}`, value);
    });
  });
  if (made.scale) {
    graph.output('out_scale', made.scale.scale);
    graph.output('out_good', made.scale.good);
  }
  graph.output('norm', made.norm);
  return emitModel(graph);
}
