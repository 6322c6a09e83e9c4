import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { gradients } from '../autodiff.ts';
import { channelBlockOf } from '../channel-block.ts';
import type { Engine } from '../engine.ts';
import { cpuEngine } from '../engines/cpu.ts';
import { Graph, type Value } from '../graph.ts';
import { emitModel } from '../onnx/emit.ts';
import { expectSame } from './blocked.fixture.ts';
import {
  add,
  blockedAdd,
  blockedAveragePool,
  blockedConv1d,
  blockedMean,
  blockedRelu,
  blockedStep,
  blockedUpsample,
  conv1d,
  convLast1d,
  fromBlocked,
  gather,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  slice,
  toBlocked,
  transpose,
} from './index.ts';

const engine: Engine = cpuEngine(1);
const found = await channelBlockOf(engine);
/** Any block will do where the tests that need the kernels are left out. */
const block = found ?? 16;
const WITHOUT = 'the CPU provider has no convolution kernels in blocks of channels for this processor';

/** Channels first and back, so that the standard operators can be given rows and taps. */
const swap = (x: Value): Value => transpose(x, [0, 2, 1]);
const taps = (w: Value): Value => transpose(w, [2, 1, 0]);

const geometry = fc
  .record({
    time: fc.integer({ min: 2, max: 9 }),
    features: fc.integer({ min: 1, max: 20 }),
    blocks: fc.integer({ min: 1, max: 2 }),
    batches: fc.integer({ min: 1, max: 2 }),
    taps: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    ahead: fc.nat(100),
    behind: fc.nat(100),
    relu: fc.boolean(),
  })
  .map((c) => {
    const reach = (c.taps - 1) * c.dilation;
    return { ...c, before: c.ahead % (reach + 1), after: c.behind % (reach + 1) };
  })
  .filter((c) => c.time + c.before + c.after > (c.taps - 1) * c.dilation);

describe('convolution in blocks of channels', () => {
  beforeEach((test) => test.skip(found === undefined, WITHOUT));

  it('gives the results and gradients of the standard convolution, whatever its geometry', async () => {
    const property = fc.asyncProperty(geometry, async (c) => {
      const [batch, out] = [c.batches * block, c.blocks * block];
      const shapes = [[batch, c.time, c.features], [c.taps, c.features, out], [out]];
      const pads = { dilation: c.dilation, padBefore: c.before, padAfter: c.after };
      await expectSame(
        engine,
        shapes,
        ([x, w, b]) => fromBlocked(blockedConv1d(toBlocked(x!, block), w!, b!, { ...pads, relu: c.relu })),
        ([x, w, b]) => {
          const y = conv1d(swap(x!), taps(w!), b, pads);
          return swap(c.relu ? relu(y) : y);
        },
      );
    });
    await fc.assert(property, { numRuns: 30, seed: 4 });
  });

  it('adds a residual before the ReLU in the same pass', async () => {
    const shapes = [[block, 5, block], [3, block, block], [block]];
    await expectSame(
      engine,
      shapes,
      ([x, w, b]) => {
        const series = toBlocked(x!, block);
        return fromBlocked(blockedConv1d(series, w!, b!, { padBefore: 2, relu: true, residual: series }));
      },
      ([x, w, b]) => {
        const series = swap(x!);
        return swap(relu(add(conv1d(series, taps(w!), b, { padBefore: 2 }), series)));
      },
    );
  });

  it('pools, repeats, sums, and reads steps as in rows', async () => {
    const time = 6;
    const x = (v: readonly Value[]) => toBlocked(v[0]!, block);
    const shapes = [[block, time, 2 * block]];
    const pooled = (v: Value): Value => reduceMean(reshape(v, [block, time / 2, 2, 2 * block]), [2]);
    await expectSame(
      engine,
      shapes,
      (v) => fromBlocked(blockedAveragePool(x(v), 2)),
      ([v]) => pooled(v!),
    );
    await expectSame(
      engine,
      shapes,
      (v) => fromBlocked(blockedUpsample(x(v), 3)),
      ([v]) => {
        const picks = Array.from({ length: 3 * time }, (_, i) => Math.floor(i / 3));
        return gather(v!, v!.graph.constant('int32', [3 * time], picks), 1);
      },
    );
    await expectSame(
      engine,
      shapes,
      (v) => blockedMean(x(v)),
      ([v]) => reduceMean(v!, [1]),
    );
    await expectSame(
      engine,
      shapes,
      (v) => blockedStep(x(v), 4),
      ([v]) => reshape(slice(v!, 1, 4, 5), [block, -1]),
    );
    await expectSame(
      engine,
      shapes,
      (v) => fromBlocked(blockedRelu(x(v))),
      ([v]) => relu(v!),
    );
    await expectSame(
      engine,
      shapes,
      (v) => fromBlocked(blockedAdd(x(v), x(v))),
      ([v]) => add(v!, v!),
    );
  });

  it('names what to change where channels or batch do not fill blocks', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [block + 1, 4, block]);
    const w = graph.input('w', 'float32', [2, block, block]);
    const b = graph.input('b', 'float32', [block]);
    const y = blockedConv1d(toBlocked(x, block), w, b, { padBefore: 1 });
    expect(() => gradients(reduceSum(y.value), [w])).toThrow(/batches of/);
    const odd = graph.input('odd', 'float32', [2, block, block + 1]);
    expect(() => blockedConv1d(toBlocked(x, block), odd, b)).toThrow(/blocks of/);
    expect(() => blockedAveragePool(toBlocked(x, block), 3)).toThrow(/4 steps by 3/);
  });
});

describe('the gradient of max(0, x) in blocks', () => {
  it('is 1 above zero, however small, and 0 at and below', async () => {
    const values = [0, -0, -1, -1e-30, 1e-30, 1.2e-38, 1, 3e38, Number.POSITIVE_INFINITY, -3e38];
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [values.length]);
    const { value } = blockedRelu({ value: x, channels: 1, block: 1 });
    graph.output('d', gradients(reduceSum(value), [x])[0]!);
    const session = await engine.createSession(emitModel(graph));
    const data = Float32Array.from(values);
    const { d } = await session.run({ x: { dtype: 'float32', shape: [values.length], data } });
    await session.release();
    expect(Array.from(d!.data, Number)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 0]);
  });
});

describe('convolution channels last', () => {
  it('gives the results and gradients of the standard convolution, strides included', async () => {
    const strided = fc.tuple(geometry, fc.integer({ min: 1, max: 3 }));
    const property = fc.asyncProperty(strided, async ([c, stride]) => {
      const shapes = [[c.batches, c.time, c.features], [c.taps, c.features, 5], [5]];
      const options = { dilation: c.dilation, padBefore: c.before, padAfter: c.after, stride };
      await expectSame(
        engine,
        shapes,
        ([x, w, b]) => convLast1d(x!, w!, b!, options),
        ([x, w, b]) => swap(conv1d(swap(x!), taps(w!), b, options)),
      );
    });
    await fc.assert(property, { numRuns: 30, seed: 4 });
  });
});

describe('channelBlockOf', () => {
  it('is undefined on engines without such kernels', async () => {
    expect(await channelBlockOf({ ...engine, name: 'webgpu' })).toBeUndefined();
    const without: Engine = { ...engine, createSession: () => Promise.reject(new Error('no such operator')) };
    expect(await channelBlockOf(without)).toBeUndefined();
  });
});
