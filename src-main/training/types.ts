import type { DeviceReading, TrainLogEntry } from '../../src-shared/contract/training.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import type { EngineChoice, EngineName } from '../tensor/engine.ts';
import type { ConvLayout } from '../tensor/model.ts';
import { OPTIMIZER_DEFAULTS, type OptimizerSettings } from '../tensor/optimizer.ts';
import type { LossSpec } from '../tensor/train-graph.ts';
import type { RunChoices } from './checkpoint.ts';

/** What a run learns from. Windows are named by their last row; which rows are usable is the caller's decision. */
export interface TrainingData {
  /** [rows, featureCount], already scaled. Rows that no window covers may hold anything. */
  readonly features: Float32Array;
  readonly rows: number;
  readonly featureCount: number;
  /** Names the columns in messages. */
  readonly featureNames?: readonly string[];
  /** [rows, targetCount], scaled; read at the end rows only. Of no meaning for families without a target. */
  readonly targets: Float32Array;
  /** Default 1. */
  readonly targetCount?: number;
  readonly trainEnds: Int32Array;
  /** May be empty: then there is no validation loss, no early stopping, and the last weights are kept. */
  readonly validationEnds: Int32Array;
}

/** Learning rate over the run. */
export interface ScheduleSettings {
  /**
   * Constant; falling to zero along a half cosine; multiplied by `factor` every `everyEpochs`; or multiplied by
   * `factor` after `patience` epochs without a better validation loss.
   */
  readonly kind: 'constant' | 'cosine' | 'step' | 'plateau';
  /** Steps of a linear rise to the full rate. Default 0. */
  readonly warmupSteps?: number;
  /** Of `step` and `plateau`. Default 0.5. */
  readonly factor?: number;
  /** Of `step`. Default 10. */
  readonly everyEpochs?: number;
  /** Of `plateau`. Default 3. */
  readonly patience?: number;
}

/** Random changes of the training windows; validation sees the windows as they are. */
export interface AugmentSettings {
  /** Standard deviation of noise added to the scaled features. */
  readonly noise: number;
  /** Largest stretch or squeeze of the window's time, as a share of its length. */
  readonly timeWarp: number;
  /** Largest uniform change of the target either way. */
  readonly spread: number;
}

export interface TrainConfig {
  /** A gradient family of `models/registry.ts` with its settings. */
  readonly family: string;
  readonly model: object;
  /** Rows per window. */
  readonly window: number;
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: ScheduleSettings;
  readonly loss: LossSpec;
  readonly seed: number;
  /**
   * Training steps per run of the engine: between runs come progress, pause, stop and checkpoints. The process does
   * nothing else during a run, so training belongs in a worker. 0 lets the number follow the model's speed, so that
   * a run of the engine takes about 150 ms. The steps are the same however they are cut.
   */
  readonly chunkSteps: number;
  /** Epochs without a better validation loss before the run ends; 0 is never. */
  readonly patience: number;
  readonly engine: EngineChoice;
  /** See `DeviceDto.id`. */
  readonly device?: string;
  readonly threads: number;
  readonly precision: 'float32' | 'mixed';
  readonly graphOptimization: 'off' | 'basic' | 'extended' | 'all';
  /** See `EngineOptions.tf32`. */
  readonly tf32: boolean;
  /** Micro-batches of `batch` windows per update. */
  readonly accumulation: number;
  readonly checkpointing: boolean;
  readonly attention: 'standard' | 'tiled';
  readonly layout: 'auto' | ConvLayout;
  readonly devices: number;
  readonly averageEvery: number;
  readonly keepCheckpoints: number;
  readonly augment: AugmentSettings;
}

/** What a config holds unless told otherwise; family, window, engine and data are the caller's. */
export const TRAIN_DEFAULTS = {
  batch: 128,
  epochs: 30,
  learningRate: 3e-4,
  optimizer: OPTIMIZER_DEFAULTS,
  schedule: { kind: 'constant' },
  loss: { kind: 'mse' },
  seed: 7,
  chunkSteps: 0,
  patience: 0,
  engine: 'cpu',
  threads: 2,
  precision: 'float32',
  graphOptimization: 'all',
  tf32: true,
  accumulation: 1,
  checkpointing: false,
  attention: 'standard',
  layout: 'auto',
  devices: 1,
  averageEvery: 1,
  keepCheckpoints: 3,
  augment: { noise: 0, timeWarp: 0, spread: 0 },
} as const satisfies Partial<TrainConfig>;

