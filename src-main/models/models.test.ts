import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { type Engine, openEngine } from '../tensor/engine.ts';
import { Graph } from '../tensor/graph.ts';
import { collectParameters, inferenceModel } from '../tensor/model.ts';
import { emitModel } from '../tensor/onnx/emit.ts';
import { initialParameters, layOut } from '../tensor/parameters.ts';
import { receptiveField } from './families/tcn.ts';
import { Predictor } from './predictor.ts';
import { defineModel, listFamilies } from './registry.ts';

const SIZE = { window: 6, features: 3, outputs: 2 };

let engine: Engine;
const open: Predictor[] = [];
beforeAll(async () => {
  engine = (await openEngine('cpu', 1)).engine;
});
afterAll(() => Promise.all(open.map((predictor) => predictor.close())));

function weightsOf(family: string, settings: object, seed = 3) {
  const { forward } = defineModel(family, settings, SIZE);
  const layout = layOut(collectParameters(forward, SIZE));
  const weights = initialParameters(layout, seed);
  return { forward, layout, weights };
}

async function predictor(family: string, settings: object): Promise<Predictor> {
  const { forward, layout, weights } = weightsOf(family, settings);
  const loaded = await Predictor.load(inferenceModel(forward, SIZE, layout, weights), engine);
  open.push(loaded);
  return loaded;
}

const matrix = ((rng) => Float32Array.from({ length: 40 * SIZE.features }, () => normal(rng)))(
  new SeededRng(1),
);
const size = SIZE.window * SIZE.features;
const windowAt = (end: number): Float32Array =>
  matrix.slice((end + 1 - SIZE.window) * SIZE.features, (end + 1) * SIZE.features);

describe('families', () => {
  it('are listed with defaults that their schema accepts', () => {
    expect(listFamilies().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ridge', 'lasso', 'elasticNet', 'mlp', 'tcn']),
    );
    for (const { name, defaults, fit, runDefaults } of listFamilies()) {
      if (fit === 'solved') continue;
      const window = (runDefaults.windowBars as number | undefined) ?? SIZE.window;
      expect(defineModel(name, defaults, { ...SIZE, window }).config).toEqual(defaults);
    }
  });

  it('an MLP is the matrix products written out by hand', async () => {
    const { layout, weights } = weightsOf('mlp', { hidden: [4] });
    const get = (name: string) => {
      const p = layout.parameters.find((parameter) => parameter.name === name)!;
      return weights.subarray(p.offset, p.offset + p.size);
    };
    const x = windowAt(10);
    const layer = (input: ArrayLike<number>, w: Float32Array, b: Float32Array): number[] =>
      Array.from(b, (bias, j) => {
        let sum = bias;
        for (let i = 0; i < input.length; i++) sum += input[i]! * w[i * b.length + j]!;
        return sum;
      });
    const hidden = layer(x, get('hidden0.weight'), get('hidden0.bias')).map((v) => Math.max(0, v));
    const expected = layer(hidden, get('output.weight'), get('output.bias'));
    const got = await (await predictor('mlp', { hidden: [4] })).predict(x, 1);
    expected.forEach((value, i) => {
      expect(got[i]).toBeCloseTo(value, 5);
    });
  });

  it('a TCN is the causal convolution written out by hand', async () => {
    const settings = { channels: 4, levels: 2, kernelSize: 2, activation: 'tanh' };
    const { layout, weights } = weightsOf('tcn', settings);
    const get = (name: string) => {
      const p = layout.parameters.find((parameter) => parameter.name === name)!;
      return weights.subarray(p.offset, p.offset + p.size);
    };
    let steps = Array.from({ length: SIZE.window }, (_, t) => [
      ...windowAt(10).slice(t * SIZE.features, (t + 1) * SIZE.features),
    ]);
    for (const level of [0, 1]) {
      const [w, b] = [get(`level${level}.weight`), get(`level${level}.bias`)];
      const inputs = steps[0]!.length;
      steps = steps.map((own, t) =>
        Array.from(b, (bias, out) => {
          let sum = bias;
          for (const tap of [0, 1]) {
            const seen = steps[t - (1 - tap) * 2 ** level];
            for (let i = 0; seen && i < inputs; i++)
              sum += seen[i]! * w[(tap * inputs + i) * b.length + out]!;
          }
          return Math.tanh(sum) + (inputs === b.length ? own[out]! : 0);
        }),
      );
    }
    const [w, b] = [get('output.weight'), get('output.bias')];
    const last = steps.at(-1)!;
    const expected = Array.from(b, (bias, j) =>
      last.reduce((sum, v, i) => sum + v * w[i * b.length + j]!, bias),
    );
    for (const way of ['needed', 'all']) {
      const got = await (await predictor('tcn', { ...settings, steps: way })).predict(windowAt(10), 1);
      expected.forEach((value, i) => {
        expect(got[i], way).toBeCloseTo(value, 5);
      });
    }
  });

  it('the receptive field is what an output depends on, and no more', async () => {
    const settings = { channels: 4, levels: 2, kernelSize: 2 };
    expect(receptiveField({ levels: 2, kernelSize: 2 })).toBe(4);
    const model = await predictor('tcn', settings);
    const base = await model.predict(windowAt(10), 1);
    const changedAt = async (step: number): Promise<boolean> => {
      const x = windowAt(10);
      for (let f = 0; f < SIZE.features; f++) x[step * SIZE.features + f]! += 1;
      return (await model.predict(x, 1)).some((y, i) => y !== base[i]);
    };
    const dependence = [];
    for (let step = 0; step < SIZE.window; step++) dependence.push(await changedAt(step));
    expect(dependence).toEqual([false, false, true, true, true, true]);
  });
});

