import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src-main/tensor/autodiff.ts';
import { Graph } from '../../src-main/tensor/graph.ts';
import { abs, cast, exp, greater, mul, reduceSum } from '../../src-main/tensor/ops/index.ts';
import { definedOps, defineOp } from '../../src-main/tensor/registry.ts';
import {
  drawInputs,
  feedsOf,
  load,
  lossGraph,
  OP_CASES,
  type OpCase,
  type OpInstance,
  unavailable,
} from './tensor-cases.ts';

/** Step of the central difference and tolerance relative to the gradient's size, by element type. */
const ACCURACY = {
  float64: { step: 1e-5, tolerance: 1e-7 },
  float32: { step: 0.02, tolerance: 5e-3 },
} as const;

/** Gradients by the graph and by central finite differences over every input element. */
async function bothGradients(instance: OpInstance, opCase: OpCase, seed: number) {
  const { dtype } = opCase;
  const values = drawInputs(instance.shapes, opCase, seed);
  const { graph, inputs, loss } = lossGraph(instance, dtype);
  const grads = gradients(loss, inputs);
  graph.output('loss', loss);
  grads.forEach((grad, i) => {
    graph.output(`grad${i}`, grad);
  });
  const session = await load(graph);
  const at = async (): Promise<number> => {
    const results = await session.run(feedsOf(instance.shapes, values, dtype));
    return Number(results.loss!.data[0]);
  };
  const emitted = await session.run(feedsOf(instance.shapes, values, dtype));
  const { step } = ACCURACY[dtype];
  const pairs: [number, number][] = [];
  for (const [i, input] of values.entries()) {
    for (let j = 0; j < input.length; j++) {
      const held = input[j]!;
      input[j] = held + step;
      const up = await at();
      input[j] = held - step;
      const down = await at();
      input[j] = held;
      pairs.push([Number(emitted[`grad${i}`]!.data[j]), (up - down) / (2 * step)]);
    }
  }
  await session.release();
  return pairs;
}

describe('gradients against central finite differences', () => {
  it('have a case for every row of the gradient table', () => {
    const covered = new Set(OP_CASES.map(({ op }) => op));
    expect(definedOps().grads.filter((op) => !covered.has(op))).toEqual([]);
  });

  it.for(OP_CASES.filter(({ op }) => op !== 'StopGradient'))('$name', async (opCase, test) => {
    const reason = unavailable(opCase);
    test.skip(reason !== undefined, reason);
    const { tolerance } = ACCURACY[opCase.dtype];
    const property = fc.asyncProperty(opCase.instances, fc.nat(1e6), async (instance, seed) => {
      for (const [emitted, difference] of await bothGradients(instance, opCase, seed)) {
        const error = Math.abs(emitted - difference) / Math.max(1, Math.abs(difference));
        expect(error, `${instance.label}: ${emitted} against ${difference}`).toBeLessThan(tolerance);
      }
    });
    await fc.assert(property, { numRuns: 20 });
  });
});

describe('gradients by hand', () => {
  const run = async (graph: Graph, x: number[]): Promise<Record<string, number[]>> => {
    const session = await load(graph);
    const results = await session.run({
      x: { dtype: 'float64', shape: [x.length], data: Float64Array.from(x) },
    });
    await session.release();
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]),
    );
  };

  it('add up where a value is used twice: d/dx sum(x |x| + x) = 2|x| + 1', async () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [3]);
    const loss = reduceSum(graph.apply('Add', [mul(x, abs(x)), x])[0]!);
    graph.output('dx', gradients(loss, [x])[0]!);
    expect((await run(graph, [-2, 0.5, 3])).dx).toEqual([5, 2, 7]);
  });

  it('do not flow through StopGradient', async () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [2]);
    const held = graph.apply('StopGradient', [x])[0]!;
    graph.output('dx', gradients(reduceSum(mul(x, held)), [x])[0]!);
    expect((await run(graph, [3, -4])).dx).toEqual([3, -4]);
  });

  it('of a value in the middle of the graph', async () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [2]);
    const middle = mul(x, x);
    graph.output('d', gradients(reduceSum(exp(middle)), [middle])[0]!);
    const result = (await run(graph, [0.5, 1])).d!;
    expect(result[0]).toBeCloseTo(Math.exp(0.25), 12);
    expect(result[1]).toBeCloseTo(Math.E, 12);
  });

  it('throw with the name of an operator that has none', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [2]);
    defineOp('Mystery', { attributes: {}, infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }] });
    const mystery = graph.apply('Mystery', [mul(x, x)])[0]!;
    expect(() => gradients(reduceSum(mystery), [x])).toThrow(/Mystery has no gradient/);
    const indicator = cast(greater(x, graph.scalar(0, 'float64')), 'float64');
    expect(() => gradients(reduceSum(indicator), [x])).toThrow(/does not depend on x/);
  });

  it('throw where the loss does not depend on a value', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float64', [2]);
    const other = graph.input('other', 'float64', [2]);
    expect(() => gradients(reduceSum(x), [other])).toThrow(/does not depend on other/);
  });
});

describe('shape rules', () => {
  it.each([
    ['Add', [[2, 3], [2]]],
    [
      'MatMul',
      [
        [2, 3],
        [2, 3],
      ],
    ],
    [
      'Gemm',
      [
        [2, 3],
        [4, 5],
      ],
    ],
  ] as const)('%s refuses %o and names both shapes', (op, shapes) => {
    const graph = new Graph('g');
    const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
    expect(() => graph.apply(op, inputs, { transA: 0, transB: 0 })).toThrow(
      new RegExp(`${op}\\(float32\\[2,3\\], `),
    );
  });
});
