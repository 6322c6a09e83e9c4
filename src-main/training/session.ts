import type { ChunkResult, TrainState } from '../tensor/train-session.ts';

/**
 * What a run drives: one training session, or one spread over several workers. A run does not know which.
 *
 * A batch is the effective one, `batch * accumulation * devices` windows; how it is cut is the session's affair.
 */
export interface RunSession {
  /** Steps done. */
  readonly step: number;
  /** Workers at work; 1 for a session in this process. */
  readonly workers?: number;
  /**
   * Calls of `run` must be a multiple of so many steps, counted from the start of an epoch, or end with the epoch; then
   * the cuts change nothing. Absent: 1.
   */
  readonly chunkMultiple?: number;
  /** Starts from, or goes back to, a state after `step` steps. */
  load(state: TrainState, step: number): void | Promise<void>;
  /** A copy of the state, for checkpoints. */
  save(): TrainState | Promise<TrainState>;
  /** A copy of the weights to validate and keep: the moving average where there is one. */
  weights(): Float32Array | Promise<Float32Array>;
  /**
   * Does `steps` training steps. Where it throws, the session is as it was before the call.
   * @param ends last row of each window, [steps, effective batch]
   * @param learningRate by step, counted from 0 at the start of the run
   * @throws FrontierError ENGINE_FAILED
   */
  run(ends: Int32Array, steps: number, learningRate: (step: number) => number): Promise<ChunkResult>;
  /** Takes back the last `run`. */
  rollback(): void | Promise<void>;
  /** Mean loss of `weights()` over the windows that end at `ends`. */
  evaluate(ends: Int32Array): Promise<number>;
  release(): Promise<void>;
}
