import type { Clock } from '../../src-shared/runtime.ts';
import type { FamilyName } from '../models/registry.ts';
import type { EngineChoice, EngineName } from '../tensor/engine.ts';

/** What a run learns from. Windows are named by their last row; which rows are usable is the caller's decision. */
export interface TrainingData {
  /** [rows, featureCount], already scaled. Rows that no window covers may hold anything. */
  readonly features: Float32Array;
  readonly rows: number;
  readonly featureCount: number;
  /** [rows], scaled; read at the end rows only. */
  readonly targets: Float32Array;
  readonly trainEnds: Int32Array;
  /** May be empty: then there is no validation loss, no early stopping, and the last weights are kept. */
  readonly validationEnds: Int32Array;
}

export interface TrainConfig {
  readonly family: FamilyName;
  /** Settings of the family, see `models/registry.ts`. */
  readonly model: object;
  /** Rows per window. */
  readonly window: number;
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Decoupled weight decay (AdamW); 0 or absent is plain Adam. */
  readonly weightDecay?: number;
  /** Largest gradient norm; 0 or absent is no limit. */
  readonly clipNorm?: number;
  /** Learning rate over the run: constant, or falling to zero along a half cosine. Default constant. */
  readonly schedule?: 'constant' | 'cosine';
  readonly seed: number;
  /**
   * Training steps per run of the engine: between runs come progress, pause, stop and checkpoints. The process does
   * nothing else during a run, so training belongs in a worker, and a chunk should take well under a second.
   */
  readonly chunkSteps: number;
  /** Epochs without a better validation loss before the run ends; 0 is never. */
  readonly patience: number;
  readonly engine: EngineChoice;
  readonly threads: number;
  readonly loss: 'mse' | 'huber';
}

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
  readonly engine: EngineName;
}

export interface CurvePoint {
  readonly step: number;
  readonly train: number;
  readonly validation?: number;
}

export interface TrainResult {
  /** Inference model with the best weights: x [batch, window, features] -> y [batch, 1]. */
  readonly onnx: Uint8Array;
  readonly steps: number;
  /** Time spent training over all starts of the run, pauses left out. */
  readonly seconds: number;
  /** Mean training loss of the last chunk. */
  readonly finalLoss: number;
  readonly bestValidationLoss?: number;
  /** Step whose weights the model holds. */
  readonly bestStep: number;
  readonly engine: EngineName;
  readonly engineDegradedReason?: string;
  /** At most about 1000 points. */
  readonly curve: CurvePoint[];
  /** True where the user stopped the run before its end. */
  readonly stopped: boolean;
  /** True where patience ended the run. */
  readonly stoppedEarly: boolean;
  /** Number of trained parameters. */
  readonly parameters: number;
}

/** The run's contact with its surroundings. */
export interface TrainIo {
  readonly checkpointDir: string;
  readonly signal: AbortSignal;
  paused(): boolean;
  waitWhilePaused(): Promise<void>;
  /** The engine that the run uses, and why if it is not the one asked for. Called once, before the first chunk. */
  onEngine?(engine: EngineName, note: string | undefined): void;
  onChunk(report: ChunkReport): void;
  readonly clock: Clock;
  /** Least time between checkpoints while running; pause, stop and end always save. Default 2000. */
  readonly checkpointIntervalMs?: number;
}
