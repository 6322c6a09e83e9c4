import { shapeError, type Value } from '../graph.ts';
import { withGradient } from '../regions.ts';
import { type BlockedSeries, blockedConv1d, blockedFrom, inMemory } from './conv-blocked.ts';
import { add, div, mul, scalarLike, sqrt, sub } from './elementwise.ts';
import { matmul } from './matrix.ts';
import { NORM_EPSILON } from './normalize.ts';
import { reduceMean, reduceSum } from './reduce.ts';
import { concat, expand, gather, padAxis, reshape, slice, transpose } from './shape.ts';

// What networks do with series in blocks of channels besides convolving them: see `conv-blocked.ts`.

/** Geometry of a convolution with stride 2, or of the transposed one that is its mirror. */
export interface HalvingOptions {
  /** Zeros before and after the longer series. */
  readonly padBefore?: number;
  readonly padAfter?: number;
}

/**
 * 1-D convolution with stride 2: what `conv1d` computes. Even and odd steps become channels side by side, of which a
 * convolution with half as many taps and stride 1 is taken.
 * @param w [taps, in, out], an even number of taps
 * @throws FrontierError INTERNAL where the taps or the padded steps are odd, or `in` is not the series' channels
 */
export function blockedHalve(
  series: BlockedSeries,
  w: Value,
  bias: Value,
  { padBefore = 0, padAfter = 0 }: HalvingOptions = {},
): BlockedSeries {
  const { channels, block } = series;
  const [taps, given, out] = w.shape as [number, number, number];
  const padded = padAxis(inMemory(series), 1, padBefore, padAfter);
  const time = padded.shape[1]!;
  if (taps % 2 !== 0 || time % 2 !== 0 || given !== channels) {
    throw shapeError('blockedHalve', [series.value, w], 'wants even taps and steps');
  }
  const pairs = reshape(padded, [channels / block, time / 2, 2, -1]);
  const apart = reshape(transpose(pairs, [2, 0, 1, 3]), [(2 * channels) / block, time / 2, -1, block]);
  return blockedConv1d(blockedFrom(apart, block), reshape(w, [taps / 2, 2 * channels, out]), bias);
}

/**
 * Transposed 1-D convolution with stride 2: what `convTranspose1d` computes, cropped by what the mirrored convolution
 * pads. One convolution with half as many taps gives even and odd steps as channels side by side, which are then put
 * in turn.
 * @param w [taps, in, out], an even number of taps
 * @throws FrontierError INTERNAL where the taps are odd or `in` is not the series' channels
 */
export function blockedDouble(
  series: BlockedSeries,
  w: Value,
  bias: Value,
  { padBefore = 0, padAfter = 0 }: HalvingOptions = {},
): BlockedSeries {
  const { channels, block } = series;
  const [taps, given, out] = w.shape as [number, number, number];
  if (taps % 2 !== 0 || given !== channels) {
    throw shapeError('blockedDouble', [series.value, w], 'wants even taps');
  }
  const reach = taps / 2 - 1;
  // Tap 0 of a transposed convolution is the newest input step.
  const order = Array.from({ length: reach + 1 }, (_, i) => reach - i);
  const parts = gather(
    reshape(w, [reach + 1, 2, channels, out]),
    w.graph.constant('int32', [reach + 1], order),
  );
  const filter = reshape(transpose(parts, [0, 2, 1, 3]), [reach + 1, channels, 2 * out]);
  const both = concat([bias, bias], 0);
  const apart = blockedConv1d(series, filter, both, { padBefore: reach, padAfter: reach });
  const time = apart.value.shape[2]!;
  const pairs = transpose(reshape(apart.value, [2, out / block, time, -1]), [1, 2, 0, 3]);
  const whole = reshape(pairs, [out / block, 2 * time, -1, block]);
  return blockedFrom(slice(whole, 1, padBefore, 2 * time - padAfter), block);
}

/** How the groups of a normalisation lie in blocks: whole blocks make a group, or groups share a block. */
interface Grouping {
  /** Regions of whole blocks that hold whole groups. */
  readonly regions: number;
  /** Blocks of a region. */
  readonly blocks: number;
  /** Averages a region's sums over its blocks and steps by group, [block, block]. */
  readonly averages: Value;
}

