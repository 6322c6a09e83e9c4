import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import type { JobHandle } from '../../src-main/jobs/port.ts';
import type { StudyDto } from '../../src-shared/contract/optimize.ts';
import { cleanUp, sleep, until } from '../support/engine.ts';
import { endOfRun, endOfStudy, engineOn, makeWorld, type World } from '../support/engineWorld.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
afterAll(cleanUp);

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

/** Long enough to be killed in the middle, and never ended early. */
const TRAINING = {
  symbol: 'SYNFX',
  timeframe: 'H1',
  engine: 'cpu',
  epochs: 250,
  patience: 0,
  seed: 11,
} as const;
const CHUNK_STEPS = 50;

function jobOf(engine: FrontierEngine, kind: string): JobHandle {
  const job = engine.context.jobs.list().findLast((j) => j.kind === kind);
  if (!job) throw new Error(`no ${kind} job`);
  return job;
}

/** The bytes of the newest model of the demo market. */
async function modelBytes(engine: FrontierEngine): Promise<Buffer> {
  const [newest] = (await engine.client.training.models()).sort((a, b) => b.version - a.version);
  const folder = join(engine.context.home, 'models', 'SYNFX_H1', String(newest?.version));
  return readFileSync(join(folder, 'model.onnx'));
}

describe('a training run', () => {
  let reference: Buffer;
  let totalSteps: number;
  let finalLoss: number | undefined;

  beforeAll(async () => {
    const engine = await engineOn(world);
    const { runId } = await engine.client.training.start(TRAINING);
    const run = await endOfRun(engine, runId);
    expect([run.state, run.restarts, run.step]).toEqual(['done', 0, run.totalSteps]);
    expect(run.totalSteps).toBeGreaterThan(100 * CHUNK_STEPS);
    ({ totalSteps, finalLoss } = run);
    reference = await modelBytes(engine);
    await engine.close();
  });

  it('whose worker is killed goes on from its checkpoint and ends with the same file', async () => {
    const engine = await engineOn(world);
    const { training } = engine.client;
    const { runId } = await training.start(TRAINING);
    const job = jobOf(engine, 'train');
    // A pause saves, so that there is a checkpoint however fast the machine is.
    await until('it runs', () => job.progress.fraction > 0);
    await training.pause({ runId });
    await until('it is paused', () => job.state === 'paused');
    const saved = job.progress.fraction;
    await training.resume({ runId });
    const stepsAfter: number[] = [];
    let restarted = false;
    job.subscribe((event) => {
      if (event.type === 'restarted') restarted = true;
      const data = event.type === 'progress' ? (event.progress.data as { chunk?: { step: number } }) : {};
      if (restarted && data.chunk) stepsAfter.push(data.chunk.step);
    });
    await until('it went on', () => job.progress.fraction > saved);
    process.kill(job.workerPid!, 'SIGKILL');
    const run = await endOfRun(engine, runId);
    expect(run).toMatchObject({ state: 'done', restarts: 1, step: totalSteps, finalLoss });
    expect(stepsAfter[0], 'it went on from the checkpoint').toBeGreaterThan(Math.round(saved * totalSteps));
    expect(stepsAfter.at(-1)).toBe(totalSteps);
    expect(await modelBytes(engine)).toEqual(reference);
    const steps = run.curve.map((p) => p.step);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(await engine.client.training.models()).toHaveLength(2);
    await engine.close();
  });

  it('stays paused when its worker is killed meanwhile', async () => {
    const engine = await engineOn(world);
    const { training } = engine.client;
    const { runId } = await training.start(TRAINING);
    const job = jobOf(engine, 'train');
    await until('it runs', () => job.progress.fraction > 0);
    await training.pause({ runId });
    await until('it is paused', () => job.state === 'paused');
    const { step } = await training.get({ runId });
    const first = job.workerPid!;
    process.kill(first, 'SIGKILL');
    await until('another worker is paused', () => job.workerPid !== first && job.state === 'paused');
    await sleep(300);
    const run = await training.get({ runId });
    expect(run).toMatchObject({ state: 'paused', restarts: 1 });
    expect(run.step, 'the new worker does no step').toBe(step);
    await training.stop({ runId });
    expect((await training.get({ runId })).state).toBe('stopped');
    await engine.close();
  });

  it('is paused, goes on, is stopped, and goes on again to the same file', async () => {
    const engine = await engineOn(world);
    const { training } = engine.client;
    const { runId } = await training.start(TRAINING);
    const stepOf = async (): Promise<number> => (await training.get({ runId })).step;
    const stateOf = async (): Promise<string> => (await training.get({ runId })).state;
    await until('it runs', async () => (await stepOf()) > 0);
    await training.pause({ runId });
    await until('it is paused', async () => (await stateOf()) === 'paused');
    const held = await stepOf();
    await sleep(300);
    expect(await stepOf()).toBe(held);
    expect(held).toBeLessThan(totalSteps);
    await training.resume({ runId });
    await until('it goes on', async () => (await stepOf()) > held);
    await training.stop({ runId });
    const stopped = await training.get({ runId });
    expect(stopped).toMatchObject({ state: 'stopped', error: { code: 'CANCELLED' } });
    expect(stopped.step).toBeLessThan(totalSteps);
    expect(await training.models()).toHaveLength(1);
    await expect(training.pause({ runId })).rejects.toMatchObject({ code: 'CONFLICT' });
    await training.resume({ runId });
    const run = await endOfRun(engine, runId);
    expect(run).toMatchObject({ state: 'done', step: totalSteps, finalLoss });
    expect(run.error).toBeUndefined();
    expect(await modelBytes(engine)).toEqual(reference);
    await expect(training.resume({ runId })).rejects.toMatchObject({ code: 'CONFLICT' });
    await engine.close();
  });

  it('that loses its worker again and again fails in words and can still be resumed', async () => {
    const engine = await engineOn(world);
    const { runId } = await engine.client.training.start({ ...TRAINING, epochs: 1000 });
    const job = jobOf(engine, 'train');
    const killed: number[] = [];
    while (!['failed', 'done'].includes(job.state)) {
      const pid = job.workerPid!;
      if (job.state === 'running' && !killed.includes(pid)) {
        process.kill(pid, 'SIGKILL');
        killed.push(pid);
      }
      await sleep(5);
    }
    await until(
      'the run has failed',
      async () => (await engine.client.training.get({ runId })).state === 'failed',
    );
    const run = await engine.client.training.get({ runId });
    expect(killed).toHaveLength(3);
    expect(run).toMatchObject({
      restarts: 2,
      error: { code: 'WORKER_LOST', hint: expect.stringMatching(/memory/) },
    });
    await engine.client.training.resume({ runId });
    await until('it runs again', async () => (await engine.client.training.get({ runId })).step > 0);
    await engine.client.training.stop({ runId });
    await engine.close();
  });
});

