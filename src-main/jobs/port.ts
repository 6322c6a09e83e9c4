import type { ErrorBody } from '../../src-shared/errors.ts';

/** What a job tells while it runs. `data` is specific to the kind of job and must survive JSON. */
export interface JobProgress {
  /** 0 to 1. */
  readonly fraction: number;
  /** Estimated time left, or undefined while unknown. */
  readonly etaMs?: number | undefined;
  readonly message?: string | undefined;
  readonly data?: unknown;
}

/** The worker's side of a running job. */
export interface JobContext {
  /** Aborted when the user stops the job: finish the current chunk, save, and return. */
  readonly signal: AbortSignal;
  /** Resolves at once unless the job is paused, then when it goes on or is stopped. */
  waitWhilePaused(): Promise<void>;
  /** True while a pause is asked for; lets a loop checkpoint before it waits. */
  readonly paused: boolean;
  report(progress: JobProgress): void;
  /** Hears what `JobHandle.send` sends from now on; between two awaits of the handler nothing is heard. */
  onMessage(listener: (message: unknown) => void): void;
}

/** Runs inside a worker process. Payload and result must survive JSON. */
export type JobHandler = (payload: unknown, context: JobContext) => Promise<unknown>;

export type JobState = 'queued' | 'running' | 'paused' | 'stopping' | 'done' | 'failed' | 'stopped';

/** One event of a job as the engine sees it. */
export type JobEvent =
  | { readonly type: 'state'; readonly state: JobState; readonly attempt: number }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  /** The worker died and the job was started again from its last checkpoint. */
  | { readonly type: 'restarted'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'error'; readonly error: ErrorBody };

/** The engine's handle of a job. */
export interface JobHandle {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  readonly progress: JobProgress;
  /** Process id of the worker, for diagnostics and fault tests. */
  readonly workerPid: number | undefined;
  /** Resolves with the handler's result; rejects with a `FrontierError`. */
  readonly result: Promise<unknown>;
  pause(): void;
  resume(): void;
  /** Asks the job to finish cleanly; kills it after a grace time. */
  stop(): Promise<void>;
  /** Gives the handler a message that must survive JSON. A job that waits, or whose worker is being replaced, misses it. */
  send(message: unknown): void;
  subscribe(listener: (event: JobEvent) => void): () => void;
}

export interface JobOptions {
  /** How often a lost worker is replaced; handlers that checkpoint go on where they were. Default 2. */
  readonly maxRestarts?: number | undefined;
}

/** Where jobs run: local worker processes, or a queue. */
export interface JobPort {
  submit(kind: string, payload: unknown, options?: JobOptions): JobHandle;
  list(): readonly JobHandle[];
  /** Stops every job and waits for the workers to end. */
  close(): Promise<void>;
}
