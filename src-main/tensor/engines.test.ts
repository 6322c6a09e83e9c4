import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENGINES } from '../../src-shared/contract/training.ts';
import { deviceId, type EngineSession, openEngine, parseDevice, probe } from './engine.ts';
import { cpuEngine } from './engines/cpu.ts';
import { cudaObstacle } from './engines/cuda.ts';
import { withGraphCache } from './engines/graphCache.ts';
import { ortOptions, unsupportedOperator } from './engines/onnxruntime.ts';
import { Graph } from './graph.ts';
import { emitModel } from './onnx/emit.ts';
import { encodeModel } from './onnx/encode.ts';
import { add, matmul, mul, relu, scale, sub } from './ops/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'frontier-engines-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clock = { nowMs: () => performance.timeOrigin + performance.now() };

/** A network with the same product twice: what common-subexpression elimination removes. */
function network(): Uint8Array {
  const graph = new Graph('net');
  const x = graph.input('x', 'float32', [8, 64]);
  const w = graph.constant(
    'float32',
    [64, 64],
    Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
  );
  const once = relu(matmul(x, w));
  const twice = relu(matmul(x, w));
  graph.output('y', sub(scale(add(once, twice), 0.5), mul(once, twice)));
  return emitModel(graph);
}

async function outputs(session: EngineSession): Promise<Float32Array> {
  const data = Float32Array.from({ length: 512 }, (_, i) => Math.cos(i));
  const { y } = await session.run({ x: { dtype: 'float32', shape: [8, 64], data } });
  return y!.data as Float32Array;
}

describe('names of devices', () => {
  it('are an engine and a number, and mean one device', () => {
    for (const engine of ENGINES) {
      const ref = { engine, index: engine === 'cpu' ? 0 : 3 };
      expect(parseDevice(deviceId(ref))).toEqual(ref);
    }
    expect(parseDevice('cuda')).toEqual({ engine: 'cuda', index: 0 });
    for (const wrong of ['', 'gpu', 'cuda:', 'cuda:-1', 'cuda:x', 'cpu:0', 'CUDA:0', 'cuda:1:2'])
      expect(() => parseDevice(wrong), wrong).toThrow(/is no device/);
  });

  it('that are not here are refused with those that are', async () => {
    await expect(openEngine('webgpu', 1, clock, 'webgpu:4')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: 'there is no device webgpu:4 on this machine',
      hint: 'Devices of WebGPU: webgpu:0.',
    });
    await expect(openEngine('cpu', 1, clock, 'webgpu:0')).rejects.toThrow(
      /does not belong to the engine cpu/,
    );
    const { engine } = await openEngine('auto', 1, clock, 'cpu');
    expect(engine).toMatchObject({ name: 'cpu', device: 'cpu', threads: 1 });
  });
});

describe('engines that are not here', () => {
  it('say why, and a run falls back to the CPU with the reason', async () => {
    for (const name of ['directml', 'coreml'] as const) {
      const found = await probe(name, 1);
      if (found.available) continue;
      expect(found.reason).toMatch(name === 'directml' ? /Windows/ : /macOS/);
      const opened = await openEngine(name, 1);
      expect(opened.engine.name).toBe('cpu');
      expect(opened.degradedReason).toMatch(/is not available: .+/);
    }
  });

  it('CUDA names the platform or the library that is missing', async () => {
    expect(cudaObstacle('darwin', 'arm64', folder)).toMatch(/Linux x64 only/);
    expect(cudaObstacle('linux', 'x64', folder)).toMatch(/libonnxruntime_providers_cuda\.so is missing/);
    await writeFile(path.join(folder, 'libonnxruntime_providers_cuda.so'), '');
    expect(cudaObstacle('linux', 'x64', folder)).toBeUndefined();
    // Somewhere else than the package puts it: only trying tells.
    expect(cudaObstacle('linux', 'x64', path.join(folder, 'none'))).toBeUndefined();
  });

  it('an operator that an engine lacks is refused by name before anything runs', async () => {
    const x = { name: 'x', dtype: 'float64', shape: [2] } as const;
    const model = (op: string) =>
      encodeModel({
        graph: {
          name: 'g',
          nodes: [{ op, inputs: ['x'], outputs: ['y'], attributes: [] }],
          initializers: [],
          inputs: [x],
          outputs: [{ ...x, name: 'y' }],
        },
        irVersion: 8,
        opset: 17,
        domains: {},
        producer: 'test',
        metadata: {},
      });
    for (const op of ['Erf', 'Unheard']) {
      await expect(cpuEngine(1).createSession(model(op))).rejects.toMatchObject({
        code: 'ENGINE_FAILED',
        message: `the CPU engine has no operator ${op}`,
      });
    }
    expect(unsupportedOperator(new Error('Failed to find kernel for Pad(18) (node:x)'))).toBe('Pad');
    expect(unsupportedOperator(new Error('bad allocation'))).toBeUndefined();
  });
});

