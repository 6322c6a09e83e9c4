import type { z } from 'zod';
import type { ModelRole } from '../../src-shared/contract/training.ts';
import type { Graph } from '../tensor/graph.ts';
import type { BuildOptions, ModelSize, TrainableModel } from '../tensor/model.ts';

interface FamilyBase<Config> {
  readonly name: string;
  /** As a person says it, e.g. `Temporal convolution (TCN)`. */
  readonly title: string;
  /** One sentence for the interface. */
  readonly description: string;
  readonly role: ModelRole;
  /** Every setting has a default; unknown settings are refused. */
  readonly schema: z.ZodType<Config>;
  /** Settings of the run that suit the family better than the general defaults, e.g. `{ windowBars: 64 }`. */
  readonly runDefaults?: Readonly<Record<string, unknown>>;
}

/** A kind of model that learns by gradients, step by step. */
export interface GradientFamily<Config> extends FamilyBase<Config> {
  readonly fit: 'gradient';
  /** True where the family has convolutions, so that their layout is worth measuring (`training/tuning.ts`). */
  readonly layouts?: true;
  /** True where the family is made of blocks whose insides gradient checkpointing can compute again. */
  readonly blocks?: true;
  /** True where the family has attention that can be tiled. */
  readonly attends?: true;
  /** Columns of the prediction; absent: as many as there are targets (or quantiles). */
  outputs?(config: Config, size: Omit<ModelSize, 'outputs'>): number;
  /** @throws FrontierError BAD_INPUT where the settings do not fit the sizes */
  define(config: Config, size: ModelSize, options: BuildOptions): TrainableModel;
}

/** Windows with their targets, for models that are computed at once. */
export interface SolveData {
  /** [rows, features], scaled. */
  readonly features: Float32Array;
  readonly rows: number;
  readonly size: ModelSize;
  /** [rows], read at the end rows. */
  readonly targets: Float32Array;
  /** Last row of each training window. */
  readonly trainEnds: Int32Array;
  readonly validationEnds: Int32Array;
}

export interface SolvedModel {
  /** x [batch, window, features] -> y [batch, outputs]. */
  readonly graph: Graph;
  readonly parameters: number;
  /** Figures of the solution: iterations, non-zero coefficients, explained variance, … */
  readonly figures: Readonly<Record<string, number>>;
}

/** A kind of model that is computed at once: closed form or coordinate descent. */
export interface SolvedFamily<Config> extends FamilyBase<Config> {
  readonly fit: 'solved';
  /** @throws FrontierError BAD_INPUT where the settings do not fit the data; CANCELLED by the signal */
  solve(config: Config, data: SolveData, signal?: AbortSignal): Promise<SolvedModel>;
}

export type ModelFamily<Config> = GradientFamily<Config> | SolvedFamily<Config>;
