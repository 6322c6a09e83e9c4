import { describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { cpuEngine } from '../tensor/engines/cpu.ts';
import { collectParameters, inferenceModel } from '../tensor/model.ts';
import { opsetOf } from '../tensor/onnx/compose.ts';
import { initialParameters, layOut } from '../tensor/parameters.ts';
import { ensembleModel, type Member, sideBySideModel, withScaler } from './portable.ts';
import { Predictor } from './predictor.ts';
import { defineModel } from './registry.ts';

const ENGINE = cpuEngine(1);

function member(family: string, settings: object, names: string[], window: number, seed: number): Member {
  const size = { window, features: names.length, outputs: 1 };
  const model = defineModel(family, settings, size);
  const layout = layOut(collectParameters(model, size));
  const rng = new SeededRng(seed);
  return {
    onnx: inferenceModel(model.forward, size, layout, initialParameters(layout, seed)),
    scaler: {
      names,
      mean: names.map(() => normal(rng)),
      std: names.map(() => 0.5 + rng.next()),
      clip: 2,
    },
    window,
    outputs: 1,
    scale: 0.2 + rng.next(),
    weight: 1 + rng.next(),
  };
}

const A = member('mlp', { hidden: [5] }, ['a', 'b', 'c'], 2, 1);
const B = member('tcn', { channels: 4, levels: 2 }, ['c', 'd'], 6, 2);
const C = member('mlp', { hidden: [] }, ['b'], 1, 3);
const UNION = ['a', 'b', 'c', 'd'];
const WINDOW = 6;
const COUNT = 7;

function raw(): Float32Array {
  const rng = new SeededRng(9);
  return Float32Array.from({ length: COUNT * WINDOW * UNION.length }, () => 2 * normal(rng));
}

/** What a member says of its part of the raw windows, scaled by hand. */
async function alone({ onnx, scaler, window }: Member): Promise<number[]> {
  const x = raw();
  const own: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    for (let t = WINDOW - window; t < WINDOW; t++) {
      scaler.names.forEach((name, f) => {
        const value = x[(i * WINDOW + t) * UNION.length + UNION.indexOf(name)]!;
        const z = (value - scaler.mean[f]!) / scaler.std[f]!;
        own.push(Math.max(-scaler.clip, Math.min(scaler.clip, z)));
      });
    }
  }
  return say(onnx, Float32Array.from(own));
}

async function say(onnx: Uint8Array, x: Float32Array): Promise<number[]> {
  const predictor = await Predictor.load(onnx, ENGINE);
  try {
    return Array.from(await predictor.predict(x, COUNT));
  } finally {
    await predictor.close();
  }
}

function near(got: readonly number[], expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length);
  for (const [i, value] of got.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
}

describe('models as files of their own', () => {
  it('take raw features once the scaler is folded in', async () => {
    const x = raw();
    const picks = Float32Array.from({ length: COUNT * 6 * 2 }, (_, i) => {
      const [row, f] = [Math.floor(i / 2), i % 2];
      return x[row * UNION.length + 2 + f]!;
    });
    near(await say(withScaler(B.onnx, B.scaler, 6, { made: 'here' }), picks), await alone(B));
  });

  it('are joined to an ensemble that says what its members say together', async () => {
    const [a, b, c] = await Promise.all([alone(A), alone(B), alone(C)]);
    const members = [A, B, C];
    const common = (A.scale + B.scale + C.scale) / 3;
    const loud = a.map((_, i) => [a, b, c].map((said, m) => (said[i]! * common) / members[m]!.scale));
    const total = A.weight + B.weight + C.weight;
    near(
      await say(ensembleModel(members, 'mean'), raw()),
      loud.map((v) => (v[0]! + v[1]! + v[2]!) / 3),
    );
    near(
      await say(ensembleModel(members, 'median'), raw()),
      loud.map((v) => [...v].sort((p, q) => p - q)[1]!),
    );
    near(
      await say(ensembleModel(members, 'weighted'), raw()),
      loud.map((v) => (v[0]! * A.weight + v[1]! * B.weight + v[2]! * C.weight) / total),
    );
    const two = [A, B];
    const half = (A.scale + B.scale) / 2;
    near(
      await say(ensembleModel([A, B], 'median'), raw().slice()),
      a.map((_, i) => two.reduce((sum, m, k) => sum + ([a, b][k]![i]! * half) / m.scale, 0) / 2),
    );
  });

  it('stand side by side, the first one leading', async () => {
    near(await say(sideBySideModel([C, A, B]), reordered()), await alone(C));
    const session = await ENGINE.createSession(sideBySideModel([C, A, B]));
    const x = { dtype: 'float32' as const, shape: [COUNT, WINDOW, UNION.length], data: reordered() };
    const { all } = await session.run({ x });
    await session.release();
    const [c, a, b] = await Promise.all([alone(C), alone(A), alone(B)]);
    near(
      Array.from(all!.data as Float32Array),
      c.flatMap((_, i) => [c[i]!, a[i]!, b[i]!]),
    );
  });

  it('can be joined again: an ensemble of ensembles', async () => {
    const inner: Member = {
      ...A,
      onnx: ensembleModel([A, B], 'mean'),
      scaler: { names: UNION, mean: [0, 0, 0, 0], std: [1, 1, 1, 1], clip: 1e9 },
      window: WINDOW,
    };
    const both = await say(ensembleModel([inner, inner], 'mean'), raw());
    near(both, await say(inner.onnx, raw()));
  });

  it('refuse what is no model', () => {
    expect(() => opsetOf(Buffer.from('no model at all'))).toThrow(/no ONNX/);
    expect(() => ensembleModel([A], 'mean')).toThrow(/at least two/);
  });
});

/** The raw windows in the order of features that the members C, A, B give: b, a, c, d. */
function reordered(): Float32Array {
  const x = raw();
  const order = [1, 0, 2, 3];
  return x.map((_, i) => x[i - (i % 4) + order[i % 4]!]!);
}
