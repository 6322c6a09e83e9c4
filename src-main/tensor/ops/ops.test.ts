import { describe, expect, it } from 'vitest';
import { gradients } from '../autodiff.ts';
import type { HostTensor } from '../engine.ts';
import { cpuEngine } from '../engines/cpu.ts';
import { Graph, type Shape, type Value } from '../graph.ts';
import { emitModel } from '../onnx/emit.ts';
import * as ops from './index.ts';

// Reference values: PyTorch 1.13 in double precision, unless a comment says otherwise.

interface Input {
  readonly shape: Shape;
  readonly values: readonly number[];
}

const row = (...values: number[]): Input => ({ shape: [values.length], values });
const table = (...rows: number[][]): Input => ({
  shape: [rows.length, rows[0]!.length],
  values: rows.flat(),
});

/** The result of a function of float32 inputs on the CPU engine. */
async function evaluate<F extends (...inputs: never[]) => Value>(
  f: F,
  ...inputs: Input[]
): Promise<number[]> {
  const graph = new Graph('g');
  const values = inputs.map(({ shape }, i) => graph.input(`x${i}`, 'float32', shape));
  graph.output('y', (f as unknown as (...inputs: Value[]) => Value)(...values));
  const session = await cpuEngine(1).createSession(emitModel(graph));
  const feeds = inputs.map(({ shape, values }, i): [string, HostTensor] => [
    `x${i}`,
    { dtype: 'float32', shape, data: Float32Array.from(values) },
  ]);
  const { y } = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Array.from(y!.data, Number);
}

function expectNear(got: readonly number[], wanted: readonly number[], digits = 5): void {
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(got[i]! / (value || 1), `element ${i}`).toBeCloseTo(value === 0 ? 0 : 1, digits);
  });
}

describe('smooth functions', () => {
  it('GELU, SiLU and softplus, far from zero too', async () => {
    const x = row(-3, -0.5, 0, 1, 2.5);
    expectNear(await evaluate(ops.gelu, x), [-0.00404969, -0.15426877, 0, 0.84134475, 2.48447584], 4);
    expectNear(await evaluate(ops.silu, row(-3, 2)), [-0.14227762, 1.76159416]);
    expectNear(await evaluate(ops.softplus, row(-0.5, 3, 200)), [0.474076984, 3.04858735, 200]);
    // exp(-50) is below the resolution of 1 + exp(-50).
    expect((await evaluate(ops.softplus, row(-50)))[0]).toBeCloseTo(0, 15);
  });
});

describe('where several elements are the largest', () => {
  // By hand: whichever way a gradient is shared among equals, it must not be counted several times. Zeros after a ReLU
  // are equals that random values are not.
  it('a gradient is shared among them', async () => {
    const slope = (f: (x: Value) => Value) => (x: Value) => gradients(ops.reduceSum(f(x)), [x])[0]!;
    const zeros = { shape: [1, 1, 4], values: [0, 0, 0, 0] };
    const pooled = slope((x) => ops.maxPool1d(x, { size: 2, stride: 1 }));
    expect(await evaluate(pooled, zeros)).toEqual([0.5, 1, 1, 0.5]);
    expect(
      await evaluate(
        slope((x) => ops.reduceMax(x, [2])),
        zeros,
      ),
    ).toEqual([0.25, 0.25, 0.25, 0.25]);
    const [a, b] = [row(1, 2, 3), row(1, 3, 2)];
    const both = (x: Value, y: Value): Value => {
      const [dx, dy] = gradients(ops.reduceSum(ops.max(x, y)), [x, y]);
      return ops.add(dx!, dy!);
    };
    expect(await evaluate(both, a, b)).toEqual([1, 1, 1]);
  });
});

