import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { cleanUp, until } from '../support/engine.ts';
import { endOfRun, engineOn, makeWorld } from '../support/engineWorld.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
afterAll(cleanUp);

let engine: FrontierEngine;
beforeAll(async () => {
  engine = await engineOn(await makeWorld());
});

const TRAINING = {
  symbol: 'SYNFX',
  timeframe: 'H1',
  engine: 'cpu',
  epochs: 150,
  patience: 0,
  schedule: 'plateau',
  averageDecay: 0.99,
  keepCheckpoints: 2,
} as const;

describe('a training run through the engine', () => {
  it.each(['appendCurve', 'save'] as const)(
    'ends as failed, and the engine lives, when a full disk refuses %s',
    async (call) => {
      const { training } = engine.client;
      const { runId } = await training.start(TRAINING);
      await until('it runs', async () => (await training.get({ runId })).step > 0);
      const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
      const store = vi.spyOn(engine.context.stores.trainingRuns, call).mockImplementation(() => {
        throw full;
      });
      try {
        const run = await endOfRun(engine, runId);
        expect(run).toMatchObject({ state: 'failed', error: { code: 'UNAVAILABLE' } });
        expect(run.error!.message).toContain('The disk is full');
      } finally {
        store.mockRestore();
      }
      await training.resume({ runId });
      await until('it runs again', async () => (await training.get({ runId })).state === 'running');
      await training.stop({ runId });
    },
  );

  it('tells whoever follows it how it ended in one piece', async () => {
    const { training } = engine.client;
    const { runId } = await training.start({ ...TRAINING, features: ['nosuch'] });
    const states: (string | undefined)[] = [];
    for await (const { state, error } of await training.watch({ runId }))
      if (state === 'failed') states.push(error?.code);
    expect(states).toEqual(['BAD_INPUT']);
  });

  it('saves on request, tells what it did, is exported and removed; its model stays', async () => {
    const { training } = engine.client;
    const { runId } = await training.start(TRAINING);
    await until('it runs', async () => (await training.get({ runId })).step > 0);
    await expect(training.remove({ runId })).rejects.toMatchObject({ code: 'CONFLICT' });
    await training.save({ runId });
    await until(
      'a checkpoint is written',
      async () => (await training.get({ runId })).savedStep !== undefined,
    );
    const checkpoints = join(engine.context.home, 'checkpoints', runId);
    expect(readdirSync(checkpoints).some((name) => name.endsWith('.checkpoint'))).toBe(true);

    const run = await endOfRun(engine, runId);
    expect(run).toMatchObject({ state: 'done', savedStep: run.totalSteps, device: 'cpu' });
    expect(run.stepsPerEpoch! * 150).toBe(run.totalSteps);
    expect(run.curve.filter((p) => p.validation !== undefined)).toHaveLength(150);
    expect(run.curve.every((p) => p.gradientNorm! > 0 && p.learningRate! > 0 && p.stepsPerSecond! > 0)).toBe(
      true,
    );
    const validations = run.curve.map((p) => p.validation ?? Number.POSITIVE_INFINITY);
    expect(run.bestValidation).toBe(Math.min(...validations));
    expect(run.bestStep).toBe(run.curve[validations.indexOf(run.bestValidation!)]!.step);
    expect(readdirSync(checkpoints)).toHaveLength(2);

    const log = await training.log({ runId });
    expect(log.map(({ topic }) => topic)).toEqual(expect.arrayContaining(['engine', 'checkpoint', 'run']));
    expect(log.some(({ message }) => / written as asked\.$/.test(message))).toBe(true);
    expect(log.at(-1)!.message).toBe(`Done: the model ${run.modelId} is stored.`);
    const readings = await training.readings({ runId });
    expect(readings[0]).toMatchObject({ device: 'cpu', step: 0 });
    expect(readings[0]!.memoryBytes).toBeGreaterThan(1e7);

    const file = async (format: 'json' | 'csv' | 'tensorboard') =>
      Buffer.from((await training.exportRun({ runId, format })).base64, 'base64');
    const json = JSON.parse((await file('json')).toString()) as { curve: unknown; log: unknown };
    expect([json.curve, json.log]).toEqual([run.curve, log]);
    expect((await file('csv')).toString().trim().split('\n')).toHaveLength(run.curve.length + 1);
    expect((await file('tensorboard')).includes('loss/validation')).toBe(true);

    // A set of models keeps one folder each; other runs keep theirs.
    for (const name of [`${runId}-h12`, `${runId}x`]) mkdirSync(`${checkpoints}/../${name}`);
    await training.remove({ runId });
    expect([checkpoints, `${checkpoints}-h12`, `${checkpoints}x`].map((at) => existsSync(at))).toEqual([
      false,
      false,
      true,
    ]);
    await expect(training.get({ runId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(training.log({ runId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await training.models()).map(({ id }) => id)).toContain(run.modelId);
    await expect(training.save({ runId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    [{ conformal: 'cqr' }, /quantile/],
    [{ averageEvery: 5 }, /averageEvery 5 means nothing on one device/],
    [{ family: 'ridge', loss: 'quantile' }, /has no quantiles/],
    [{ model: { hiden: [3] } }, /hiden/],
    [{ augmentTimeWarp: 0.2 }, /no time to stretch/],
    [{ family: 'imported' }, /trained elsewhere/],
    [{ symbol: 'NOSUCH' }, /NOSUCH/],
  ] as const)('is refused before it begins with %o', async (change, message) => {
    const before = await engine.client.training.list();
    await expect(engine.client.training.start({ ...TRAINING, ...change })).rejects.toThrow(message);
    expect(await engine.client.training.list()).toHaveLength(before.length);
  });

  it.each([
    [{ warmupSteps: 1_000_000 }, 'BAD_INPUT', /rise over 1000000 steps/],
    [{ batch: 65_536 }, 'BAD_INPUT', /do not fill one batch of 65536/],
  ] as const)('fails before its first step with %o', async (change, code, message) => {
    const { runId } = await engine.client.training.start({ ...TRAINING, ...change });
    const run = await endOfRun(engine, runId);
    expect(run).toMatchObject({
      state: 'failed',
      step: 0,
      error: { code, message: expect.stringMatching(message) },
    });
    const log = await engine.client.training.log({ runId });
    expect(log.at(-1)).toMatchObject({ level: 'error', message: expect.stringMatching(message) });
  });
});
