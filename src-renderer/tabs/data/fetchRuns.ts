import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { FetchRunDto } from '../../../src-shared/contract/fetch.ts';

export type FetchTask = FetchRunDto['tasks'][number];
type HistoryName = Pick<DatasetDto, 'symbol' | 'timeframe' | 'priceSide'>;

/** True while a run has something to do. */
export function runs(run: FetchRunDto): boolean {
  return run.state === 'running' || run.state === 'stopping';
}

/** Share of a run that is done, all its tasks counted alike, from 0 to 1. */
export function runFraction(run: FetchRunDto): number {
  if (run.tasks.length === 0) return 0;
  return run.tasks.reduce((sum, task) => sum + task.fraction, 0) / run.tasks.length;
}

/** Less than this tells nothing about the speed of the rest. */
const LEAST_FRACTION = 0.02;

/** Milliseconds that the rest takes at the speed so far; undefined while that cannot be told. */
export function timeLeft(startedMs: number, fraction: number, nowMs: number): number | undefined {
  const spent = nowMs - startedMs;
  if (fraction < LEAST_FRACTION || fraction >= 1 || spent <= 0) return undefined;
  return (spent * (1 - fraction)) / fraction;
}

export interface HistoryFetch {
  readonly run: FetchRunDto;
  readonly task: FetchTask;
}

/** What is being fetched for a history now, or what became of the newest attempt. */
export function fetchOf(all: readonly FetchRunDto[], history: HistoryName): HistoryFetch | undefined {
  const found = all.flatMap((run) => {
    const task = run.tasks.find(
      (t) =>
        t.symbol === history.symbol && t.timeframe === history.timeframe && t.priceSide === history.priceSide,
    );
    return task ? [{ run, task }] : [];
  });
  return found.find(({ run }) => runs(run)) ?? found[0];
}

/** True while a task waits or works. */
export function taskOpen(task: FetchTask): boolean {
  return task.state === 'waiting' || task.state === 'running';
}

/**
 * What the runs have stored so far, as one text: when it differs, lists of histories are out of date. Bars count in
 * steps of a finished task only, so that a download does not have the catalogue asked for again with every page.
 */
export function storedSoFar(all: readonly FetchRunDto[]): string {
  return all.map((run) => `${run.id}:${run.tasks.filter((t) => !taskOpen(t)).length}:${run.state}`).join(' ');
}
