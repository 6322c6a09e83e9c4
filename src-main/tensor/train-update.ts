import type { Graph, Value } from './graph.ts';
import { type CarriedScale, nextScale } from './loss-scale.ts';
import { div, less, mul, scalarLike, where } from './ops/index.ts';
import {
  type CarriedParameter,
  clipFactor,
  decaysWeights,
  gradientNorm,
  type OptimizerSettings,
  type StepScalars,
  slotNames,
  updateParameter,
} from './optimizer.ts';
import { isMixed } from './precision.ts';
import type { TrainGraphSpec } from './train-graph.ts';

/** Letters of the vectors that are carried per parameter group: weights, slots, average of the weights. */
export function carriedKinds(optimizer: OptimizerSettings): readonly string[] {
  return ['p', ...slotNames(optimizer), ...(optimizer.averageDecay > 0 ? ['a'] : [])];
}

/** Names of the carried tensors by group of the layout, in the order of `carriedKinds`. */
export function carriedNames(
  spec: Pick<TrainGraphSpec, 'layout' | 'optimizer'>,
): readonly (readonly string[])[] {
  const kinds = carriedKinds(spec.optimizer);
  return spec.layout.groups.map((_, i) => kinds.map((kind) => `${kind}${i}`));
}

/** Name of the carried tensor to predict and validate with. */
export const keptName = ({ averageDecay }: OptimizerSettings, group: number): string =>
  averageDecay > 0 ? `a${group}` : `p${group}`;

/** Declares what a group carries, as `prefix` + name. */
export function carriedInputs(
  graph: Graph,
  spec: Pick<TrainGraphSpec, 'layout' | 'optimizer'>,
  prefix: string,
): readonly CarriedParameter[] {
  const names = carriedNames(spec);
  const slots = slotNames(spec.optimizer).length;
  return spec.layout.groups.map(({ shape }, i): CarriedParameter => {
    const [parameter, ...rest] = names[i]!.map((name) => graph.input(prefix + name, 'float32', shape));
    const average = rest[slots];
    return { parameter: parameter!, slots: rest.slice(0, slots), ...(average ? { average } : {}) };
  });
}

/** The values of a group in the order of `carriedKinds`. */
export const carriedValues = ({ parameter, slots, average }: CarriedParameter): readonly Value[] => [
  parameter,
  ...slots,
  ...(average ? [average] : []),
];

/** Per-step numbers that the graph reads, by port. */
export function scalarPorts(spec: Pick<TrainGraphSpec, 'optimizer' | 'precision'>): readonly string[] {
  const { optimizer } = spec;
  return [
    ...(isMixed(spec) ? ['rate', 'correction'] : ['step_size']),
    ...(optimizer.kind === 'sgd' ? [] : ['epsilon']),
    ...(decaysWeights(optimizer) ? ['keep'] : []),
    ...(optimizer.averageDecay > 0 ? ['share'] : []),
  ];
}

/** Assembles the scalars of a step from the ports, however these are read. */
export function stepScalars(
  spec: Pick<TrainGraphSpec, 'optimizer' | 'precision'>,
  read: (port: string) => Value,
): StepScalars {
  const values = new Map(scalarPorts(spec).map((port) => [port, read(port)]));
  const stepSize = values.get('step_size') ?? mul(values.get('rate')!, values.get('correction')!);
  const [epsilon, keep, share] = ['epsilon', 'keep', 'share'].map((port) => values.get(port));
  return {
    stepSize,
    ...(epsilon ? { epsilon } : {}),
    ...(keep ? { keep } : {}),
    ...(share ? { share } : {}),
  };
}

/** Everything an update makes. */
export interface Update {
  readonly carried: readonly CarriedParameter[];
  /** Of the whole gradient in its true size, before clipping. */
  readonly norm: Value;
  /** Of mixed precision. */
  readonly scale?: CarriedScale;
  /** Of mixed precision: bool scalar, false where the step is left out. */
  readonly ok?: Value;
}

/** Norms from here on count as overflow. */
const LARGEST_NORM = 3e38;

/**
 * Emits clipping and the update of all groups.
 * @param gradients by group, of mixed precision times the loss scale
 */
export function emitUpdate(
  spec: TrainGraphSpec,
  carried: readonly CarriedParameter[],
  gradients: readonly Value[],
  scalars: StepScalars,
  lossScale?: CarriedScale,
): Update {
  const { optimizer } = spec;
  const scaledNorm = gradientNorm(gradients);
  const norm = lossScale ? div(scaledNorm, lossScale.scale) : scaledNorm;
  const clip = optimizer.clipNorm > 0 ? clipFactor(norm, optimizer.clipNorm) : undefined;
  const factor = lossScale ? div(clip ?? scalarLike(norm, 1), lossScale.scale) : clip;
  const next = carried.map((group, i) => {
    const gradient = factor ? mul(gradients[i]!, factor) : gradients[i]!;
    return updateParameter(group, gradient, scalars, optimizer);
  });
  if (!lossScale) return { carried: next, norm };
  const ok = less(scaledNorm, scalarLike(scaledNorm, LARGEST_NORM));
  return {
    carried: next.map((group, i) => chosen(ok, group, carried[i]!)),
    norm,
    scale: nextScale(lossScale, ok),
    ok,
  };
}

/** The update where it is fine, else what there was, bit for bit: a selection, since NaN times zero is NaN. */
function chosen(ok: Value, next: CarriedParameter, before: CarriedParameter): CarriedParameter {
  return {
    parameter: where(ok, next.parameter, before.parameter),
    slots: next.slots.map((slot, i) => where(ok, slot, before.slots[i]!)),
    ...(next.average && before.average ? { average: where(ok, next.average, before.average) } : {}),
  };
}