describe('losses', () => {
  const logits = table([1, -2, 0.5], [0.1, 0.2, 3]);

  it('cross-entropies, one per row, where the exponential would overflow too', async () => {
    const target = table([0.2, 0.3, 0.5], [1, 0, 0]);
    const perRow = await evaluate((x: Value, y: Value) => ops.softmaxCrossEntropy(x, y, []), logits, target);
    expectNear(perRow, [1.65459695, 3.00960146]);
    expectNear(await evaluate(ops.softmaxCrossEntropy, logits, target), [(1.65459695 + 3.00960146) / 2]);
    expectNear(await evaluate(ops.softmaxCrossEntropy, table([500, -500]), table([0, 1])), [1000]);
    const binary = await evaluate(
      (x: Value, y: Value) => ops.binaryCrossEntropy(x, y, []),
      row(-100, 0.3, 80),
      row(0, 0.7, 0.25),
    );
    expectNear(binary, [0, 0.64435525, 60]);
  });

  it('divergences', async () => {
    const kl = await evaluate(ops.categoricalDivergence, table([1, -2, 0.5]), table([0.1, 0.2, 3]));
    expectNear(kl, [1.16676847]);
    const p: Input[] = [table([0.5, -1]), table([0.5, 0.25])];
    const q: Input[] = [table([0, 1]), table([-0.2, 0.4])];
    const between = await evaluate(
      (m: Value, v: Value, m2: Value, v2: Value) =>
        ops.gaussianDivergence({ mean: m, logVariance: v }, { mean: m2, logVariance: v2 }),
      ...p,
      ...q,
    );
    expectNear(between, [1.65554577]);
    const toStandard = await evaluate(
      (m: Value, v: Value) => ops.gaussianDivergence({ mean: m, logVariance: v }),
      ...p,
    );
    expectNear(toStandard, [0.71637334]);
  });
});

describe('categorical values', () => {
  const support = { low: -1, high: 2, bins: 4 };

  it('two neighbouring bins share a value, and its mean gives it back', async () => {
    const values = row(-1, 0.25, 2, 7, -9);
    const bins = await evaluate((x: Value) => ops.twoHot(x, support), values);
    // By hand: 0.25 is a quarter of the way from bin 0 to bin 1; values outside are at the ends.
    const expected = [
      [1, 0, 0, 0],
      [0, 0.75, 0.25, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 1],
      [1, 0, 0, 0],
    ];
    expect(bins).toEqual(expected.flat());
    const means = await evaluate((x: Value) => {
      // Logarithms of the weights are logits whose softmax is the weights.
      const weights = ops.add(ops.twoHot(x, support), ops.scalarLike(x, 1e-12));
      return ops.expectedValue(ops.log(weights), support);
    }, values);
    expectNear(means, [-1, 0.25, 2, 2, -1]);
  });

  it('the transform is the published one and its inverse undoes it', async () => {
    const x = row(-300, -1, 0, 0.5, 24, 300);
    const h = await evaluate((a: Value) => ops.transformValue(a), x);
    // By hand, e.g. sqrt(25) - 1 + 0.024.
    expectNear(h, [-(Math.sqrt(301) - 1) - 0.3, -(Math.SQRT2 - 1) - 0.001, 0, 0.22524487, 4.024, 16.649352]);
    const back = await evaluate((a: Value) => ops.untransformValue(ops.transformValue(a)), x);
    expectNear(back, x.values as number[], 4);
  });
});