/** Whether groups of so many channels can be normalised in blocks. */
export const fitsBlocks = (perGroup: number, block: number): boolean =>
  perGroup % block === 0 || block % perGroup === 0;

function groupingOf({ value, channels, block }: BlockedSeries, groups: number): Grouping {
  const perGroup = channels / groups;
  if (!Number.isInteger(perGroup) || !fitsBlocks(perGroup, block)) {
    throw shapeError('blockedGroupNorm', [value], `${channels} channels in ${groups} groups`);
  }
  const blocks = Math.max(1, perGroup / block);
  const lanes = Math.min(perGroup, block);
  const share = 1 / (perGroup * value.shape[2]!);
  const averages = Float32Array.from({ length: block * block }, (_, i) =>
    Math.floor(Math.floor(i / block) / lanes) === Math.floor((i % block) / lanes) ? share : 0,
  );
  return {
    regions: channels / block / blocks,
    blocks,
    averages: value.graph.constant('float32', [block, block], averages),
  };
}

/** [channels] or [batch, channels] beside [channels / block, 1, batch, block]. */
function perChannel(a: Value, { channels, block }: BlockedSeries): Value {
  const parts = reshape(a, [-1, channels / block, block]);
  const turned = transpose(parts, [1, 0, 2]);
  return reshape(turned, [channels / block, 1, -1, block]);
}

/**
 * Group normalisation (Wu and He 2018), then scale and shift: what `groupNorm` computes. Statistics are sums over
 * time, which is an outer axis here, and a small product over the channels; scale and deviation are multiplied first,
 * so that the series is passed over twice where separate steps took four passes.
 *
 * @param gain [channels], or [batch, channels] where each sample has its own; so `shift`
 * @throws FrontierError INTERNAL where a group is neither whole blocks nor a whole part of one
 */
export function blockedGroupNorm(
  series: BlockedSeries,
  groups: number,
  gain: Value,
  shift: Value,
  epsilon = NORM_EPSILON,
): BlockedSeries {
  const { channels, block } = series;
  const [, , time, batch] = series.value.shape as [number, number, number, number];
  const grouping = groupingOf(series, groups);
  const wide = [channels / block, time, batch * block];
  const [y] = withGradient(
    [series.value, perChannel(gain, series), perChannel(shift, series)],
    ([x, g, h]) => {
      const rows = reshape(x!, [grouping.regions, grouping.blocks * time, batch * block]);
      const centred = sub(rows, groupMeans(reduceSum(rows, [1]), grouping, block));
      const variance = groupMeans(reduceSum(mul(centred, centred), [1]), grouping, block);
      const inverse = div(scalarLike(x!, 1), sqrt(add(variance, scalarLike(x!, epsilon))));
      const scaled = mul(reshape(centred, wide), scaleOf(inverse, g!, grouping, block));
      const shifted = add(
        scaled,
        reshape(expand(h!, [channels / block, 1, batch, block]), [-1, 1, batch * block]),
      );
      return { outputs: [reshape(shifted, x!.shape)], saved: [centred, inverse] };
    },
    ([d], { inputs: [x, g, h], saved: [centred, inverse], needs }) => {
      const slopes = reshape(d!, wide);
      const sums = reduceSum(slopes, [1], true);
      const products = reduceSum(mul(slopes, reshape(centred!, wide)), [1], true);
      return [
        needs[0] ? reshape(normGradient(), x!.shape) : undefined,
        needs[1] ? toParameter(mulRegions(products, inverse!, grouping), g!) : undefined,
        needs[2] ? toParameter(sums, h!) : undefined,
      ];

      // With n = centred * inverse: inverse (d g - mean(d g) - n mean(d g n)), means over each group.
      function normGradient(): Value {
        const scale = scaleOf(inverse!, g!, grouping, block);
        const scaledSums = regionSums(mul(sums, scale), grouping);
        const scaledProducts = regionSums(mul(products, scale), grouping);
        const constant = groupMeans(scaledSums, grouping, block);
        const slope = mul(mul(inverse!, inverse!), groupMeans(scaledProducts, grouping, block));
        const away = add(mul(centred!, slope), constant);
        return sub(mul(slopes, scale), reshape(away, wide));
      }
    },
  );
  return { ...series, value: y! };
}

