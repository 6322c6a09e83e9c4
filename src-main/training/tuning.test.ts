import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { ManualClock, SeededRng } from '../../src-shared/runtime.ts';
import { defineModel } from '../models/registry.ts';
import { channelBlockOf } from '../tensor/channel-block.ts';
import type { Engine } from '../tensor/engine.ts';
import { cpuEngine } from '../tensor/engines/cpu.ts';
import { BUILD_DEFAULTS, type ConvLayout, collectParameters } from '../tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../tensor/optimizer.ts';
import { layOut } from '../tensor/parameters.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import { type TuneRequest, tuneLayout } from './tuning.ts';

const [ROWS, FEATURES, WINDOW] = [200, 3, 16];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tuning-'));
});
afterEach(() => rm(folder, { recursive: true }));

const clock = new ManualClock(0);
const cpu = cpuEngine(1);

/** The CPU engine on a clock that says what a step takes: `msPerStep` is asked with the file's bytes as text. */
function timedEngine(msPerStep: (model: string) => number): Engine & { measured: number } {
  const timed = {
    ...cpu,
    measured: 0,
    createSession: async (model: Uint8Array, options?: object) => {
      const session = await cpu.createSession(model, options);
      const cost = msPerStep(Buffer.from(model).toString('latin1'));
      return {
        ...session,
        run: async (feeds: Parameters<typeof session.run>[0]) => {
          const steps = Number(feeds.steps?.data[0] ?? 0);
          if (steps > 0) timed.measured += 1;
          clock.advanceTo(clock.nowMs() + cost * steps);
          return session.run(feeds);
        },
      };
    },
  };
  return timed;
}

const block = await channelBlockOf(cpu);
const WITHOUT = 'the CPU provider has no convolution kernels in blocks of channels for this processor';

const isBlocked = (model: string): boolean => model.includes('com.microsoft.nchwc');
/** Channels first alone uses the operator named Conv of the standard domain. */
const isFirst = (model: string): boolean => !isBlocked(model) && model.includes('kernel_shape');

function request(engine: Engine, settings: object = {}, batch = 16): TuneRequest {
  const rng = new SeededRng(5);
  const build = (layout: ConvLayout): TrainGraphSpec => {
    const model = defineModel(
      'tcn',
      { channels: 16, levels: 1, steps: 'all', ...settings },
      { window: WINDOW, features: FEATURES, outputs: 1 },
      { ...BUILD_DEFAULTS, layout },
    );
    return {
      model,
      size: model.size,
      layout: layOut(collectParameters(model, model.size)),
      targetColumns: 1,
      rows: ROWS,
      batch,
      loss: { kind: 'mse' },
      optimizer: OPTIMIZER_DEFAULTS,
      seed: 1,
    };
  };
  return {
    engine,
    build,
    data: {
      features: Float32Array.from({ length: ROWS * FEATURES }, () => rng.next()),
      targets: new Float32Array(ROWS),
    },
    trainEnds: Int32Array.from({ length: 100 }, (_, i) => WINDOW + i),
    clock,
    cacheFile: path.join(folder, 'deep', 'layouts.json'),
    key: 'tcn',
  };
}

