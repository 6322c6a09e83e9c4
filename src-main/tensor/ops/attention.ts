import { shapeError, type Value } from '../graph.ts';
import { type CustomForward, withGradient } from '../regions.ts';
import { add, div, exp, log, max, mul, neg, scalarLike, sub } from './elementwise.ts';
import { matmul, scale as scaled, swapLast } from './matrix.ts';
import { after, zeroAfter } from './order.ts';
import { reduceMax, reduceSum } from './reduce.ts';
import { concat, reshape, slice, transpose } from './shape.ts';
import { softmax } from './smooth.ts';

export interface AttentionOptions {
  /** Heads that attend apart; must divide the channels. */
  readonly heads: number;
  /** A step sees itself and the steps before it only. Default false. */
  readonly causal?: boolean;
  /** Never holds a matrix of time by time. Default false. */
  readonly tiled?: boolean;
  /** Steps of a tile. */
  readonly tileSize?: number;
}

/**
 * Steps of a tile by default. Forward and back with 8 x 4 heads of 16 channels over 1024 steps took on the CPU engine
 * 833 MB as a whole and, causal, 106 MB in tiles of 256, 76 in tiles of 128 and 248 in tiles of 512; the time was that
 * of the whole matrix or less. Smaller tiles are many more nodes, and loading the graph takes its time.
 */
export const TILE_SIZE = 256;

/** Added to the score of a step that must not be seen: its exponential is zero, in half precision too. */
const MASKED = -1e4;

/**
 * Multi-head scaled dot-product attention (Vaswani et al. 2017): softmax(q k' / sqrt(channels / heads)) v per head.
 *
 * `tiled` goes over the keys tile by tile with a running maximum and sum of each row (online softmax), keeps of the
 * whole matrix one number per row, the logarithm of the sum, and computes each tile once more in the backward pass:
 * Rabe and Staats (2021), "Self-attention does not need O(n^2) memory"; Dao et al. (2022), FlashAttention. The queries
 * go in tiles too, so that causal attention leaves out what lies in the future. Each tile waits for the one before it,
 * so that no engine holds several at once. Equal to the other form up to rounding.
 *
 * @param q [batch, queries, channels]: all steps, or the newest ones only
 * @param k [batch, time, channels]; so `v`
 * @returns [batch, queries, channels]
 * @throws FrontierError INTERNAL where the shapes differ or the heads do not divide the channels
 */
export function attention(q: Value, k: Value, v: Value, options: AttentionOptions): Value {
  const { heads, causal = false, tiled = false, tileSize = TILE_SIZE } = options;
  const [batch, queries = 0, channels = 0] = q.shape;
  const time = k.shape[1] ?? 0;
  const fits = [k, v].every(({ shape }) => shape.join() === `${batch},${time},${channels}`);
  if (q.shape.length !== 3 || !fits || queries > time || channels % heads !== 0 || tileSize < 1)
    throw shapeError('attention', [q, k, v], `wants three times [batch, time, channels] for ${heads} heads`);
  const width = channels / heads;
  const perHead = (a: Value): Value => transpose(reshape(a, [-1, a.shape[1]!, heads, width]), [0, 2, 1, 3]);
  const plan: Plan = { time, queries, width, causal, tileSize: Math.min(tileSize, time) };
  const inputs = [q, k, v].map(perHead);
  const [y] = tiled
    ? withGradient(
        inputs,
        ([a, b, c]) => tiledForward(a!, b!, c!, plan),
        ([d], { inputs: [a, b, c], outputs: [o], saved: [lse] }) =>
          tiledBackward(d!, { q: a!, k: b!, v: c!, output: o!, logSum: lse! }, plan),
      )
    : withGradient(
        inputs,
        ([a, b, c]) => wholeForward(a!, b!, c!, plan),
        ([d], { inputs: [a, b, c], outputs: [o], saved: [p] }) =>
          wholeBackward(d!, { q: a!, k: b!, v: c!, output: o!, weights: p! }, plan),
      );
  return reshape(transpose(y!, [0, 2, 1, 3]), [-1, queries, channels]);
}

