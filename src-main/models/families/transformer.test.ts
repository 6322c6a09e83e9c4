import { afterAll, describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import { gradients } from '../../tensor/autodiff.ts';
import { cpuEngine } from '../../tensor/engines/cpu.ts';
import { Graph, type Shape } from '../../tensor/graph.ts';
import {
  BUILD_DEFAULTS,
  type BuildOptions,
  buildOnTensor,
  collectParameters,
  inferenceModel,
} from '../../tensor/model.ts';
import { emitModel } from '../../tensor/onnx/emit.ts';
import { attention, meanSquaredError, reduceSum } from '../../tensor/ops/index.ts';
import { OPTIMIZER_DEFAULTS } from '../../tensor/optimizer.ts';
import { initialParameters, layOut } from '../../tensor/parameters.ts';
import { TrainSession } from '../../tensor/train-session.ts';
import { Predictor } from '../predictor.ts';
import { defineModel } from '../registry.ts';

const SIZE = { window: 6, features: 3, outputs: 2 };
const engine = cpuEngine(1);
const open: Predictor[] = [];
afterAll(() => Promise.all(open.map((predictor) => predictor.close())));

const numbers = (count: number, seed: number): Float32Array => {
  const rng = new SeededRng(seed);
  return Float32Array.from({ length: count }, () => normal(rng));
};

function made(settings: object, options: BuildOptions = BUILD_DEFAULTS, size = SIZE) {
  const { forward } = defineModel('transformer', settings, size, options);
  const layout = layOut(collectParameters(forward, size));
  return { forward, layout, weights: initialParameters(layout, 3) };
}

async function predictor(settings: object): Promise<Predictor> {
  const { forward, layout, weights } = made(settings);
  const loaded = await Predictor.load(inferenceModel(forward, SIZE, layout, weights), engine);
  open.push(loaded);
  return loaded;
}

type Matrix = number[][];

/** The network in plain arithmetic, from its parameters by name. */
class ByHand {
  readonly #get: (name: string) => Float32Array;
  constructor(get: (name: string) => Float32Array) {
    this.#get = get;
  }

  dense(x: Matrix, name: string): Matrix {
    const w = this.#get(`${name}.weight`);
    // Keys have no bias.
    const b = name.endsWith('.key') ? new Float32Array(x[0]!.length) : this.#get(`${name}.bias`);
    return x.map((row) =>
      Array.from(b, (bias, j) => row.reduce((sum, v, i) => sum + v * w[i * b.length + j]!, bias)),
    );
  }

  norm(x: Matrix, name: string): Matrix {
    const [scale, shift] = [this.#get(`${name}.scale`), this.#get(`${name}.shift`)];
    return x.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length;
      return row.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * scale[i]! + shift[i]!);
    });
  }

  attention(x: Matrix, name: string, heads: number, causal: boolean): Matrix {
    const [q, k, v] = ['query', 'key', 'value'].map((part) => this.dense(x, `${name}.${part}`)) as Matrix[];
    const width = q![0]!.length / heads;
    return x.map((_, t) =>
      q![t]!.map((_q, channel) => {
        const from = Math.floor(channel / width) * width;
        const seen = causal ? t + 1 : x.length;
        const weights = Array.from({ length: seen }, (_w, s) => {
          let dot = 0;
          for (let c = from; c < from + width; c++) dot += q![t]![c]! * k![s]![c]!;
          return Math.exp(dot / Math.sqrt(width));
        });
        const total = weights.reduce((a, b) => a + b, 0);
        return weights.reduce((sum, w, s) => sum + (w / total) * v![s]![channel]!, 0);
      }),
    );
  }
}

const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((v, j) => v + b[i]![j]!));

