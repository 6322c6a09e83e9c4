import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FrontierError } from '../../src-shared/errors.ts';
import type { IdSource } from '../../src-shared/runtime.ts';
import type { JobEvent, JobHandle, JobOptions, JobPort, JobProgress, JobState } from './port.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

export interface LocalJobsOptions {
  /** File that the worker process runs; it calls `serveJobs`. */
  readonly entry: string;
  readonly ids: IdSource;
  /** Jobs that run at the same time; the others wait. Default 2. */
  readonly maxParallel?: number | undefined;
  /** How long a stopping job may take before its worker is killed. Default 20,000. */
  readonly stopGraceMs?: number | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Lines that workers and the libraries inside them print. Default: this process's standard error. */
  readonly onOutput?: ((kind: string, line: string) => void) | undefined;
}

const ENDED: readonly JobState[] = ['done', 'failed', 'stopped'];

/** One job and the worker process that runs it now. */
class LocalJob implements JobHandle {
  readonly id: string;
  readonly kind: string;
  readonly result: Promise<unknown>;
  state: JobState = 'queued';
  progress: JobProgress = { fraction: 0 };
  #attempt = 0;
  #worker: ChildProcess | undefined;
  #settled = false;
  /** What the user last asked for; a worker that replaces a lost one is told again. */
  #pauseWanted = false;
  readonly #listeners = new Set<(event: JobEvent) => void>();
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: FrontierError) => void;
  readonly #payload: unknown;
  readonly #maxRestarts: number;
  readonly #options: LocalJobsOptions;

  constructor(
    id: string,
    kind: string,
    payload: unknown,
    options: LocalJobsOptions,
    job: JobOptions | undefined,
  ) {
    this.id = id;
    this.kind = kind;
    this.#payload = payload;
    this.#options = options;
    this.#maxRestarts = job?.maxRestarts ?? 2;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.result = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    // A caller that only subscribes must not be punished with an unhandled rejection.
    promise.catch(() => undefined);
  }

  get ended(): boolean {
    return ENDED.includes(this.state);
  }

  get workerPid(): number | undefined {
    return this.#worker?.pid;
  }

  subscribe(listener: (event: JobEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts, or starts again after the worker was lost. */
  launch(): void {
    this.#attempt += 1;
    const worker = fork(this.#options.entry, [], {
      stdio: this.#options.onOutput ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...this.#options.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    this.#worker = worker;
    this.#readOutput(worker);
    this.#setState('running');
    worker.on('message', (message: FromWorker) => this.#onMessage(message));
    worker.on('error', (error) => this.#lost(error.message));
    worker.on('exit', (code, signal) =>
      this.#lost(signal ? `killed by ${signal}` : `ended with status ${code}`),
    );
  }

  pause(): void {
    this.#pauseWanted = true;
    if (this.state === 'running') this.#send({ type: 'pause' });
  }

  resume(): void {
    this.#pauseWanted = false;
    if (this.state === 'running' || this.state === 'paused') this.#send({ type: 'resume' });
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    if (this.state === 'queued') {
      this.#fail('stopped', new FrontierError('CANCELLED', 'The job was stopped before it began.'));
      return;
    }
    this.#setState('stopping');
    this.#send({ type: 'stop' });
    const grace = setTimeout(() => this.#worker?.kill('SIGKILL'), this.#options.stopGraceMs ?? 20_000);
    await this.result.catch(() => undefined);
    clearTimeout(grace);
  }

  send(message: unknown): void {
    if (this.state === 'running' || this.state === 'paused') this.#send({ type: 'message', message });
  }

  #readOutput({ stdout, stderr }: ChildProcess): void {
    for (const stream of [stdout, stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => this.#options.onOutput?.(this.kind, line));
    }
  }

  #send(message: ToWorker): void {
    if (this.#worker?.connected) this.#worker.send(message);
  }

  #emit(event: JobEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #setState(state: JobState): void {
    this.state = state;
    this.#emit({ type: 'state', state, attempt: this.#attempt });
  }

  #onMessage(message: FromWorker): void {
    if (this.#settled) return;
    if (message.type === 'ready') {
      this.#send({ type: 'start', kind: this.kind, payload: this.#payload });
      if (this.#pauseWanted) this.#send({ type: 'pause' });
    } else if (message.type === 'progress') {
      this.progress = message.progress;
      this.#emit({ type: 'progress', progress: message.progress });
    } else if (message.type === 'paused') {
      if (this.state !== 'stopping') this.#setState(message.paused ? 'paused' : 'running');
    } else if (message.type === 'result') {
      this.#settled = true;
      this.#setState(this.state === 'stopping' ? 'stopped' : 'done');
      this.#resolve(message.result);
    } else {
      const error = new FrontierError(message.error.code, message.error.message, message.error.hint);
      this.#fail(message.error.code === 'CANCELLED' ? 'stopped' : 'failed', error);
    }
  }

  #fail(state: JobState, error: FrontierError): void {
    this.#settled = true;
    this.#emit({ type: 'error', error: { code: error.code, message: error.message, hint: error.hint } });
    this.#setState(state);
    this.#reject(error);
  }

  #lost(reason: string): void {
    if (this.#settled) return;
    this.#worker?.removeAllListeners('exit');
    if (this.state === 'stopping') {
      this.#fail('stopped', new FrontierError('CANCELLED', 'The job was stopped.'));
    } else if (this.#attempt <= this.#maxRestarts) {
      this.#emit({ type: 'restarted', attempt: this.#attempt + 1, reason });
      this.launch();
    } else {
      const hint =
        'It may have run out of memory. A smaller batch or less history helps; the log has the details.';
      this.#fail(
        'failed',
        new FrontierError('WORKER_LOST', `The worker was lost ${this.#attempt} times (${reason}).`, hint),
      );
    }
  }
}

/** Jobs in worker processes of this machine. */
export class LocalJobs implements JobPort {
  readonly #options: LocalJobsOptions;
  readonly #jobs: LocalJob[] = [];

  constructor(options: LocalJobsOptions) {
    this.#options = options;
  }

  submit(kind: string, payload: unknown, options?: JobOptions): JobHandle {
    const job = new LocalJob(this.#options.ids.next('job'), kind, payload, this.#options, options);
    this.#jobs.push(job);
    job.subscribe((event) => {
      if (event.type === 'state' && job.ended) queueMicrotask(() => this.#pump());
    });
    // Listeners that the caller adds in this turn see the first state change too.
    queueMicrotask(() => this.#pump());
    return job;
  }

  /** Jobs that run or wait, and the last hundred that ended. */
  list(): readonly JobHandle[] {
    return this.#jobs;
  }

  async close(): Promise<void> {
    await Promise.all(this.#jobs.map((job) => job.stop()));
  }

  #pump(): void {
    const active = this.#jobs.filter((job) => !job.ended && job.state !== 'queued').length;
    const waiting = this.#jobs.filter((job) => job.state === 'queued');
    for (const job of waiting.slice(0, Math.max(0, (this.#options.maxParallel ?? 2) - active))) job.launch();
    const ended = this.#jobs.filter((job) => job.ended);
    for (const old of ended.slice(0, Math.max(0, ended.length - 100)))
      this.#jobs.splice(this.#jobs.indexOf(old), 1);
  }
}