describe('tuneLayout', () => {
  it('keeps the layout whose steps took the least time, and says why', async (test) => {
    test.skip(block === undefined, WITHOUT);
    const costs = [
      [(m: string) => (isBlocked(m) ? 40 : isFirst(m) ? 50 : 60), `blocked${block}`],
      [(m: string) => (isBlocked(m) ? 60 : isFirst(m) ? 40 : 50), 'channelsFirst'],
      [(m: string) => (isBlocked(m) ? 60 : isFirst(m) ? 50 : 40), 'channelsLast'],
    ] as const;
    for (const [cost, best] of costs) {
      const { cacheFile: _, ...uncached } = request(timedEngine(cost));
      const result = await tuneLayout(uncached);
      expect(result).toMatchObject({ layout: best, cached: false });
      expect(result.times.map(({ msPerStep }) => msPerStep)).toEqual([40, 50, 60]);
      expect(result.note).toMatch(/the fastest per step \(.* 40.0 ms, .* 50.0 ms, .* 60.0 ms\)\.$/);
    }
  });

  it('does not measure what another run has measured, but does for another model or thread count', async () => {
    const engine = timedEngine((m) => (isFirst(m) ? 40 : 60));
    const first = await tuneLayout(request(engine));
    const { measured } = engine;
    expect(measured).toBeGreaterThan(6);
    const again = await tuneLayout(request(engine));
    expect(again).toMatchObject({ layout: 'channelsFirst', cached: true, times: first.times });
    expect(again.note).toContain('as measured here before');
    expect(engine.measured).toBe(measured);
    await tuneLayout({ ...request(engine), key: 'another' });
    expect(engine.measured).toBe(2 * measured);
    await tuneLayout({ ...request(engine), engine: { ...engine, threads: 2 } });
    const { cacheFile } = request(engine);
    const kept = JSON.parse(await readFile(cacheFile!, 'utf8'));
    expect(Object.keys(kept.decisions)).toHaveLength(3);
  });

  it('measures anew where the file is damaged, and mends it', async () => {
    const engine = timedEngine((m) => (isFirst(m) ? 40 : 60));
    const cacheFile = path.join(folder, 'layouts.json');
    await writeFile(cacheFile, '{"version":1,"decisions":{"x"');
    const asked = { ...request(engine), cacheFile };
    expect(await tuneLayout(asked)).toMatchObject({ cached: false });
    expect(await tuneLayout(asked)).toMatchObject({ cached: true });
  });

  it('still decides where the file cannot be written', async () => {
    const engine = timedEngine((m) => (isFirst(m) ? 40 : 60));
    await writeFile(path.join(folder, 'file'), '');
    const result = await tuneLayout({
      ...request(engine),
      cacheFile: path.join(folder, 'file', 'layouts.json'),
    });
    expect(result.layout).toBe('channelsFirst');
    expect(result.note).toMatch(/could not be kept/);
  });

  it('leaves out layouts that the sizes do not allow, and tells which', async (test) => {
    test.skip(block === undefined, WITHOUT);
    const engine = timedEngine((m) => (isBlocked(m) ? 1 : isFirst(m) ? 40 : 60));
    const channels = await tuneLayout(request(engine, { channels: 10 }));
    expect(channels).toMatchObject({ layout: 'channelsFirst' });
    expect(channels.note).toMatch(/10 channels do not fill blocks/);
    const batch = await tuneLayout({ ...request(engine, {}, 10), key: 'batch' });
    expect(batch).toMatchObject({ layout: 'channelsFirst' });
    expect(batch.note).toMatch(/batches of 10/);
  });

  it('has nothing to measure where the layouts give the same graph', async () => {
    const engine = timedEngine(() => 1);
    const result = await tuneLayout(request(engine, { steps: 'needed' }));
    expect(result).toMatchObject({ layout: 'channelsFirst', times: [] });
    expect(result.note).toMatch(/nothing to choose/);
    expect(engine.measured).toBe(0);
  });

  it('leaves out a layout that the engine refuses, and fails where it refuses all', async () => {
    const refused = (wrong: (model: string) => boolean): Engine => ({
      ...cpu,
      createSession: (model, options) =>
        wrong(Buffer.from(model).toString('latin1'))
          ? Promise.reject(new FrontierError('ENGINE_FAILED', 'no kernel', 'Use another engine.'))
          : cpu.createSession(model, options),
    });
    const result = await tuneLayout(request(refused(isFirst)));
    expect(result.layout).not.toBe('channelsFirst');
    await expect(tuneLayout({ ...request(refused(() => true)), key: 'none' })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
    });
  });

  it('passes on that the model cannot be built at all', async () => {
    const bad = {
      ...request(cpu),
      build: () => defineModel('tcn', { channels: 0 }, { window: 1, features: 1, outputs: 1 }),
    };
    await expect(tuneLayout(bad as unknown as TuneRequest)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