describe('how far the graph is rewritten', () => {
  /** Operators that are left after ONNX Runtime has rewritten the graph. */
  async function products(options: Parameters<typeof ortOptions>[1]): Promise<number> {
    const file = path.join(folder, 'written.onnx');
    const native = {
      ...ortOptions({ providers: ['cpu'], threads: 1 }, options),
      optimizedModelFilePath: file,
    };
    await (await ort.InferenceSession.create(network(), native)).release();
    const text = (await readFile(file)).toString('latin1');
    return text.split(/MatMul|Gemm/).length - 1;
  }

  it('follows the level, and leaves alone what it is told to', async () => {
    const [off, all] = [await products({ graphOptimization: 'off' }), await products({})];
    expect(off).toBeGreaterThan(all);
    const kept = await products({ disabledOptimizers: ['CommonSubexpressionElimination'] });
    expect(kept).toBeGreaterThan(all);
  });

  it('computes the same at every level, with and without the arena', async () => {
    const expected = await outputs(await cpuEngine(1).createSession(network(), { graphOptimization: 'off' }));
    for (const options of [
      { graphOptimization: 'basic' },
      { graphOptimization: 'extended' },
      { memoryArena: false },
    ] as const) {
      const got = await outputs(await cpuEngine(1).createSession(network(), options));
      got.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 4);
      });
    }
  });
});

describe('the cache of rewritten graphs', () => {
  const cache = (at: string) => ({ folder: at, environment: 'test', leastBytes: 0 });
  const read = async (at: string): Promise<Float32Array> =>
    outputs(await cpuEngine(1, cache(at)).createSession(network()));

  it('gives the same bits, is used again, and survives damage', async () => {
    const expected = await outputs(await cpuEngine(1).createSession(network()));
    expect(await read(folder)).toEqual(expected);
    const [file, ...more] = await readdir(folder);
    expect(more).toEqual([]);
    const whole = await readFile(path.join(folder, file!));
    expect(await read(folder)).toEqual(expected);
    // Damaged in each way: cut short, a bit changed, empty, something else.
    const changed = Buffer.from(whole);
    changed[whole.length >> 1]! ^= 1;
    for (const damaged of [whole.subarray(0, 100), changed, Buffer.alloc(0), Buffer.from('not a graph')]) {
      await writeFile(path.join(folder, file!), damaged);
      expect(await read(folder)).toEqual(expected);
      expect(await readFile(path.join(folder, file!))).toEqual(whole);
    }
    // What is in the cache is what is run: another graph under the right checksum gives another result.
    const options = ortOptions({ providers: ['cpu'], threads: 1, memoryPattern: false }, {});
    const other = new Graph('net');
    const x = other.input('x', 'float32', [8, 64]);
    other.output('y', scale(x, 2));
    await rm(path.join(folder, file!));
    const { createHash } = await import('node:crypto');
    const body = emitModel(other);
    const digest = createHash('sha256').update(body).update('\n').digest();
    await writeFile(path.join(folder, file!), Buffer.concat([body, digest]));
    const session = await withGraphCache(cache(folder), network(), options);
    expect(session.inputNames).toEqual(['x']);
    expect((await read(folder))[1]).toBeCloseTo(2 * Math.cos(1), 5);
  });

  it('keys by level and options, leaves small graphs alone, and does without a folder that cannot be made', async () => {
    const engine = cpuEngine(1, cache(folder));
    for (const options of [
      {},
      { graphOptimization: 'basic' },
      { disabledOptimizers: ['MatMulAddFusion'] },
    ] as const)
      await engine.createSession(network(), options);
    await engine.createSession(network(), { graphOptimization: 'off' });
    expect(await readdir(folder)).toHaveLength(3);
    const small = path.join(folder, 'small');
    await mkdir(small);
    await cpuEngine(1, { folder: small, environment: 'test', leastBytes: 1e9 }).createSession(network());
    expect(await readdir(small)).toEqual([]);
    const blocked = path.join(folder, 'file');
    await writeFile(blocked, '');
    expect(await read(path.join(blocked, 'below'))).toHaveLength(512);
    expect(existsSync(path.join(blocked, 'below'))).toBe(false);
  });
});