interface Plan {
  readonly time: number;
  /** The newest so many steps ask. */
  readonly queries: number;
  /** Channels of a head. */
  readonly width: number;
  readonly causal: boolean;
  readonly tileSize: number;
}

interface Kept {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly output: Value;
}

/** Step of the first query. */
const ageOf = ({ time, queries }: Plan): number => time - queries;

const temperature = ({ width }: Plan): number => 1 / Math.sqrt(width);

/** What is added to the scores so that no query sees later keys: [queries, keys]. `age` is the step of query 0. */
function mask(like: Value, queries: Range, keys: Range, age: number): Value {
  const rows = queries.end - queries.start;
  const columns = keys.end - keys.start;
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (keys.start + j > age + queries.start + i) values[i * columns + j] = MASKED;
    }
  }
  return like.graph.constant(like.dtype, [rows, columns], Array.from(values));
}

function wholeForward(q: Value, k: Value, v: Value, plan: Plan): CustomForward {
  const scores = matmul(scaled(q, temperature(plan)), swapLast(k));
  const [rows, columns] = [plan.queries, plan.time].map((end) => ({ start: 0, end })) as [Range, Range];
  const masked = plan.causal && plan.queries > 1;
  const weights = softmax(masked ? add(scores, mask(scores, rows, columns, ageOf(plan))) : scores);
  return { outputs: [matmul(weights, v)], saved: [weights] };
}

/**
 * With weights P and output O the gradient of the scores is P (dO v' - rowsum(dO O)): the row's sum of P dP, which the
 * gradient of softmax wants, is that of dO O, over far fewer columns. The difference is part of the matrix product.
 */
function wholeBackward(
  d: Value,
  { q, k, v, output, weights }: Kept & { weights: Value },
  plan: Plan,
): Value[] {
  const scores = mul(weights, matmul(withRowSums(d, output), swapLast(withOnes(v))));
  return [
    scaled(matmul(scores, k), temperature(plan)),
    timesTransposed(scores, scaled(q, temperature(plan))),
    timesTransposed(weights, d),
  ];
}

/** a' b as (b' a)': transposing the narrow operands instead of the square one takes half the time. */
const timesTransposed = (a: Value, b: Value): Value => swapLast(matmul(swapLast(b), a));

/** [d, -rowsum(d output)]: times [v, 1]' it is d v' - rowsum(d output). */
const withRowSums = (d: Value, output: Value): Value =>
  concat([d, neg(reduceSum(mul(d, output), [3], true))], 3);