export interface ChunkReport {
  readonly step: number;
  readonly totalSteps: number;
  /** Epochs begun, from 1. */
  readonly epoch: number;
  /** The chunk's losses, thinned to at most 64 means. */
  readonly losses: number[];
  /** Mean loss of the chunk. */
  readonly trainLoss: number;
  /** Present at the end of an epoch. */
  readonly validationLoss?: number;
  readonly learningRate: number;
  readonly stepsPerSecond: number;
  readonly etaMs: number;
  readonly stepsPerEpoch: number;
  /** Mean norm of the chunk's gradients, before clipping. */
  readonly gradientNorm: number;
  readonly engine: EngineName;
  /** Points of the curve that the chunk completed. */
  readonly points: readonly CurvePoint[];
  /** Workers at work, of a data-parallel run. */
  readonly workers?: number;
  /** Absent before the first validation. */
  readonly bestStep?: number;
  readonly bestValidationLoss?: number;
}

/** Means over the steps since the point before, see `CurveGrid`. */
export interface CurvePoint {
  readonly step: number;
  readonly train: number;
  /** At the end of an epoch. */
  readonly validation?: number;
  /** Of the last step. */
  readonly learningRate: number;
  /** Before clipping; absent where every step overflowed. */
  readonly gradientNorm?: number;
}

export interface TrainResult {
  /** Inference model with the best weights: x [batch, window, features] -> y [batch, 1]. */
  readonly onnx: Uint8Array;
  /** Columns of `y`. */
  readonly outputs: number;
  readonly steps: number;
  /** Time spent training over all starts of the run, pauses left out. */
  readonly seconds: number;
  /** Mean training loss of the last epoch, or of the part of it that was done. */
  readonly finalLoss: number;
  readonly bestValidationLoss?: number;
  /** Step whose weights the model holds. */
  readonly bestStep: number;
  readonly engine: EngineName;
  readonly engineDegradedReason?: string;
  /** The device in words, where the engine says. */
  readonly device?: string;
  /** At most about 1000 points. */
  readonly curve: CurvePoint[];
  /** True where the user stopped the run before its end. */
  readonly stopped: boolean;
  /** True where patience ended the run. */
  readonly stoppedEarly: boolean;
  /** Number of trained parameters. */
  readonly parameters: number;
  /** What was chosen for the user, or changed for want of memory. */
  readonly choices: RunChoices;
}

/** A line of the log; the caller adds the time. */
export type LogLine = Omit<TrainLogEntry, 'timeMs'>;

/** The run's contact with its surroundings. */
export interface TrainIo {
  readonly checkpointDir: string;
  readonly signal: AbortSignal;
  paused(): boolean;
  waitWhilePaused(): Promise<void>;
  /** The engine that the run uses, and why if it is not the one asked for. Called once, before the first chunk. */
  onEngine?(engine: EngineName, note: string | undefined, device: string | undefined): void;
  onChunk(report: ChunkReport): void;
  /** Decisions with their reasons, warnings and milestones. */
  onLog?(entry: LogLine): void;
  /** A checkpoint of so many steps is on the disk. */
  onSaved?(step: number): void;
  /** What is known of the named devices now; asked at most every 2 s. */
  readDevices?(devices: readonly string[]): readonly Omit<DeviceReading, 'step'>[];
  onReading?(reading: DeviceReading): void;
  /** True once after the user asked for a checkpoint. */
  takeSaveRequest?(): boolean;
  readonly clock: Clock;
  /** Least time between checkpoints while running; pause, stop and end always save. Default 10,000. */
  readonly checkpointIntervalMs?: number;
  /** Folder that keeps optimised graphs, and which layout of convolutions is fastest on which device. */
  readonly cacheFolder?: string;
}