describe('transformer', () => {
  it.each([
    [{ causal: true, pooling: 'last' }],
    [{ causal: false, pooling: 'mean' }],
    [{ causal: true, pooling: 'mean', positions: 'learnt' }],
  ])('is the published encoder written out by hand: %o', async (change) => {
    const settings = { channels: 4, heads: 2, layers: 2, feedForward: 5, activation: 'tanh', ...change };
    const { layout, weights } = made(settings);
    const hand = new ByHand((name) => {
      const p = layout.parameters.find((parameter) => parameter.name === name)!;
      return weights.subarray(p.offset, p.offset + p.size);
    });
    const x = numbers(SIZE.window * SIZE.features, 5);
    const rows = Array.from({ length: SIZE.window }, (_, t) => [
      ...x.subarray(t * SIZE.features, (t + 1) * SIZE.features),
    ]);
    const learnt = layout.parameters.find(({ name }) => name === 'positions');
    // Two waves for four channels, of lengths 2 pi and 200 pi.
    const places = rows.map((_, t) =>
      learnt
        ? [...weights.subarray(learnt.offset + 4 * t, learnt.offset + 4 * (t + 1))]
        : [Math.sin(t), Math.cos(t), Math.sin(t / 100), Math.cos(t / 100)],
    );
    let h = plus(hand.dense(rows, 'input'), places);
    for (const block of ['block0', 'block1']) {
      const mixed = hand.attention(hand.norm(h, `${block}.attention.norm`), block, 2, settings.causal);
      h = plus(h, hand.dense(mixed, `${block}.joined`));
      const inner = hand.dense(hand.norm(h, `${block}.feedForward.norm`), `${block}.inner`);
      h = plus(
        h,
        hand.dense(
          inner.map((row) => row.map(Math.tanh)),
          `${block}.outer`,
        ),
      );
    }
    const mean = h[0]!.map((_, c) => h.reduce((sum, row) => sum + row[c]! / h.length, 0));
    const pooled = settings.pooling === 'last' ? h.at(-1)! : mean;
    const [expected] = hand.dense(hand.norm([pooled], 'final'), 'output');
    const got = await (await predictor(settings)).predict(x, 1);
    expected!.forEach((value, i) => {
      expect(got[i]).toBeCloseTo(value, 5);
    });
  });

  it.each([
    {},
    { channels: 12, heads: 3, layers: 1 },
    { pooling: 'mean', causal: false, channels: 24 },
    { channels: 64, heads: 4, feedForward: 128, layers: 3 },
    { channels: 33, heads: 3, positions: 'learnt', pooling: 'mean' },
  ])('%o: a window gives the same bits alone as within a batch', async (settings) => {
    const model = await predictor(settings);
    const size = SIZE.window * SIZE.features;
    const windows = numbers(size * 33, 2);
    const together = await model.predict(windows, 33);
    for (let i = 0; i < 33; i++) {
      const alone = await model.predict(windows.slice(i * size, (i + 1) * size), 1);
      expect(alone).toEqual(together.slice(i * SIZE.outputs, (i + 1) * SIZE.outputs));
    }
  });

  it('refuses heads that do not divide the channels', () => {
    expect(() => defineModel('transformer', { channels: 10, heads: 4 }, SIZE)).toThrow(/heads must divide/);
  });

  it('tiled attention and recomputation change neither the loss nor its gradients', async () => {
    const size = { window: 300, features: 2, outputs: 1 };
    const x = numbers(2 * size.window * size.features, 7);
    const results: Float32Array[][] = [];
    for (const options of [
      BUILD_DEFAULTS,
      { ...BUILD_DEFAULTS, attention: 'tiled' as const },
      { ...BUILD_DEFAULTS, checkpointing: true },
      { ...BUILD_DEFAULTS, attention: 'tiled' as const, checkpointing: true },
    ]) {
      const { forward, layout, weights } = made({ pooling: 'mean' }, options, size);
      const graph = new Graph('g');
      const input = graph.input('x', 'float32', [2, size.window, size.features]);
      const parameters = new Map(
        layout.parameters.map((p) => [p.name, graph.input(p.name, 'float32', p.shape)]),
      );
      const y = buildOnTensor(forward, size, input, (name) => parameters.get(name)!);
      const loss = meanSquaredError(y, graph.constant('float32', [2, 1], [1, -1]));
      gradients(loss, [...parameters.values()]).forEach((gradient, i) => {
        graph.output(`g${i}`, gradient);
      });
      const session = await engine.createSession(emitModel(graph));
      const feed = (shape: Shape, data: Float32Array) => ({ dtype: 'float32' as const, shape, data });
      const out = await session.run({
        x: feed(input.shape, x),
        ...Object.fromEntries(
          layout.parameters.map((p) => [
            p.name,
            feed(p.shape, weights.subarray(p.offset, p.offset + p.size)),
          ]),
        ),
      });
      await session.release();
      results.push(layout.parameters.map((_, i) => out[`g${i}`]!.data as Float32Array));
    }
    const [whole, ...others] = results;
    const largest = Math.max(...whole!.flatMap((g) => Array.from(g, Math.abs)));
    for (const other of others) {
      whole!.forEach((gradient, i) => {
        gradient.forEach((value, j) => {
          expect(Math.abs(other[i]![j]! - value) / largest).toBeLessThan(1e-5);
        });
      });
    }
  });

  it('learns to fetch the value at a marked step, which no fixed weighting of the steps can', async () => {
    const size = { window: 8, features: 2, outputs: 1 };
    const [rows, batch, steps] = [4000, 64, 400];
    const rng = new SeededRng(11);
    const features = new Float32Array(rows * 2);
    for (let row = 0; row < rows; row++) features[2 * row] = normal(rng);
    // One marked row in each stretch of eight; windows end where a stretch does.
    const targets = new Float32Array(rows);
    for (let first = 0; first < rows; first += size.window) {
      const marked = first + Math.floor(rng.next() * size.window);
      features[2 * marked + 1] = 1;
      targets[first + size.window - 1] = features[2 * marked]!;
    }
    const { forward, layout, weights } = made({}, BUILD_DEFAULTS, size);
    const spec = {
      model: { forward },
      size,
      targetColumns: 1,
      seed: 1,
      layout,
      rows,
      batch,
      loss: { kind: 'mse' } as const,
      optimizer: OPTIMIZER_DEFAULTS,
    };
    const session = await TrainSession.open(engine, spec, { features, targets });
    const slots = [new Float32Array(layout.total), new Float32Array(layout.total)];
    session.load({ parameters: weights, slots }, 0);
    const ends = Int32Array.from(
      { length: steps * batch },
      () => size.window * (1 + Math.floor(rng.next() * (rows / size.window))) - 1,
    );
    const { losses } = await session.run(ends, steps, () => 0.01);
    await session.release();
    // Targets have variance 1; without attention the best guess, the mean of the window, leaves 7/8 of it.
    const last = losses.slice(-20).reduce((sum, loss) => sum + loss / 20, 0);
    expect(losses[0]).toBeGreaterThan(0.6);
    expect(last).toBeLessThan(0.1);
  });
});

describe('causal attention', () => {
  it.each([true, false])('tiled %s: later steps change nothing, the own step does', async (tiled) => {
    const shape = [1, 7, 4];
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', shape);
    const y = attention(x, x, x, { heads: 2, causal: true, tiled, tileSize: 3 });
    graph.output('y', y);
    graph.output('sum', reduceSum(y));
    const session = await engine.createSession(emitModel(graph));
    const at = async (data: Float32Array): Promise<Float32Array> =>
      (await session.run({ x: { dtype: 'float32', shape, data } })).y!.data as Float32Array;
    const base = numbers(28, 4);
    const before = await at(base);
    for (let step = 0; step < 7; step++) {
      const changed = base.slice();
      for (let c = 0; c < 4; c++) changed[step * 4 + c]! += 1;
      const y2 = await at(changed);
      expect(y2.slice(0, step * 4)).toEqual(before.slice(0, step * 4));
      expect(y2.slice(step * 4, step * 4 + 4)).not.toEqual(before.slice(step * 4, step * 4 + 4));
    }
    await session.release();
  });
});
