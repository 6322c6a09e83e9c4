import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { CONFIG, learnable, recordingIo } from '../../tests/support/trainingRun.ts';
import type * as engines from '../tensor/engine.ts';
import type { Engine, EngineSession } from '../tensor/engine.ts';
import { isOutOfMemory, layoutFor } from './memory.ts';
import { train } from './trainer.ts';

/** Windows that fit into the memory of the device, and runs of the engine before it shrinks to that. */
const device = vi.hoisted(() => ({ fits: Number.POSITIVE_INFINITY, afterRuns: 0, runs: 0 }));

/** The CPU engine with a memory for so many windows, which fails as ONNX Runtime does. */
function limited(engine: Engine): Engine {
  return {
    name: engine.name,
    threads: engine.threads,
    async createSession(model, options): Promise<EngineSession> {
      const session = await engine.createSession(model, options);
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        release: () => session.release(),
        run(feeds) {
          device.runs += 1;
          const windows = feeds.ends?.shape.at(-1) ?? 0;
          if (device.runs <= device.afterRuns || windows <= device.fits) return session.run(feeds);
          const text =
            'Non-zero status code returned while running Loop node. Failed to allocate memory for requested buffer of size 7864320';
          return Promise.reject(new FrontierError('ENGINE_FAILED', text));
        },
      };
    },
  };
}

vi.mock('../tensor/engine.ts', async (original) => {
  const real = await original<typeof engines>();
  const openEngine = async (...given: Parameters<typeof real.openEngine>) => {
    const opened = await real.openEngine(...given);
    return { ...opened, engine: limited(opened.engine) };
  };
  return { ...real, openEngine };
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'frontier-memory-'));
  Object.assign(device, { fits: Number.POSITIVE_INFINITY, afterRuns: 0, runs: 0 });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const data = learnable(800, 3, 4);
const at = (name: string): string => path.join(directory, name);

describe('a run that is out of memory', () => {
  it('halves its batch, doubles its micro-batches, and ends as a run that began so', async () => {
    const small = await train(data, { ...CONFIG, batch: 8, accumulation: 4 }, recordingIo(at('small')));
    device.fits = 8;
    const link = recordingIo(at('run'));
    const result = await train(data, CONFIG, link);
    expect(result.choices).toMatchObject({ batch: 8, accumulation: 4 });
    expect(result.steps).toBe(small.steps);
    expect(result.curve).toEqual(small.curve);
    expect(Buffer.from(result.onnx).equals(Buffer.from(small.onnx))).toBe(true);
    const told = link.lines.filter(({ topic }) => topic === 'batch');
    expect(told.map(({ message }) => /batch of (\d+) and (\d+) micro/.exec(message)!.slice(1))).toEqual([
      ['16', '2'],
      ['8', '4'],
    ]);
    expect(told[0]).toMatchObject({
      level: 'decision',
      message: expect.stringMatching(/Failed to allocate/),
    });
  });

  it('goes on from its checkpoint, and stays with the smaller batch when it is resumed', async () => {
    const whole = await train(data, CONFIG, recordingIo(at('whole')));
    Object.assign(device, { fits: 16, afterRuns: 20, runs: 0 });
    const controller = new AbortController();
    const link = recordingIo(at('run'), { checkpointIntervalMs: 0, signal: controller.signal });
    const stopping = { ...link, onChunk: (r: { step: number }) => r.step >= 120 && controller.abort() };
    const part = await train(data, CONFIG, stopping);
    expect(part.choices).toMatchObject({ batch: 16, accumulation: 2 });
    const message = link.lines.find(({ topic }) => topic === 'batch')!.message;
    expect(Number(/checkpoint of step (\d+)/.exec(message)![1])).toBeGreaterThan(0);
    const again = recordingIo(at('run'));
    const rest = await train(data, CONFIG, again);
    expect(again.lines.some(({ topic }) => topic === 'batch')).toBe(false);
    expect(rest.steps).toBe(whole.steps);
    // The same windows, summed in another order.
    expect(rest.bestValidationLoss).toBeCloseTo(whole.bestValidationLoss!, 4);
  });

  it('is refused where not even a batch of 4 fits', async () => {
    device.fits = 2;
    await expect(train(data, CONFIG, recordingIo(at('run')))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/not enough memory for a batch of 4/),
    });
  });
});

describe('what counts as out of memory', () => {
  it.each([
    'CUDA failure 2: out of memory ; GPU=0',
    'Available memory of 1048576 is smaller than requested bytes: failed to allocate',
    'std::bad_alloc',
    'bad allocation',
    'D3D12 E_OUTOFMEMORY',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
  ])('%s', (text) => {
    expect(isOutOfMemory(new FrontierError('ENGINE_FAILED', text))).toBe(true);
    expect(isOutOfMemory(new FrontierError('BAD_INPUT', text))).toBe(false);
  });

  it('and what does not', () => {
    const refused = 'the engine refused the graph: Conv has no kernel for float16';
    expect(isOutOfMemory(new FrontierError('ENGINE_FAILED', refused))).toBe(false);
    expect(isOutOfMemory(new RangeError('Array buffer allocation failed'))).toBe(true);
    expect(isOutOfMemory(new RangeError('Invalid array length'))).toBe(false);
  });
});

it('gives up blocks of channels where a smaller batch has no whole block', () => {
  expect(layoutFor('blocked16', { batch: 32, accumulation: 1 })).toBe('blocked16');
  expect(layoutFor('blocked16', { batch: 8, accumulation: 1 })).toBe('channelsFirst');
  expect(layoutFor('channelsLast', { batch: 4, accumulation: 1 })).toBe('channelsLast');
});
