import { readFileSync } from 'node:fs';
import { gradients } from '../../src-main/tensor/autodiff.ts';
import { Graph, type Shape, type Value } from '../../src-main/tensor/graph.ts';
import * as ops from '../../src-main/tensor/ops/index.ts';
import { checkpointed } from '../../src-main/tensor/recompute.ts';
import { load } from './tensor-cases.ts';

// Run as a process of its own: `node tensor-memory-fixture.ts CASE`. Computes a loss and its gradients once and prints
// {megabytes, loss, gradient}: by how much the process's largest resident set grew, and what came out.

const name = process.argv[2]!;
const BATCH = name.startsWith('attention') ? 4 : 24;
const TIME = 1024;
const CHANNELS = 32;

function attentionLoss(tiled: boolean, causal: boolean): (x: Value) => Value {
  return (x) => {
    const y = ops.attention(x, ops.sin(x), ops.cos(x), { heads: 4, tiled, causal });
    return ops.meanSquaredError(y, x);
  };
}

/** Six blocks of eight residual causal convolutions each. */
function deepConvolution(checkpointing: boolean): (x: Value) => Value {
  return (x) => {
    const taps = Array.from({ length: CHANNELS * CHANNELS * 3 }, (_, i) => 0.1 * Math.sin(i));
    const w = x.graph.constant('float32', [CHANNELS, CHANNELS, 3], taps);
    let h = ops.transpose(x, [0, 2, 1]);
    const layer = (v: Value): Value => ops.add(v, ops.gelu(ops.causalConv1d(v, w, undefined, 4)));
    for (let block = 0; block < 6; block++)
      h = checkpointed(checkpointing, h, (v) => Array.from({ length: 8 }).reduce<Value>(layer, v));
    return ops.meanSquaredError(ops.transpose(h, [0, 2, 1]), x);
  };
}

const CASES: Readonly<Record<string, (x: Value) => Value>> = {
  attention: attentionLoss(false, false),
  'attention tiled': attentionLoss(true, false),
  'attention causal': attentionLoss(false, true),
  'attention causal tiled': attentionLoss(true, true),
  convolution: deepConvolution(false),
  'convolution checkpointed': deepConvolution(true),
};

/** Of this process: `VmRSS` now, `VmHWM` at most. */
const megabytesOf = (field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

const shape: Shape = [BATCH, TIME, CHANNELS];
const graph = new Graph('g');
const x = graph.input('x', 'float32', shape);
const loss = CASES[name]!(x);
graph.output('loss', loss);
graph.output('gradient', gradients(loss, [x])[0]!);
const session = await load(graph);
const data = Float32Array.from({ length: BATCH * TIME * CHANNELS }, (_, i) => Math.sin(1.7 * i));
const before = megabytesOf('VmRSS');
const results = await session.run({ x: { dtype: 'float32', shape, data } });
const megabytes = megabytesOf('VmHWM') - before;
const gradient = Array.from(results.gradient!.data as Float32Array);
process.stdout.write(
  JSON.stringify({
    megabytes,
    loss: Number(results.loss!.data[0]),
    // Enough elements to compare without a long line.
    gradient: gradient.filter((_, i) => i % 97 === 0),
    size: Math.hypot(...gradient.slice(0, 10_000)),
  }),
);
await session.release();