describe('Predictor', () => {
  it.each([
    ['mlp', { hidden: [8] }],
    ['tcn', { channels: 4, levels: 2 }],
    ['tcn', { channels: 4, levels: 2, pooling: 'mean' }],
    ['mlp', { hidden: [512, 37], activation: 'tanh' }],
    ['mlp', { hidden: [64, 64], activation: 'gelu' }],
    ['tcn', { channels: 33, levels: 3, activation: 'silu' }],
    ['tcn', { channels: 32, steps: 'all', activation: 'sigmoid' }],
  ])(
    '%s %o: one window, a batch, and rows of a matrix give the same predictions',
    async (family, settings) => {
      const model = await predictor(family, settings);
      expect(model).toMatchObject(SIZE);
      const ends = Int32Array.from({ length: 34 }, (_, i) => i + SIZE.window - 1);
      const byRows = await model.predictRows(matrix, ends);
      const windows = new Float32Array(ends.length * size);
      ends.forEach((end, i) => {
        windows.set(windowAt(end), i * size);
      });
      expect(await model.predict(windows, ends.length)).toEqual(byRows);
      // Bit for bit: a live session predicts one window at a time where the backtest predicted a batch.
      for (const [i, end] of ends.entries()) {
        const one = await model.predict(windowAt(end), 1);
        expect(one).toEqual(byRows.slice(i * SIZE.outputs, (i + 1) * SIZE.outputs));
      }
    },
  );

  it('predicts more rows than fit one batch', async () => {
    const model = await predictor('mlp', { hidden: [8] });
    const ends = Int32Array.from({ length: 1300 }, (_, i) => (i % 34) + SIZE.window - 1);
    const all = await model.predictRows(matrix, ends);
    for (const i of [0, 600, 1299]) {
      const [first] = await model.predictRows(matrix, ends.slice(i, i + 1));
      expect(all[i * SIZE.outputs]).toBeCloseTo(first!, 5);
    }
  });

  it('refuses windows that do not fit', async () => {
    const model = await predictor('mlp', {});
    await expect(model.predict(new Float32Array(5), 1)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(model.predictRows(matrix, Int32Array.of(4))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(model.predictRows(matrix, Int32Array.of(40))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(model.predictRows(matrix.slice(1), Int32Array.of(9))).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  it('refuses a file that is damaged or another model', async () => {
    const corrupt = { code: 'CORRUPT' };
    await expect(Predictor.load(Uint8Array.of(1, 2, 3), engine)).rejects.toMatchObject(corrupt);
    const other = new Graph('other');
    other.output('y', other.input('x', 'float32', [2, 2]));
    await expect(Predictor.load(emitModel(other), engine)).rejects.toMatchObject(corrupt);
  });
});