describe('a study', () => {
  const INPUT = { evaluations: 1600, population: 40, seed: 5 };
  let reference: StudyDto;

  const pointsOf = ({ trials }: StudyDto): unknown =>
    trials.map(({ number, genes, objectives, onFront }) => ({ number, genes, objectives, onFront }));

  function expectSame(study: StudyDto): void {
    expect(study).toMatchObject({ state: 'done', evaluations: INPUT.evaluations });
    expect(study.trials.map((t) => t.number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: INPUT.evaluations }, (_, i) => i),
    );
    expect(pointsOf(study)).toEqual(pointsOf(reference));
    const recommended = ({ recommendedTrialId, trials }: StudyDto): unknown =>
      trials.find((t) => t.id === recommendedTrialId)?.genes;
    expect(recommended(study)).toEqual(recommended(reference));
    expect(recommended(study)).toBeDefined();
  }

  beforeAll(async () => {
    const engine = await engineOn(world);
    const { studyId } = await engine.client.optimize.start({ modelId: world.modelId, ...INPUT });
    reference = await endOfStudy(engine, studyId);
    expect(reference.trials.filter((t) => t.onFront).length).toBeGreaterThan(5);
    await engine.close();
  });

  it('whose worker is killed loses no trial, doubles none, and finds the same front', async () => {
    const engine = await engineOn(world);
    const { studyId } = await engine.client.optimize.start({ modelId: world.modelId, ...INPUT });
    const job = jobOf(engine, 'study');
    let restarts = 0;
    job.subscribe((event) => {
      if (event.type === 'restarted') restarts += 1;
    });
    for (const share of [0.2, 0.5]) {
      const first = job.workerPid;
      await until(`${share} is done`, () => job.progress.fraction > share && job.state === 'running');
      process.kill(job.workerPid!, 'SIGKILL');
      await until('another worker runs', () => job.workerPid !== first);
    }
    expectSame(await endOfStudy(engine, studyId));
    expect(restarts).toBe(2);
    await engine.close();
  });

  it('is paused, goes on, is stopped, and goes on again to the same front', async () => {
    const engine = await engineOn(world);
    const { optimize } = engine.client;
    const { studyId } = await optimize.start({ modelId: world.modelId, ...INPUT });
    const done = async (): Promise<number> => (await optimize.get({ studyId })).evaluations;
    const stateOf = async (): Promise<string> => (await optimize.get({ studyId })).state;
    await until('it runs', async () => (await done()) > 0);
    await optimize.pause({ studyId });
    await until('it is paused', async () => (await stateOf()) === 'paused');
    const held = await done();
    await sleep(200);
    expect(await done()).toBe(held);
    await optimize.resume({ studyId });
    await until('it goes on', async () => (await done()) > held);
    await optimize.stop({ studyId });
    await until('it is stopped', async () => (await stateOf()) === 'stopped');
    const kept = (await optimize.get({ studyId })).trials.length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(INPUT.evaluations);
    await optimize.resume({ studyId });
    expectSame(await endOfStudy(engine, studyId));
    await engine.close();
  });
});
