import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { JobDto } from '../../src-shared/contract/common.ts';
import type { StatusDto } from '../../src-shared/contract/system.ts';

/** What the engine says of itself; one subscription feeds every place that shows it. */
export const status = createStore<{ readonly status: StatusDto | undefined }>(() => ({ status: undefined }));

/** The newest status, or undefined before the first. */
export function useStatus(): StatusDto | undefined {
  return useStore(status, (s) => s.status);
}

const AT_WORK: ReadonlySet<JobDto['state']> = new Set(['queued', 'running', 'paused', 'stopping']);

/** Jobs that still have something to do. */
export function activeJobs(jobs: readonly JobDto[]): JobDto[] {
  return jobs.filter((job) => AT_WORK.has(job.state));
}

/** Jobs that were at work before and are not any more: what they made can be asked for now. */
export function endedJobs(before: readonly JobDto[], now: readonly JobDto[]): JobDto[] {
  const working = new Set(activeJobs(now).map((job) => job.id));
  return activeJobs(before).filter((job) => !working.has(job.id));
}