/** Sums of each lane [regions, batch * block] into the means of their groups, [regions, 1, batch * block]. */
function groupMeans(sums: Value, { regions, averages }: Grouping, block: number): Value {
  return reshape(matmul(reshape(sums, [-1, block]), averages), [regions, 1, -1]);
}

/** Sums over the blocks of each region: [channels / block, 1, batch * block] -> [regions, batch * block]. */
function regionSums(a: Value, { regions, blocks }: Grouping): Value {
  return blocks === 1 ? reshape(a, [regions, -1]) : reduceSum(reshape(a, [regions, blocks, -1]), [1]);
}

/** A figure of each lane times one of its region: [channels / block, 1, batch * block]. */
function mulRegions(a: Value, ofRegion: Value, { regions, blocks }: Grouping): Value {
  if (blocks === 1) return mul(a, ofRegion);
  return reshape(mul(reshape(a, [regions, blocks, -1]), ofRegion), [regions * blocks, 1, -1]);
}

/** 1 / deviation times gain, [channels / block, 1, batch * block]. */
function scaleOf(inverse: Value, gain: Value, { regions, blocks }: Grouping, block: number): Value {
  const own = gain.shape[2]!;
  const product = mul(
    reshape(inverse, [regions, 1, -1, block]),
    reshape(gain, [regions, blocks, own, block]),
  );
  return reshape(product, [regions * blocks, 1, -1]);
}

/** The gradient of a gain or shift from that of each sample: summed over the batch where all share it. */
function toParameter(d: Value, like: Value): Value {
  const [blocks, , own, block] = like.shape as [number, number, number, number];
  const parts = reshape(d, [blocks, -1, block]);
  return reshape(own === 1 ? reduceSum(parts, [1]) : parts, like.shape);
}

/** The first channel, [batch, time]. */
export function blockedFirstChannel(series: BlockedSeries): Value {
  const steps = slice(slice(inMemory(series), 0, 0, 1), 3, 0, 1);
  return transpose(reshape(steps, [series.value.shape[2]!, -1]), [1, 0]);
}

/** One step of a series, [batch, channels]. */
export function blockedStep(series: BlockedSeries, step: number): Value {
  const picked = slice(inMemory(series), 1, step, step + 1);
  const { channels, block } = series;
  const rows = transpose(reshape(picked, [channels / block, -1, block]), [1, 0, 2]);
  return reshape(rows, [-1, channels]);
}

/** Mean over time, [batch, channels]. */
export function blockedMean(series: BlockedSeries): Value {
  const { channels } = series;
  return reshape(transpose(reduceMean(inMemory(series), [1]), [1, 0, 2]), [-1, channels]);
}

/**
 * Means of each `by` neighbouring steps; the length of the series must be a multiple of it.
 * @throws FrontierError INTERNAL where it is not
 */
export function blockedAveragePool(series: BlockedSeries, by: number): BlockedSeries {
  const { value, channels, block } = series;
  const time = value.shape[2]!;
  if (time % by !== 0) throw shapeError('blockedAveragePool', [value], `${time} steps by ${by}`);
  const parts = reshape(value, [channels / block, time / by, by, -1]);
  const means = reshape(reduceMean(parts, [2]), [channels / block, time / by, -1, block]);
  return blockedFrom(means, block);
}

/** Repeats each step `by` times. */
export function blockedUpsample(series: BlockedSeries, by: number): BlockedSeries {
  const { value, channels, block } = series;
  const time = value.shape[2]!;
  const steps = reshape(value, [channels / block, time, 1, -1]);
  // Adding zeros repeats whatever the batch is, and its gradient is one sum.
  const zeros = value.graph.constant('float32', [by, 1], new Float32Array(by));
  const repeated = add(steps, zeros);
  return blockedFrom(reshape(repeated, [channels / block, time * by, -1, block]), block);
}