describe('operators over time', () => {
  const series: Input = { shape: [1, 1, 7], values: [1, -2, 3, 5, 0, 4, 7] };

  it('pooling, windows that overlap and windows side by side', async () => {
    const overlapping = { size: 3, stride: 2 };
    expectNear(await evaluate((x: Value) => ops.averagePool1d(x, overlapping), series), [
      2 / 3,
      8 / 3,
      11 / 3,
    ]);
    expect(await evaluate((x: Value) => ops.maxPool1d(x, overlapping), series)).toEqual([3, 5, 7]);
    // The seventh step fills no window of two.
    expect(await evaluate((x: Value) => ops.averagePool1d(x, { size: 2 }), series)).toEqual([-0.5, 4, 2]);
    const even: Input = { shape: [1, 2, 4], values: [1, -2, 3, 5, 0, 4, 7, -1] };
    expect(await evaluate((x: Value) => ops.averagePool1d(x, { size: 2 }), even)).toEqual([-0.5, 4, 2, 3]);
    expect(await evaluate((x: Value) => ops.maxPool1d(x, { size: 2 }), even)).toEqual([1, 5, 4, 7]);
    expect(
      await evaluate((x: Value) => ops.upsample1d(x, 2), { shape: [1, 2, 2], values: [1, 2, 3, 4] }),
    ).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('a transposed convolution with stride, dilation, cropping and output padding', async () => {
    const x: Input = { shape: [1, 2, 3], values: [1, 2, 3, 0, -1, 4] };
    const w: Input = { shape: [2, 2, 3], values: [1, 2, -1, 0.5, 0, 3, 2, 1, 0, -1, 1, 1] };
    const options = { stride: 2, dilation: 2, cropBefore: 1, cropAfter: 1, outputPadding: 1 };
    const got = await evaluate(
      (a: Value, b: Value, c: Value) => ops.convTranspose1d(a, b, c, options),
      x,
      w,
      row(0.5, -0.5),
    );
    const expected = [0.5, 2.5, 0.5, 13.5, 0.5, 8.5, 0.5, -2.5, -0.5, 1.5, -0.5, -1, -0.5, 8.5, -0.5, 12.5];
    expectNear(got, expected);
  });

  it('take any batch in an inference graph, where its extent is not known', async () => {
    const forward = (x: Value): Value => {
      const pooled = ops.add(ops.averagePool1d(x, { size: 2 }), ops.maxPool1d(x, { size: 2 }));
      const up = ops.upsample1d(pooled, 2);
      const scale = x.graph.constant('float32', [2], [1, 2]);
      const steps = ops.transpose(ops.groupNorm(ops.add(up, x), 1, scale, scale), [0, 2, 1]);
      const mixed = ops.attention(steps, steps, steps, { heads: 1, causal: true, tiled: true, tileSize: 2 });
      const first = ops.reshape(ops.slice(mixed, 2, 0, 1), [-1, 6]);
      return ops.add(ops.gelu(mixed), ops.twoHot(first, { low: -1, high: 1, bins: 2 }));
    };
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [1, 2, 6], ['batch', 2, 6]);
    const y = forward(x);
    graph.output('y', y, ['batch', ...y.shape.slice(1)]);
    const session = await cpuEngine(1).createSession(emitModel(graph));
    const data = Float32Array.from({ length: 36 }, (_, i) => Math.sin(1.3 * i));
    const run = async (values: Float32Array): Promise<Float32Array> =>
      (await session.run({ x: { dtype: 'float32', shape: [values.length / 12, 2, 6], data: values } })).y!
        .data as Float32Array;
    const together = await run(data);
    for (let i = 0; i < 3; i++) {
      const alone = await run(data.slice(12 * i, 12 * (i + 1)));
      expect(alone.length).toBe(together.length / 3);
      expect(together.slice(i * alone.length, (i + 1) * alone.length)).toEqual(alone);
    }
    await session.release();
  });

  it('group normalisation', async () => {
    const x: Input = { shape: [1, 4, 3], values: [1, 2, 4, 0, -1, 3, 5, 5, 6, 2, 2, 2.5] };
    const got = await evaluate(
      (a: Value, b: Value, c: Value) => ops.groupNorm(a, 2, b, c),
      x,
      row(1, 2, 1, 0.5),
      row(0, 0.1, 0, -1),
    );
    expectNear(
      got,
      [
        -0.29276952, 0.29276952, 1.4638476, -1.65661712, -2.8276952, 1.85661712, 0.76847183, 0.76847183,
        1.38324929, -1.53793028, -1.53793028, -1.38423591,
      ],
    );
  });
});
