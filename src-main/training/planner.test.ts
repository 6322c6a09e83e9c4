import { fork } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Graph } from '../tensor/graph.ts';
import { BUILD_DEFAULTS } from '../tensor/model.ts';
import { add, matmul, mul, relu, reshape, tanh } from '../tensor/ops/index.ts';
import { OPTIMIZER_DEFAULTS } from '../tensor/optimizer.ts';
import { specOf } from './parallelProtocol.ts';
import { type PlanFacts, planRun } from './planner.ts';
import { PROCESS_BYTES, peakBytes, stepMemory, totalOf } from './plannerMemory.ts';

const GB = 1e9;

describe('memory of a graph', () => {
  it('is the largest sum of what is alive, by hand', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [10, 10]);
    const a = matmul(x, x); // 400 bytes, alive until d
    const b = matmul(a, x); // 400
    const c = relu(b); // over b
    const d = mul(a, c); // over a or c: both end here
    graph.output('y', d);
    expect(peakBytes(graph)).toBe(800);
  });

  it('counts what a name stands for once, and what is kept for later', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [4, 25]);
    const a = reshape(matmul(x, graph.input('w', 'float32', [25, 50])), [200]); // 800, alive until the end
    const b = tanh(a); // 800: a is read again below
    const c = tanh(tanh(b)); // over b
    graph.output('y', add(a, c));
    expect(peakBytes(graph)).toBe(1600);
  });

  it('grows with the batch and the layers, and never below the largest value', () => {
    const spec = (batch: number, hidden: number[]) =>
      specOf(
        {
          family: 'mlp',
          settings: { hidden },
          given: { window: 2, features: 7, outputs: 1 },
          options: BUILD_DEFAULTS,
        },
        { targetColumns: 1, rows: 100, batch, loss: { kind: 'mse' }, optimizer: OPTIMIZER_DEFAULTS, seed: 1 },
      );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 64 }), (batch, width) => {
        const small = stepMemory(spec(batch, [width, width])).activations;
        expect(small).toBeGreaterThanOrEqual(batch * width * 4);
        expect(stepMemory(spec(2 * batch, [width, width])).activations).toBeGreaterThanOrEqual(small);
        expect(stepMemory(spec(100 * batch + 1000, [width, width])).activations).toBeGreaterThan(small);
        expect(stepMemory(spec(batch, [width, width, width])).activations).toBeGreaterThanOrEqual(small);
      }),
      { numRuns: 20 },
    );
  });
});

/** Peak resident memory of a process that trains a few steps. */
async function measured(family: string, settings: object, size: number[], batch: number): Promise<number> {
  const child = fork(join(import.meta.dirname, 'planner.fixture.ts'), [
    JSON.stringify({ family, settings, size, batch }),
  ]);
  return new Promise((resolve, reject) => {
    child.on('message', (bytes) => resolve(Number(bytes)));
    child.on('exit', (code) => reject(new Error(`the process ended with ${code}`)));
  });
}

/** Stated accuracy: the prediction lies within this factor of what a process is seen to take, either way. */
const FACTOR = 1.35;

describe('the prediction against processes that train', () => {
  it.for([
    ['mlp', { hidden: [256, 256, 256] }, [1, 480], 256],
    ['mlp', { hidden: [256, 256, 256] }, [1, 480], 8192],
    ['tcn', { channels: 64, levels: 4 }, [120, 20], 64],
    ['tcn', { channels: 64, levels: 4 }, [120, 20], 2048],
  ] as const)('%s at %j, window and features %j, batch %i', async ([family, settings, size, batch]) => {
    const [window, features] = size;
    const spec = specOf(
      { family, settings, given: { window, features, outputs: 1 }, options: BUILD_DEFAULTS },
      {
        targetColumns: 1,
        rows: 10_000,
        batch,
        loss: { kind: 'mse' },
        optimizer: OPTIMIZER_DEFAULTS,
        seed: 1,
      },
    );
    const predicted = PROCESS_BYTES + totalOf(stepMemory(spec));
    const peak = await measured(family, settings, [...size], batch);
    expect(predicted / peak, `${predicted / 1e6} MB predicted, ${peak / 1e6} MB seen`).toBeLessThan(FACTOR);
    expect(peak / predicted, `${predicted / 1e6} MB predicted, ${peak / 1e6} MB seen`).toBeLessThan(FACTOR);
  });
});

