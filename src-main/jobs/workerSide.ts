import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { JobContext, JobHandler } from './port.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

/** Pause and stop of one running job, as the messages of the engine set them. */
class Control {
  readonly abort = new AbortController();
  #paused = false;
  #waiting: (() => void)[] = [];
  readonly #listeners: ((message: unknown) => void)[] = [];

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  stop(): void {
    this.abort.abort(new FrontierError('CANCELLED', 'The job was stopped.'));
    this.resume();
  }

  listen(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  tell(message: unknown): void {
    for (const listener of this.#listeners) listener(message);
  }

  wait(): Promise<void> {
    return this.#paused ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }
}

function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

function contextOf(control: Control): JobContext {
  return {
    signal: control.abort.signal,
    get paused() {
      return control.paused;
    },
    async waitWhilePaused() {
      if (!control.paused) return;
      void send({ type: 'paused', paused: true });
      await control.wait();
      void send({ type: 'paused', paused: false });
    },
    report(progress) {
      void send({ type: 'progress', progress });
    },
    onMessage: (listener) => control.listen(listener),
  };
}

/**
 * Serves jobs in a worker process: one job, then the process ends. A worker whose engine has gone ends at once,
 * so that a killed engine leaves no strays behind; the job goes on from its checkpoint when it is started again.
 * @param handlers loads the handler of each kind on demand, so that a worker starts with what it needs only
 */
export function serveJobs(handlers: Readonly<Record<string, () => Promise<JobHandler>>>): void {
  const control = new Control();
  process.on('disconnect', () => process.exit(1));
  // A Ctrl-C in the terminal reaches the whole process group; the engine decides what it means for the job.
  process.on('SIGINT', () => undefined);
  process.on('message', (message: ToWorker) => {
    if (message.type === 'pause') control.pause();
    else if (message.type === 'resume') control.resume();
    else if (message.type === 'stop') control.stop();
    else if (message.type === 'message') control.tell(message.message);
    else void run(message.kind, message.payload);
  });

  const run = async (kind: string, payload: unknown): Promise<void> => {
    try {
      const load = handlers[kind];
      if (!load) throw new FrontierError('INTERNAL', `No worker knows jobs of kind "${kind}".`);
      const handler = await load();
      await send({ type: 'result', result: await handler(payload, contextOf(control)) });
    } catch (error) {
      if (!(error instanceof FrontierError)) console.error(error);
      await send({ type: 'error', error: errorBody(error) });
    }
    process.disconnect?.();
    process.exit(0);
  };
  void send({ type: 'ready' });
}