/** [a, 1]. The ones are made from a column, because the batch is not known in an inference graph. */
function withOnes(a: Value): Value {
  const column = slice(a, 3, 0, 1);
  return concat([a, add(mul(column, scalarLike(a, 0)), scalarLike(a, 1))], 3);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function ranges(time: number, size: number): readonly Range[] {
  const count = Math.ceil(time / size);
  return Array.from({ length: count }, (_, i) => ({ start: i * size, end: Math.min(time, (i + 1) * size) }));
}

const queryRanges = ({ queries, tileSize }: Plan): readonly Range[] => ranges(queries, tileSize);

/** Key ranges that the queries see. */
const keyRanges = (plan: Plan, queries: Range): readonly Range[] =>
  ranges(plan.time, plan.tileSize).filter(({ start }) => !plan.causal || start < ageOf(plan) + queries.end);

const rowsOf = (a: Value, { start, end }: Range): Value => slice(a, 2, start, end);

/** Scores of a tile; masked where it holds the future. */
function tileScores(q: Value, k: Value, queries: Range, keys: Range, plan: Plan): Value {
  const scores = matmul(q, swapLast(k));
  const masked = plan.causal && keys.end - 1 > ageOf(plan) + queries.start;
  return masked ? add(scores, mask(scores, queries, keys, ageOf(plan))) : scores;
}

/** The state of a row of queries after some keys: largest score, and [sum of p v, sum of p], p = exp(score - largest). */
interface Running {
  readonly largest: Value;
  readonly sums: Value;
}

function tiledForward(q: Value, k: Value, v: Value, plan: Plan): CustomForward {
  const scaledQ = scaled(q, temperature(plan));
  const values = withOnes(v);
  const outputs: Value[] = [];
  const logSums: Value[] = [];
  let last: Value | undefined;
  for (const queries of queryRanges(plan)) {
    const rows = rowsOf(scaledQ, queries);
    let running: Running | undefined;
    for (const keys of keyRanges(plan, queries)) {
      const columns = rowsOf(k, keys);
      const scores = tileScores(rows, last ? after(columns, [last]) : columns, queries, keys, plan);
      running = extend(running, scores, rowsOf(values, keys));
      last = running.sums;
    }
    const { largest, sums } = running!;
    const total = slice(sums, 3, plan.width, plan.width + 1);
    outputs.push(div(slice(sums, 3, 0, plan.width), total));
    logSums.push(add(largest, log(total)));
  }
  return { outputs: [joined(outputs)], saved: [joined(logSums)] };
}

const joined = (parts: readonly Value[]): Value => (parts.length === 1 ? parts[0]! : concat(parts, 2));

function extend(before: Running | undefined, scores: Value, values: Value): Running {
  const here = reduceMax(scores, [3], true);
  const largest = before ? max(before.largest, here) : here;
  const sums = matmul(exp(sub(scores, largest)), values);
  if (!before) return { largest, sums };
  return { largest, sums: add(mul(before.sums, exp(sub(before.largest, largest))), sums) };
}

/** Gradients of one tile, or their sums so far. */
interface TileGradients {
  q: Value;
  k: Value;
  v: Value;
}

function tiledBackward(d: Value, kept: Kept & { logSum: Value }, plan: Plan): Value[] {
  const q = scaled(kept.q, temperature(plan));
  // Weights are exp(score - log sum), and the log sum is one more column of the product.
  const sides = {
    q,
    k: kept.k,
    d,
    qAndLogSum: concat([q, neg(kept.logSum)], 3),
    kAndOnes: withOnes(kept.k),
    dAndSums: withRowSums(d, kept.output),
    vAndOnes: withOnes(kept.v),
  };
  const dq: Value[] = [];
  const dk = new Map<number, Value>();
  const dv = new Map<number, Value>();
  const gather = (sums: Map<number, Value>, key: number, part: Value): Value => {
    const before = sums.get(key);
    sums.set(key, before ? add(before, part) : part);
    return sums.get(key)!;
  };
  let last: readonly Value[] = [];
  for (const queries of queryRanges(plan)) {
    let sum: Value | undefined;
    for (const keys of keyRanges(plan, queries)) {
      const tile = tileBackward(sides, queries, keys, last, plan);
      sum = sum ? add(sum, tile.q) : tile.q;
      last = [sum, gather(dk, keys.start, tile.k), gather(dv, keys.start, tile.v)];
    }
    dq.push(sum!);
  }
  return [scaled(joined(dq), temperature(plan)), joined([...dk.values()]), joined([...dv.values()])];
}

interface Sides {
  readonly q: Value;
  readonly k: Value;
  readonly d: Value;
  readonly qAndLogSum: Value;
  readonly kAndOnes: Value;
  readonly dAndSums: Value;
  readonly vAndOnes: Value;
}

function tileBackward(
  sides: Sides,
  queries: Range,
  keys: Range,
  last: readonly Value[],
  plan: Plan,
): TileGradients {
  // Both products wait, or an engine may compute one of them for all tiles at once.
  const zero = last.length > 0 ? zeroAfter(last) : undefined;
  const late = (a: Value): Value => (zero ? add(rowsOf(a, keys), zero) : rowsOf(a, keys));
  const weights = exp(
    tileScores(rowsOf(sides.qAndLogSum, queries), late(sides.kAndOnes), queries, keys, plan),
  );
  const slope = matmul(rowsOf(sides.dAndSums, queries), swapLast(late(sides.vAndOnes)));
  const scores = mul(weights, slope);
  return {
    q: matmul(scores, rowsOf(sides.k, keys)),
    k: timesTransposed(scores, rowsOf(sides.q, queries)),
    v: timesTransposed(weights, rowsOf(sides.d, queries)),
  };
}
