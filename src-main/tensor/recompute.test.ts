import { describe, expect, it } from 'vitest';
import { backpropagate, gradients } from './autodiff.ts';
import type { EngineSession } from './engine.ts';
import { cpuEngine } from './engines/cpu.ts';
import { Graph, type Value } from './graph.ts';
import { emitModel } from './onnx/emit.ts';
import { add, exp, matmul, mul, neg, reduceSum, scalarLike, sub, tanh } from './ops/index.ts';
import { checkpointed, recompute } from './recompute.ts';
import { withGradient } from './regions.ts';

const ROWS = 6;
const WIDTH = 5;
const numbers = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + seed));

/** Runs a graph whose inputs are named and float64. */
async function run(graph: Graph): Promise<Record<string, Float64Array>> {
  const session: EngineSession = await cpuEngine(1).createSession(emitModel(graph));
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, value: { shape } }, seed) => [
      name,
      { dtype: 'float64' as const, shape, data: numbers(shape[0]! * shape[1]!, seed) },
    ]),
  );
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float64Array]));
}

type Wrap = (segment: (x: Value) => Value, x: Value) => Value;
const plain: Wrap = (segment, x) => segment(x);
const again: Wrap = (segment, x) => checkpointed(true, x, segment);

/** Three residual blocks with weights of their own, wrapped one by one, and once more as a whole. */
function network(block: Wrap, whole: Wrap): Graph {
  const graph = new Graph('g');
  const x = graph.input('x', 'float64', [ROWS, WIDTH]);
  const weights = [0, 1, 2].map((i) => graph.input(`w${i}`, 'float64', [WIDTH, WIDTH]));
  const body = (input: Value): Value =>
    weights.reduce((h, w) => block((v) => add(v, tanh(matmul(tanh(matmul(v, w)), w))), h), input);
  const loss = reduceSum(exp(whole(body, x)));
  gradients(loss, [x, ...weights]).forEach((gradient, i) => {
    graph.output(`d${i}`, gradient);
  });
  return graph;
}

describe('recomputation', () => {
  it('gives the gradients of the graph that keeps everything, bit for bit, also when nested', async () => {
    const kept = await run(network(plain, plain));
    expect(Math.abs(kept.d0![0]!)).toBeGreaterThan(1e-3);
    for (const [block, whole] of [
      [again, plain],
      [plain, again],
      [again, again],
    ] as const) {
      expect(await run(network(block, whole))).toEqual(kept);
    }
  });

  it('computes the inside once more, after the gradient of its output', () => {
    const graph = network(again, plain);
    const products = (g: Graph): number => g.nodes.filter(({ op }) => op === 'MatMul').length;
    // Two products per block and for each two of the backward pass; two more where they are computed again.
    expect(products(network(plain, plain))).toBe(3 * (2 + 4));
    expect(products(graph)).toBe(3 * (2 + 4 + 2));
    const uses = new Map<Value, number>();
    for (const { inputs } of graph.nodes) {
      for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
    }
    // What is inside a block (the first Tanh of each) is used by the forward pass alone.
    const inner = graph.regions.slice(0, 3).map(({ nodes }) => nodes.find(({ op }) => op === 'Tanh')!);
    expect(inner.map(({ outputs }) => uses.get(outputs[0]!))).toEqual([1, 1, 1]);
  });

  it('differentiates segments of several inputs and outputs, of which some are not used', async () => {
    const build = (wrap: boolean): Graph => {
      const graph = new Graph('g');
      const a = graph.input('a', 'float64', [2, 3]);
      const b = graph.input('b', 'float64', [2, 3]);
      const segment = ([x, y]: readonly Value[]): Value[] => [mul(tanh(x!), y!), exp(x!), sub(tanh(x!), y!)];
      const [first, , third] = wrap ? recompute(segment, [a, b]) : segment([a, b]);
      const loss = reduceSum(mul(first!, third!));
      gradients(loss, [a, b]).forEach((gradient, i) => {
        graph.output(`d${i}`, gradient);
      });
      return graph;
    };
    expect(await run(build(true))).toEqual(await run(build(false)));
  });
});

describe('a gradient of its own', () => {
  /** The identity with the gradient reversed. */
  const reversed = (x: Value): Value =>
    withGradient(
      [x],
      ([v]) => ({ outputs: [mul(v!, scalarLike(v!, 1))] }),
      ([d]) => [neg(d!)],
    )[0]!;

  it('replaces the derived one, inside a recomputed segment too', async () => {
    for (const wrap of [plain, again]) {
      const graph = new Graph('g');
      const x = graph.input('x', 'float64', [1, 4]);
      const y = wrap((v) => reversed(v), x);
      const z = wrap((v) => tanh(reversed(mul(v, v))), x);
      graph.output('dy', gradients(reduceSum(y), [x])[0]!);
      graph.output('dz', gradients(reduceSum(z), [x])[0]!);
      const { dy, dz } = await run(graph);
      expect([...dy!]).toEqual([-1, -1, -1, -1]);
      numbers(4, 0).forEach((v, i) => {
        expect(dz![i]).toBeCloseTo(-2 * v * (1 - Math.tanh(v * v) ** 2), 12);
      });
    }
  });

  it('sees the values it saved', async () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [1, 3]);
    const squared = withGradient(
      [x],
      ([v]) => {
        const e = exp(v!);
        return { outputs: [mul(e, e)], saved: [e] };
      },
      ([d], { saved: [e], outputs: [y] }) => [mul(d!, add(mul(e!, e!), y!))],
    )[0]!;
    graph.output('d', gradients(reduceSum(squared), [x])[0]!);
    const { d } = await run(graph);
    numbers(3, 0).forEach((v, i) => {
      expect(d![i]).toBeCloseTo(2 * Math.exp(2 * v), 10);
    });
  });

  it('refuses a parameter that it does not declare', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [2, 2]);
    const w = graph.input('w', 'float64', [2, 2]);
    const [y] = withGradient(
      [x],
      ([v]) => ({ outputs: [matmul(v!, w)] }),
      ([d]) => [d],
    );
    expect(() => gradients(reduceSum(y!), [x, w])).toThrow(/custom gradient uses w/);
    expect(gradients(reduceSum(y!), [x])).toHaveLength(1);
    expect(() =>
      withGradient(
        [x],
        ([v]) => ({ outputs: [v!] }),
        ([d]) => [d],
      ),
    ).toThrow(/not computed by its forward part/);
  });

  it('is left out where no gradient arrives', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [2, 2]);
    const y = tanh(x);
    reversed(x);
    expect(backpropagate([...graph.nodes], new Map([[y, scalarLike(y, 1)]]), [x])[0]).toBeDefined();
  });
});
