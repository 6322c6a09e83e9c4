import { FrontierError } from '../../../src-shared/errors.ts';
import type { Value } from '../../tensor/graph.ts';
import { type BuildOptions, blockOf } from '../../tensor/model.ts';
import {
  add,
  type BlockedSeries,
  blockedAdd,
  blockedAveragePool,
  blockedConv1d,
  blockedMap,
  blockedMean,
  blockedRelu,
  blockedStep,
  blockedUpsample,
  conv1d,
  convLast1d,
  fromBlocked,
  reduceMean,
  relu,
  reshape,
  slice,
  toBlocked,
  transpose,
} from '../../tensor/ops/index.ts';
import { checkpointed } from '../../tensor/recompute.ts';

/** How far a causal convolution is spread out. */
export interface Taps {
  /** [taps, in, out], tap 0 the oldest step. */
  readonly weight: Value;
  /** [out] */
  readonly bias: Value;
  readonly dilation: number;
}

/** Series of one layout and what temporal networks do with them. Only `rows` has the same order in all layouts. */
export interface SeriesOps<S> {
  /** [batch, time, channels] into the layout. */
  fromRows(x: Value): S;
  /** Back to [batch, time, channels]. */
  rows(series: S): Value;
  channels(series: S): number;
  /** Causal convolution followed by ReLU where asked for, which some layouts do in one pass. */
  conv(series: S, taps: Taps, withRelu: boolean): S;
  add(a: S, b: S): S;
  relu(series: S): S;
  /** Applies an elementwise function. */
  map(series: S, f: (value: Value) => Value): S;
  /** Means of each `by` neighbouring steps. */
  averagePool(series: S, by: number): S;
  /** Repeats each step `by` times. */
  upsample(series: S, by: number): S;
  /** [batch, channels] at one step. */
  step(series: S, step: number): Value;
  /** [batch, channels], the mean over time. */
  mean(series: S): Value;
  /**
   * A part of the network, of whose values only what enters is kept for the backward pass where the build options ask
   * for gradient checkpointing.
   */
  segment(series: S, part: (series: S) => S): S;
}

/** Whether segments are computed again in the backward pass. */
type Checkpointing = BuildOptions['checkpointing'];

const reachOf = ({ weight, dilation }: Taps): number => (weight.shape[0]! - 1) * dilation;

/** Repeats by adding zeros, whose gradient is one sum, whatever the batch is. */
const repeatAlong = (steps: Value, by: number, inner: number): Value =>
  add(steps, steps.graph.constant('float32', [by, inner], new Float32Array(by * inner)));

const channelsFirst = (checkpointing: Checkpointing): SeriesOps<Value> => ({
  fromRows: (x) => transpose(x, [0, 2, 1]),
  rows: (x) => transpose(x, [0, 2, 1]),
  channels: (x) => x.shape[1]!,
  conv(x, taps, withRelu) {
    const w = transpose(taps.weight, [2, 1, 0]);
    const y = conv1d(x, w, taps.bias, { dilation: taps.dilation, padBefore: reachOf(taps) });
    return withRelu ? relu(y) : y;
  },
  add,
  relu,
  map: (x, f) => f(x),
  averagePool(x, by) {
    const [, channels, time] = x.shape as [number, number, number];
    return reduceMean(reshape(x, [-1, channels, time / by, by]), [3]);
  },
  upsample(x, by) {
    const [, channels, time] = x.shape as [number, number, number];
    const repeated = add(
      reshape(x, [-1, channels, time, 1]),
      x.graph.constant('float32', [by], new Float32Array(by)),
    );
    return reshape(repeated, [-1, channels, time * by]);
  },
  step: (x, step) => reshape(slice(x, 2, step, step + 1), [-1, x.shape[1]!]),
  mean: (x) => reduceMean(x, [2]),
  segment: (x, part) => checkpointed(checkpointing, x, part),
});

const channelsLast = (checkpointing: Checkpointing): SeriesOps<Value> => ({
  fromRows: (x) => x,
  rows: (x) => x,
  channels: (x) => x.shape[2]!,
  conv(x, taps, withRelu) {
    const y = convLast1d(x, taps.weight, taps.bias, { dilation: taps.dilation, padBefore: reachOf(taps) });
    return withRelu ? relu(y) : y;
  },
  add,
  relu,
  map: (x, f) => f(x),
  averagePool(x, by) {
    const [, time, channels] = x.shape as [number, number, number];
    return reduceMean(reshape(x, [-1, time / by, by, channels]), [2]);
  },
  upsample(x, by) {
    const [, time, channels] = x.shape as [number, number, number];
    const repeated = repeatAlong(reshape(x, [-1, time, 1, channels]), by, 1);
    return reshape(repeated, [-1, time * by, channels]);
  },
  step: (x, step) => reshape(slice(x, 1, step, step + 1), [-1, x.shape[2]!]),
  mean: (x) => reduceMean(x, [1]),
  segment: (x, part) => checkpointed(checkpointing, x, part),
});

const blocked = (block: number, checkpointing: Checkpointing): SeriesOps<BlockedSeries> => ({
  fromRows: (x) => toBlocked(x, block),
  rows: fromBlocked,
  channels: ({ channels }) => channels,
  conv: (series, taps, withRelu) =>
    blockedConv1d(series, taps.weight, taps.bias, {
      dilation: taps.dilation,
      padBefore: reachOf(taps),
      relu: withRelu,
    }),
  add: blockedAdd,
  relu: blockedRelu,
  map: blockedMap,
  averagePool: blockedAveragePool,
  upsample: blockedUpsample,
  step: blockedStep,
  mean: blockedMean,
  segment(series, part) {
    let { channels } = series;
    const value = checkpointed(checkpointing, series.value, (inside) => {
      const made = part({ ...series, value: inside });
      channels = made.channels;
      return made.value;
    });
    return { value, channels, block };
  },
});

/** Runs a definition that is the same for all layouts in the one asked for. */
export function inLayout<Result>(
  { layout, checkpointing }: BuildOptions,
  define: <S>(ops: SeriesOps<S>) => Result,
): Result {
  const block = blockOf(layout);
  if (block !== undefined) return define(blocked(block, checkpointing));
  return define(layout === 'channelsFirst' ? channelsFirst(checkpointing) : channelsLast(checkpointing));
}

/** @throws FrontierError BAD_INPUT where the layout is blocked and the channels do not fill whole blocks */
export function checkLayout({ layout }: Pick<BuildOptions, 'layout'>, channels: number): void {
  const block = blockOf(layout);
  if (block === undefined || channels % block === 0) return;
  throw new FrontierError(
    'BAD_INPUT',
    `${channels} channels do not fill blocks of ${block}`,
    `Make the channels a multiple of ${block}, or choose the layout auto or channelsFirst.`,
  );
}
