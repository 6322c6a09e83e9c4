import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalJobs } from '../../src-main/jobs/local.ts';
import type { JobEvent, JobHandle } from '../../src-main/jobs/port.ts';

let folder: string;
let jobs: LocalJobs;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frontier-jobs-'));
  let n = 0;
  const entry = fileURLToPath(new URL('../support/jobWorker.ts', import.meta.url));
  jobs = new LocalJobs({ entry, ids: { next: (p) => `${p}_${++n}` }, stopGraceMs: 3000 });
});
afterEach(async () => {
  await jobs.close();
  rmSync(folder, { recursive: true });
});

function eventsOf(job: JobHandle): JobEvent[] {
  const events: JobEvent[] = [];
  job.subscribe((e) => events.push(e));
  return events;
}
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('jobs in worker processes', () => {
  it('runs to the end and streams progress', async () => {
    const job = jobs.submit('count', { file: join(folder, 'a'), upTo: 5 });
    const events = eventsOf(job);
    expect(await job.result).toEqual({ at: 5 });
    expect(job.state).toBe('done');
    expect(events.filter((e) => e.type === 'progress')).toHaveLength(5);
  });

  it('replaces a killed worker, which goes on from its checkpoint', async () => {
    const file = join(folder, 'b');
    const job = jobs.submit('count', { file, upTo: 8, dieAt: 3 });
    const events = eventsOf(job);
    expect(await job.result).toEqual({ at: 8 });
    expect(events.filter((e) => e.type === 'restarted')).toHaveLength(1);
    expect(readFileSync(`${file}.log`, 'utf8').trim().split('\n').map(Number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  it('gives up after the allowed restarts with a typed error', async () => {
    const job = jobs.submit('count', { file: join(folder, 'c'), upTo: 50 }, { maxRestarts: 0 });
    await until(() => job.progress.fraction > 0);
    process.kill(job.workerPid!, 'SIGKILL');
    await expect(job.result).rejects.toMatchObject({ code: 'WORKER_LOST' });
    expect(job.state).toBe('failed');
  });

  it('gives the handler the messages of a running job, and none to one that waits or has ended', async () => {
    const file = join(folder, 'heard');
    const job = jobs.submit('count', { file, upTo: 1000 });
    job.send('too early');
    await until(() => job.progress.fraction > 0);
    job.send('save');
    job.send({ take: 2 });
    await until(() => existsSync(`${file}.heard`) && readFileSync(`${file}.heard`, 'utf8').includes('take'));
    await job.stop();
    job.send('too late');
    expect(readFileSync(`${file}.heard`, 'utf8')).toBe('"save"\n{"take":2}\n');
  });

  it('pauses, goes on and stops', async () => {
    const job = jobs.submit('count', { file: join(folder, 'd'), upTo: 100_000 });
    await until(() => job.progress.fraction > 0);
    job.pause();
    await until(() => job.state === 'paused');
    const held = job.progress.fraction;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(job.progress.fraction).toBe(held);
    job.resume();
    await until(() => job.progress.fraction > held);
    await job.stop();
    expect(job.state).toBe('stopped');
    expect(await job.result).toMatchObject({ at: expect.any(Number) });
  });

  it('carries a typed error of the handler across the process boundary', async () => {
    const job = jobs.submit('fail', {});
    await expect(job.result).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: 'told to fail',
      hint: 'do not',
    });
  });

  it('queues what exceeds the parallel limit', async () => {
    const all = [1, 2, 3].map((i) => jobs.submit('count', { file: join(folder, `q${i}`), upTo: 10 }));
    await until(() => all[0]!.state === 'running');
    expect(all[2]!.state).toBe('queued');
    await Promise.all(all.map((job) => job.result));
    expect(all.map((job) => job.state)).toEqual(['done', 'done', 'done']);
  });
});
