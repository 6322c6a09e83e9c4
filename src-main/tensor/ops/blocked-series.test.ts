import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { channelBlockOf } from '../channel-block.ts';
import { cpuEngine } from '../engines/cpu.ts';
import { Graph, type Value } from '../graph.ts';
import { expectSame } from './blocked.fixture.ts';
import {
  add,
  blockedDouble,
  blockedGroupNorm,
  blockedHalve,
  conv1d,
  convTranspose1d,
  fromBlocked,
  groupNorm,
  mul,
  reshape,
  toBlocked,
  transpose,
} from './index.ts';

const engine = cpuEngine(1);
const block = await channelBlockOf(engine);
const WITHOUT = 'the CPU provider has no convolution kernels in blocks of channels for this processor';

const swap = (x: Value): Value => transpose(x, [0, 2, 1]);

const sizes = fc.record({
  blocks: fc.integer({ min: 1, max: 2 }),
  outBlocks: fc.integer({ min: 1, max: 2 }),
  halfTaps: fc.integer({ min: 1, max: 3 }),
  halfTime: fc.integer({ min: 3, max: 5 }),
  pad: fc.integer({ min: 0, max: 1 }),
});

describe('series in blocks of channels', () => {
  beforeEach((test) => test.skip(block === undefined, WITHOUT));

  const b = block ?? 16;

  it('are halved as by a convolution with stride 2', async () => {
    const property = fc.asyncProperty(sizes, async ({ blocks, outBlocks, halfTaps, halfTime, pad }) => {
      const [channels, out] = [blocks * b, outBlocks * b];
      const pads = { padBefore: pad, padAfter: pad };
      await expectSame(
        engine,
        [[b, 2 * halfTime, channels], [2 * halfTaps, channels, out], [out]],
        ([x, w, bias]) => fromBlocked(blockedHalve(toBlocked(x!, b), w!, bias!, pads)),
        ([x, w, bias]) => swap(conv1d(swap(x!), transpose(w!, [2, 1, 0]), bias!, { ...pads, stride: 2 })),
      );
    });
    await fc.assert(property, { numRuns: 12, seed: 1 });
  });

  it('are doubled as by a transposed convolution with stride 2', async () => {
    const property = fc.asyncProperty(sizes, async ({ blocks, outBlocks, halfTaps, halfTime, pad }) => {
      const [channels, out] = [blocks * b, outBlocks * b];
      await expectSame(
        engine,
        [[b, halfTime, channels], [2 * halfTaps, channels, out], [out]],
        ([x, w, bias]) =>
          fromBlocked(blockedDouble(toBlocked(x!, b), w!, bias!, { padBefore: pad, padAfter: pad })),
        ([x, w, bias]) =>
          swap(
            convTranspose1d(swap(x!), transpose(w!, [1, 2, 0]), bias!, {
              stride: 2,
              cropBefore: pad,
              cropAfter: pad,
            }),
          ),
      );
    });
    await fc.assert(property, { numRuns: 12, seed: 1 });
  });

  // Groups that share a block, that are a block, and of two blocks.
  it.each([b / 4, b, 2 * b])('are normalised in groups of %i channels as in rows', async (perGroup) => {
    const channels = 4 * b;
    await expectSame(
      engine,
      [[b, 5, channels], [channels], [channels]],
      ([x, gain, shift]) =>
        fromBlocked(blockedGroupNorm(toBlocked(x!, b), channels / perGroup, gain!, shift!)),
      ([x, gain, shift]) => swap(groupNorm(swap(x!), channels / perGroup, gain!, shift!)),
    );
  });

  it('are scaled and shifted by each sample where it has its own', async () => {
    const channels = 2 * b;
    const ones = (graph: Graph, value: number): Value =>
      graph.constant('float32', [channels], new Array<number>(channels).fill(value));
    await expectSame(
      engine,
      [
        [b, 3, channels],
        [b, channels],
        [b, channels],
      ],
      ([x, gain, shift]) => fromBlocked(blockedGroupNorm(toBlocked(x!, b), 4, gain!, shift!)),
      ([x, gain, shift]) => {
        const normal = swap(groupNorm(swap(x!), 4, ones(x!.graph, 1), ones(x!.graph, 0)));
        const each = (a: Value): Value => reshape(a, [-1, 1, channels]);
        return add(mul(normal, each(gain!)), each(shift!));
      },
    );
  });

  it('are refused where taps are odd or groups lie across blocks', () => {
    const graph = new Graph('g');
    const x = toBlocked(graph.input('x', 'float32', [b, 4, 3 * b]), b);
    const w = graph.input('w', 'float32', [3, 3 * b, b]);
    const bias = graph.input('bias', 'float32', [b]);
    expect(() => blockedHalve(x, w, bias)).toThrow(/even taps/);
    expect(() => blockedDouble(x, w, bias)).toThrow(/even taps/);
    expect(() => blockedGroupNorm(x, 2, bias, bias)).toThrow(/in 2 groups/);
  });
});
