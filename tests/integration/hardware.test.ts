import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { trainInputSchema } from '../../src-shared/contract/training.ts';
import { cleanUp, openEngine } from '../support/engine.ts';
import { endOfRun } from '../support/engineWorld.ts';

let engine: FrontierEngine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(cleanUp);

describe('the hardware of this machine over the contract', () => {
  it('lists every engine with a device: the CPU works, the others work or say why not', async () => {
    const { client } = engine;
    const devices = await client.training.hardware({ probe: false });
    const { engines } = await client.system.info();
    expect(devices[0]).toMatchObject({ id: 'cpu', engine: 'cpu', available: true });
    expect(devices[0]!.memoryBytes).toBeGreaterThan(devices[0]!.freeBytes!);
    expect(devices[0]!.probeMs).toBeGreaterThan(0);
    for (const device of devices) {
      expect(device.detail).not.toBe('');
      const row = engines.find(({ name }) => name === device.engine)!;
      expect(row.devices.includes(device.id)).toBe(device.available);
    }
    expect(new Set(devices.map((device) => device.engine))).toEqual(new Set(engines.map(({ name }) => name)));
  });

  it('plans a run from what is known, then measures it; the trial agrees with the plan', async () => {
    const { client } = engine;
    for await (const _ of await client.data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
    const input = trainInputSchema.parse({
      symbol: 'SYNFX',
      timeframe: (await client.data.list())[0]!.timeframe,
      family: 'mlp',
      model: { hidden: [32] },
      epochs: 3,
      engine: 'cpu',
    });
    const planned = await client.training.estimate({ input, trial: false });
    expect(planned).toMatchObject({ effectiveBatch: 128, refusal: null, msPerStep: null, seconds: null });
    const measured = await client.training.estimate({ input, trial: true });
    expect(measured.parameters).toBe(planned.parameters);
    expect(measured.trainWindows / planned.trainWindows).toBeCloseTo(1, 1);
    expect(measured.totalSteps).toBe(3 * Math.floor(measured.trainWindows / 128));
    expect(measured.msPerStep).toBeGreaterThan(0);
    expect(measured.seconds).toBeCloseTo((measured.msPerStep! * measured.totalSteps) / 1000, 9);
    // The trial's process also read the history, which the plan can only guess.
    expect(measured.memoryBytes / planned.memoryBytes).toBeGreaterThan(0.6);
    expect(measured.memoryBytes / planned.memoryBytes).toBeLessThan(2.5);
    expect(measured.decisions.at(-1)).toMatch(/Measured over \d+ steps/);

    const huge = { ...input, batch: 65_536 };
    expect((await client.training.estimate({ input: huge, trial: true })).refusal).toMatch(
      /windows to learn from|there are \d+ to learn from/,
    );
    const far = { ...input, horizonBars: 10_000 };
    expect((await client.training.estimate({ input: far, trial: false })).refusal).toMatch(
      /^The train part would have 0 rows, .*shorter horizon or window/,
    );
    const hours = {
      ...input,
      family: 'horizons' as const,
      model: { hours: [1, 2000], folds: 3 },
      windowBars: 2048,
    };
    expect((await client.training.estimate({ input: hours, trial: false })).refusal).toMatch(
      /rows, fewer than/,
    );
    const wrong = { ...input, device: 'cuda:9' };
    await expect(client.training.estimate({ input: wrong, trial: false })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/no device cuda:9/),
    });
    const solved = { ...input, family: 'ridge' as const, model: {} };
    expect(await client.training.estimate({ input: solved, trial: true })).toMatchObject({
      totalSteps: 0,
      msPerStep: null,
    });
  });

  it('trains on two workers and says what memory and which devices the run takes', async () => {
    const { client } = engine;
    const { timeframe } = (await client.data.list())[0]!;
    const settings = { family: 'mlp', model: { hidden: [16] }, epochs: 2, engine: 'cpu', batch: 64 } as const;
    const { runId } = await client.training.start({ symbol: 'SYNFX', timeframe, ...settings, devices: 2 });
    const run = await endOfRun(engine, runId);
    expect(run.state, run.error?.message).toBe('done');
    const log = (await client.training.log({ runId })).map(({ topic, message }) => `${topic}: ${message}`);
    expect(log).toContainEqual(expect.stringMatching(/^memory: Memory: .*the process \d+ MiB/));
    expect(log).toContainEqual(
      expect.stringMatching(/^worker: 2 workers on cpu, cpu .* gradients every step/),
    );
  });

  it('plans nothing without a history', async () => {
    const input = trainInputSchema.parse({ symbol: 'EURUSD', timeframe: 'M5' });
    await expect(engine.client.training.estimate({ input, trial: true })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
