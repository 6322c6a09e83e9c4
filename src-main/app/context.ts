import { join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock, IdSource } from '../../src-shared/runtime.ts';
import type { JobHandle, JobPort, JobState } from '../jobs/port.ts';
import type { SecretStore } from '../ops/secrets.ts';
import type { ArtifactStore } from '../store/artifacts.ts';
import type { BarStore } from '../store/bars.ts';
import type { Stores } from '../store/stores.ts';
import type { Hub } from './hub.ts';
import type { FrontierLive } from './live.ts';
import type { Uploads } from './uploads.ts';

export type HostKind = 'desktop' | 'loopback' | 'cli';

/** What the handlers work with; made once by the composition root. */
export interface EngineContext {
  readonly home: string;
  readonly host: HostKind;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly stores: Stores;
  readonly bars: BarStore;
  readonly artifacts: ArtifactStore;
  readonly jobs: JobPort;
  readonly titles: JobTitles;
  readonly live: FrontierLive;
  readonly hub: Hub;
  readonly uploads: Uploads;
  readonly secrets: SecretStore;
  readonly log: (message: string, error?: unknown) => void;
}

/** Where things lie in a data folder. */
export const homePaths = {
  bars: (home: string): string => join(home, 'bars'),
  models: (home: string): string => join(home, 'models'),
  checkpoint: (home: string, runId: string): string => join(home, 'checkpoints', runId),
  signals: (home: string, modelId: string): string => join(home, 'cache', 'signals', `${modelId}.bin`),
  /** Optimised training graphs, and the layouts that are fastest here. */
  trainingCache: (home: string): string => join(home, 'cache', 'training'),
  uploads: (home: string): string => join(home, 'uploads'),
  reports: (home: string): string => join(home, 'reports'),
  exports: (home: string): string => join(home, 'exports'),
  /** @param name a SHA-256, or the id of a study */
  blackouts: (home: string, name: string): string => join(home, 'blackouts', `${name}.json`),
};

/** What a job is about, in words, for the status bar. */
export class JobTitles {
  readonly #titles = new Map<string, string>();

  set(jobId: string, title: string): void {
    this.#titles.set(jobId, title);
  }

  get(jobId: string): string {
    return this.#titles.get(jobId) ?? '';
  }
}

/** What starting a job takes. */
export type JobHost = Pick<EngineContext, 'jobs' | 'titles' | 'hub'>;

/** Submits a job, names it, and lets everyone who watches the status know of its changes. */
export function submitJob(context: JobHost, kind: string, title: string, payload: unknown): JobHandle {
  const job = context.jobs.submit(kind, payload);
  context.titles.set(job.id, title);
  job.subscribe(() => context.hub.notify('status'));
  context.hub.notify('status');
  return job;
}

/** Runs a job to its end and returns its result. The signal of a caller who went away stops it. */
export async function runJob<T>(
  context: JobHost,
  kind: string,
  title: string,
  payload: unknown,
  signal?: AbortSignal,
): Promise<T> {
  if (signal?.aborted) throw new FrontierError('CANCELLED', 'The caller went away before the job began.');
  const job = submitJob(context, kind, title, payload);
  const stop = (): void => void job.stop();
  signal?.addEventListener('abort', stop);
  try {
    return (await job.result) as T;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

export const isEnded = (state: JobState): boolean =>
  state === 'done' || state === 'failed' || state === 'stopped';
