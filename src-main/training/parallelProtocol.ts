import type { ErrorBody } from '../../src-shared/errors.ts';
import { defineModel } from '../models/registry.ts';
import type { EngineName, EngineOptions, SessionOptions } from '../tensor/engine.ts';
import { type BuildOptions, collectParameters } from '../tensor/model.ts';
import { layOut } from '../tensor/parameters.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import type { TrainState } from '../tensor/train-session.ts';
import type { MemoryPlan } from './parallelMemory.ts';

/** What a model definition is made from again in another process: functions do not travel. */
export interface ModelSource {
  readonly family: string;
  readonly settings: unknown;
  /** As given to `defineModel`. */
  readonly given: Parameters<typeof defineModel>[2];
  readonly options: BuildOptions;
}

/** The plain data of a training graph. */
export type GraphSettings = Omit<TrainGraphSpec, 'model' | 'size' | 'layout' | 'shard'>;

/** The training graph of a source. Every process that builds it gets the same. */
export function specOf(
  { family, settings, given, options }: ModelSource,
  graph: GraphSettings,
): TrainGraphSpec {
  const model = defineModel(family, settings, given, options);
  return { ...graph, model, size: model.size, layout: layOut(collectParameters(model, model.size)) };
}

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly source: ModelSource;
  readonly graph: GraphSettings;
  readonly memory: MemoryPlan;
  readonly folder: string;
  /** Shard that the worker begins with. */
  readonly shard: number;
  readonly engine: EngineName;
  readonly device: string;
  readonly threads: number;
  readonly engineOptions: EngineOptions;
  readonly sessionOptions: SessionOptions;
}

/** Names of the files of a run in its folder. */
export const FILES = {
  vectors: 'vectors.f32',
  features: 'features.f32',
  targets: 'targets.f32',
  /** Window ends of the present chunk, or of an evaluation. */
  ends: 'ends.i32',
} as const;

/** Coordinator to worker. Vectors lie in the shared file; messages say when to look. */
export type Order =
  | { readonly type: 'start'; readonly start: WorkerStart }
  /** Take the common state. */
  | { readonly type: 'load'; readonly step: number; readonly lossScale: TrainState['lossScale'] | undefined }
  /** Put the state there. */
  | { readonly type: 'save' }
  /** Put the weights to keep there. */
  | { readonly type: 'weights' }
  /** A chunk begins: `rates` by step of the chunk. The ends file holds [steps, effective batch]. */
  | { readonly type: 'begin'; readonly rates: readonly number[] }
  /** Be up to step `index` of the chunk by applying mean gradients, then make those of some shards. */
  | { readonly type: 'gradient'; readonly index: number; readonly shards: readonly number[] }
  | { readonly type: 'apply'; readonly index: number }
  /** Train some shards for themselves from the common weights, from step `index` of the chunk on. */
  | {
      readonly type: 'local';
      readonly index: number;
      readonly count: number;
      readonly shards: readonly number[];
    }
  /** Take the mean of all shards' states, after step `index` of the chunk. */
  | {
      readonly type: 'merge';
      readonly index: number;
      readonly lossScale: TrainState['lossScale'] | undefined;
    }
  | { readonly type: 'rollback' }
  /** Mean losses of parts of the ends file. */
  | { readonly type: 'evaluate'; readonly parts: readonly (readonly [from: number, count: number])[] }
  | { readonly type: 'end' };

/** What a worker answers an order with. */
export interface Answer {
  readonly id: number;
  readonly error?: ErrorBody;
  /** By shard, or by part of an evaluation. */
  readonly shards?: readonly ShardAnswer[];
  readonly lossScale?: TrainState['lossScale'];
  /** Norms of the mean gradients that were applied on the way, by step of the chunk. */
  readonly norms?: readonly (readonly [index: number, norm: number])[];
  readonly skipped?: number;
}

/** What a shard's work on one or several steps tells. */
export interface ShardAnswer {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly skipped: number;
  readonly lossScale?: TrainState['lossScale'];
}