const facts = (change: Partial<PlanFacts> = {}): PlanFacts => ({
  specFor: (batch) =>
    specOf(
      {
        family: 'mlp',
        settings: { hidden: [1024] },
        given: { window: 1, features: 1000, outputs: 1 },
        options: BUILD_DEFAULTS,
      },
      {
        targetColumns: 1,
        rows: 50_000,
        batch,
        loss: { kind: 'mse' },
        optimizer: OPTIMIZER_DEFAULTS,
        seed: 1,
      },
    ),
  batch: 128,
  accumulation: 1,
  devices: 1,
  epochs: 10,
  trainWindows: 25_000,
  device: { id: 'cpu', name: 'EPYC', engine: 'cpu', freeBytes: 16 * GB },
  threads: 2,
  hostFreeBytes: 16 * GB,
  preparedBytes: 0,
  ...change,
});

describe('the plan of a run', () => {
  it('counts steps, parameters and memory, and says why Auto takes its batch', () => {
    const plan = planRun(facts());
    expect(plan).toMatchObject({
      parameters: 1000 * 1024 + 1024 + 1024 + 1,
      stepsPerEpoch: 195,
      totalSteps: 1950,
      effectiveBatch: 128,
      autoBatch: 256,
      refusal: null,
      warnings: [],
      msPerStep: null,
      seconds: null,
    });
    expect(plan.decisions.join('\n')).toMatch(/batch of 256: 512 would leave fewer than 50 steps per epoch/);
    // The data alone is 200 MB.
    expect(plan.memoryBytes).toBeGreaterThan(200e6);
  });

  it('takes the time, and more memory where it saw more, from a trial', () => {
    const plan = planRun(facts(), { msPerStep: 4, peakBytes: 3 * GB, steps: 30 });
    expect(plan.seconds).toBeCloseTo(7.8, 10);
    expect(plan.memoryBytes).toBe(3 * GB);
    expect(plan.decisions.at(-1)).toMatch(/4\.00 ms per step, at most 2\.8 GiB/);
  });

  it('warns above 90 % of the memory', () => {
    const need = planRun(facts()).memoryBytes;
    const at = (share: number) => {
      const free = need / share;
      const device = { id: 'cpu', name: 'EPYC', engine: 'cpu', freeBytes: free } as const;
      return planRun(facts({ device, hostFreeBytes: free }));
    };
    expect(at(0.85).warnings).toEqual([]);
    expect(at(0.95).warnings).toEqual([expect.stringMatching(/95 % of the free memory of EPYC/)]);
    expect(at(0.95).refusal).toBeNull();
  });

  it('refuses what cannot fit and names a batch with accumulation that does', () => {
    const device = { id: 'cuda:0', name: 'RTX', engine: 'cuda', freeBytes: 0.5 * GB } as const;
    const plan = planRun(facts({ device, batch: 16_384 }));
    const [, batch, times] = /A batch of (\d+) with (\d+) batches per update fits/.exec(plan.refusal!)!;
    expect(Number(batch) * Number(times)).toBe(16_384);
    expect(planRun(facts({ device, batch: Number(batch), accumulation: Number(times) })).refusal).toBeNull();
    const tiny = { ...device, freeBytes: 0.1 * GB };
    expect(planRun(facts({ device: tiny })).refusal).toMatch(
      /No smaller batch fits either: choose a smaller/,
    );
    expect(planRun(facts({ batch: 30_000 })).refusal).toMatch(/takes 30000 windows, and there are 25000/);
  });

  it('counts a copy of the data for each CPU worker, and half the memory of a device that does not tell', () => {
    const one = planRun(facts());
    const three = planRun(facts({ devices: 3 }));
    expect(three.memoryBytes).toBeGreaterThan(3 * one.memoryBytes);
    expect(three.effectiveBatch).toBe(384);
    const device = { id: 'webgpu:0', name: 'Apple M2', engine: 'webgpu', freeBytes: null } as const;
    const plan = planRun(facts({ device }));
    expect(plan.memoryLimitBytes).toBe(8 * GB);
    expect(plan.warnings).toEqual([expect.stringMatching(/Apple M2 does not tell its memory/)]);
  });
});
