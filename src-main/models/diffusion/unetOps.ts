import type { Value } from '../../tensor/graph.ts';
import {
  add,
  type BlockedSeries,
  blockedConv1d,
  blockedDouble,
  blockedFirstChannel,
  blockedGroupNorm,
  blockedHalve,
  conv1d,
  convTranspose1d,
  fromBlocked,
  groupNorm,
  mul,
  padAxis,
  reshape,
  standardize,
  toBlocked,
  transpose,
} from '../../tensor/ops/index.ts';

/** A convolution's parameters as they are kept. */
export interface ConvWeights {
  /** [taps, in, out] */
  readonly weight: Value;
  /** [out] */
  readonly bias: Value;
}

/** Scale and shift of a normalisation: [channels], or [rows, channels] where each row has its own. */
export interface Affine {
  readonly gain: Value;
  readonly shift: Value;
}

/**
 * What the U-Net does with series in one order of axes. In every order axis 1 of a value is its channels and axis 2
 * its time; elementwise functions and joining channels need no functions of their own.
 */
export interface UnetOps {
  /** [series, time], one channel, into the order. */
  open(x: Value): Value;
  /** A convolution to one channel and out of the order: [series, time]. */
  close(x: Value, weights: ConvWeights): Value;
  /** Convolution with an odd number of taps, of the same length. */
  conv(x: Value, weights: ConvWeights): Value;
  /** Convolution with 4 taps to half the length. */
  halve(x: Value, weights: ConvWeights): Value;
  /** Transposed convolution with 4 taps to twice the length. */
  double(x: Value, weights: ConvWeights): Value;
  /** Group normalisation, then gain and shift. */
  norm(x: Value, groups: number, affine: Affine): Value;
  /** Out of the order: [series, time, channels]. */
  rows(x: Value): Value;
  /** Back from `rows`. */
  fromRows(rows: Value): Value;
}

/** Steps that a convolution sees beyond either end. */
const padOf = ({ weight }: ConvWeights): number => (weight.shape[0]! - 1) / 2;
/** Of the convolutions with 4 taps and stride 2. */
const ONE_EACH = { padBefore: 1, padAfter: 1 } as const;

/**
 * [series, channels, time].
 * @param paths series of each row, side by side
 */
export const channelsFirstOps = (paths: number): UnetOps => ({
  open: (x) => reshape(x, [-1, 1, x.shape[1]!]),
  close(x, weights) {
    return reshape(this.conv(x, weights), [-1, x.shape[2]!]);
  },
  conv(x, weights) {
    const pad = padOf(weights);
    const w = transpose(weights.weight, [2, 1, 0]);
    return conv1d(x, w, weights.bias, { padBefore: pad, padAfter: pad });
  },
  halve: (x, { weight, bias }) => conv1d(x, transpose(weight, [2, 1, 0]), bias, { stride: 2, ...ONE_EACH }),
  double: (x, { weight, bias }) =>
    convTranspose1d(x, transpose(weight, [1, 2, 0]), bias, { stride: 2, cropBefore: 1, cropAfter: 1 }),
  norm(x, groups, { gain, shift }) {
    if (gain.shape.length === 1) return groupNorm(x, groups, gain, shift);
    const [, channels, time] = x.shape as [number, number, number];
    const rows = standardize(reshape(x, [-1, groups, (channels / groups) * time]));
    const ofRow = (a: Value): Value => reshape(a, [-1, 1, channels, 1]);
    const moved = add(mul(reshape(rows, [-1, paths, channels, time]), ofRow(gain)), ofRow(shift));
    return reshape(moved, [-1, channels, time]);
  },
  rows: (x) => transpose(x, [0, 2, 1]),
  fromRows: (rows) => transpose(rows, [0, 2, 1]),
});

/** [1, channels, time, series] in blocks of channels: see `BlockedSeries`. One series per row. */
export function blockedOps(block: number): UnetOps {
  const series = (value: Value): BlockedSeries => ({ value, channels: value.shape[1]!, block });
  const conv = (x: Value, weights: ConvWeights): Value => {
    const pad = padOf(weights);
    return blockedConv1d(series(x), weights.weight, weights.bias, { padBefore: pad, padAfter: pad }).value;
  };
  return {
    open: (x) => toBlocked(reshape(x, [-1, x.shape[1]!, 1]), block).value,
    close(x, { weight, bias }) {
      const added = block - bias.shape[0]!;
      const whole = { weight: padAxis(weight, 2, 0, added), bias: padAxis(bias, 0, 0, added) };
      return blockedFirstChannel(series(conv(x, whole)));
    },
    conv,
    halve: (x, { weight, bias }) => blockedHalve(series(x), weight, bias, ONE_EACH).value,
    double: (x, { weight, bias }) => blockedDouble(series(x), weight, bias, ONE_EACH).value,
    norm: (x, groups, { gain, shift }) => blockedGroupNorm(series(x), groups, gain, shift).value,
    rows: (x) => fromBlocked(series(x)),
    fromRows: (rows) => toBlocked(rows, block).value,
  };
}
