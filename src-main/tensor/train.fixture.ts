import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { cpuEngine } from './engines/cpu.ts';
import type { ForwardModel, TrainableModel } from './model.ts';
import { collectParameters } from './model.ts';
import { gemm, reshape, tanh } from './ops/index.ts';
import { OPTIMIZER_DEFAULTS, type OptimizerSettings } from './optimizer.ts';
import { heNormal, layOut, zeros } from './parameters.ts';
import type { TrainGraphSpec } from './train-graph.ts';
import { freshState, TrainSession, type TrainTensors } from './train-session.ts';

/** Small trainings for the tests of the step graph. */

export const WINDOW = 3;
export const FEATURES = 4;
export const ROWS = 80;

/** Two layers over the flattened window. */
export const network: ForwardModel = (scope) => {
  const width = WINDOW * FEATURES;
  const x = reshape(scope.rowsAt(Array.from({ length: WINDOW }, (_, i) => i)), [-1, width]);
  const hidden = gemm(
    x,
    scope.parameter('w1', [width, 8], heNormal(width)),
    scope.parameter('b1', [8], zeros),
  );
  return gemm(tanh(hidden), scope.parameter('w2', [8, 1], heNormal(8)), scope.parameter('b2', [1], zeros));
};

export function tensors(seed = 5): TrainTensors {
  const rng = new SeededRng(seed);
  return {
    features: Float32Array.from({ length: ROWS * FEATURES }, () => normal(rng)),
    targets: Float32Array.from({ length: ROWS }, () => normal(rng)),
  };
}

export interface Change extends Partial<Omit<TrainGraphSpec, 'optimizer' | 'model'>> {
  readonly optimizer?: Partial<OptimizerSettings>;
  readonly model?: TrainableModel;
  /** Largest parameter that is carried together with others. */
  readonly large?: number;
}

export function specOf({ optimizer, large, model = { forward: network }, ...rest }: Change): TrainGraphSpec {
  const size = { window: WINDOW, features: FEATURES, outputs: 1 };
  return {
    model,
    size,
    layout: layOut(collectParameters(model, size), large),
    targetColumns: 1,
    rows: ROWS,
    batch: 8,
    loss: { kind: 'mse' },
    seed: 3,
    ...rest,
    optimizer: { ...OPTIMIZER_DEFAULTS, ...optimizer },
  };
}

/** A session at its first step, on one CPU thread. */
export async function sessionOf(change: Change, data: TrainTensors = tensors()): Promise<TrainSession> {
  const spec = specOf(change);
  const session = await TrainSession.open(cpuEngine(1), spec, data);
  session.load(freshState(spec.layout, 9, spec), 0);
  return session;
}

/** Last rows of `count` windows. */
export function endsOf(count: number, seed = 11): Int32Array {
  const rng = new SeededRng(seed);
  return Int32Array.from({ length: count }, () => WINDOW - 1 + Math.floor(rng.next() * (ROWS - WINDOW + 1)));
}

/** Largest difference of two vectors. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`vectors of ${a.length} and ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}
