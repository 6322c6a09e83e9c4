import type { Value } from '../../tensor/graph.ts';
import type { BuildOptions, ModelScope } from '../../tensor/model.ts';
import {
  add,
  concat,
  gemm,
  padAxis,
  reshape,
  scalarLike,
  attention as selfAttention,
  silu,
  slice,
  split,
} from '../../tensor/ops/index.ts';
import { heNormal, type Initializer, normalOf, zeros } from '../../tensor/parameters.ts';
import { checkpointed, recompute } from '../../tensor/recompute.ts';
import { type Affine, blockedOps, type ConvWeights, channelsFirstOps, type UnetOps } from './unetOps.ts';

/** Sizes of a denoising network. */
export interface UnetSizes {
  /** Steps of the series. */
  readonly length: number;
  /** Channels of the finest level; each coarser one has twice as many. */
  readonly channels: number;
  /** Resolutions, the finest counted. */
  readonly levels: number;
  /** Groups of the normalisation. */
  readonly groups: number;
  /** Heads of the attention at the bottleneck. */
  readonly heads: number;
  /** Width of the embedding of time and condition. */
  readonly embedding: number;
  /** Whether the insides of the blocks are computed again in the backward pass instead of being kept. Default false. */
  readonly checkpointing?: boolean;
  /** Whether attention is computed as a whole or tile by tile. Default standard. */
  readonly attention?: BuildOptions['attention'];
  /** Channels of a block, where series are kept in blocks (`BlockedSeries`): in training only. */
  readonly block?: 4 | 8 | 16 | undefined;
}

/** A series being denoised. */
interface Flow {
  /** In the order of `ops`; each row's paths side by side. */
  readonly x: Value;
  /** [rows, embedding], the same for all paths of a row. */
  readonly embedding: Value;
  readonly ops: UnetOps;
}

/** What comes before a block, from the series it is made of. */
type Lead = (inputs: readonly Value[]) => Value;

/** Where a network takes its parameters from. */
export type Parameters = ModelScope['parameter'];

/**
 * Parameters that may be asked for again, as a network that is unrolled over sampling steps does; the scope's own are
 * asked for once.
 */
export function sharedParameters(scope: ModelScope): Parameters {
  const made = new Map<string, Value>();
  return (name, shape, init) => {
    const known = made.get(name);
    if (known) return known;
    const value = scope.parameter(name, shape, init);
    made.set(name, value);
    return value;
  };
}

/** x w + b for x [rows, in]. */
export function dense(
  parameter: Parameters,
  name: string,
  x: Value,
  outputs: number,
  init: Initializer,
): Value {
  const w = parameter(`${name}.weight`, [x.shape[1]!, outputs], init);
  return gemm(x, w, parameter(`${name}.bias`, [outputs], zeros));
}

/** How a convolution's parameters start. */
interface ConvStart {
  readonly taps: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly init?: Initializer;
}

function convWeights(parameter: Parameters, name: string, start: ConvStart): ConvWeights {
  const { taps, inputs, outputs, init = heNormal(inputs * taps) } = start;
  return {
    weight: parameter(`${name}.weight`, [taps, inputs, outputs], init),
    bias: parameter(`${name}.bias`, [outputs], zeros),
  };
}

function normed(parameter: Parameters, name: string, { x, ops }: Flow, groups: number): Value {
  const channels = x.shape[1]!;
  return ops.norm(x, Math.min(groups, channels), {
    gain: parameter(`${name}.gain`, [channels], { kind: 'constant', value: 1 }),
    shift: parameter(`${name}.shift`, [channels], zeros),
  });
}

/** Scale and shift of each channel by what the embedding says: FiLM, Perez et al. (2018). */
function film(parameter: Parameters, name: string, embedding: Value, channels: number): Affine {
  const both = dense(parameter, name, embedding, 2 * channels, normalOf(0.02));
  const [gain, shift] = split(both, [channels, channels], 1) as [Value, Value];
  return { gain: add(gain, scalarLike(gain, 1)), shift };
}

/** Normalise, activate, convolve; condition; activate, convolve; add the input. The block's last weights start at 0. */
function residualBlock(
  parameter: Parameters,
  name: string,
  flow: Flow,
  outputs: number,
  groups: number,
): Value {
  const { x, embedding, ops } = flow;
  const inputs = x.shape[1]!;
  const conv = (part: string, series: Value, start: Omit<ConvStart, 'outputs'>): Value =>
    ops.conv(series, convWeights(parameter, `${name}.${part}`, { ...start, outputs }));
  const first = silu(normed(parameter, `${name}.norm1`, flow, groups));
  const h = conv('conv1', first, { taps: 3, inputs });
  // The condition scales and shifts each channel, so the normalisation before it needs no scale of its own.
  const told = film(parameter, `${name}.film`, embedding, outputs);
  const conditioned = ops.norm(h, Math.min(groups, outputs), told);
  const last = conv('conv2', silu(conditioned), { taps: 3, inputs: outputs, init: zeros });
  const skip = inputs === outputs ? x : conv('skip', x, { taps: 1, inputs, init: normalOf(inputs ** -0.5) });
  return add(last, skip);
}

/** Self-attention over time, Vaswani et al. (2017), added to its input. */
function attended(
  parameter: Parameters,
  name: string,
  flow: Flow,
  { groups, heads, attention = 'standard' }: Pick<UnetSizes, 'groups' | 'heads' | 'attention'>,
): Value {
  const { x, ops } = flow;
  const [channels, time] = [x.shape[1]!, x.shape[2]!];
  const rows = reshape(ops.rows(normed(parameter, `${name}.norm`, flow, groups)), [-1, channels]);
  const qkv = dense(parameter, `${name}.qkv`, rows, 3 * channels, normalOf(channels ** -0.5));
  const [q, k, v] = split(qkv, [channels, channels, channels], 1).map((part) =>
    reshape(part, [-1, time, channels]),
  ) as [Value, Value, Value];
  const mixed = selfAttention(q, k, v, { heads, tiled: attention === 'tiled' });
  const out = dense(parameter, `${name}.out`, reshape(mixed, [-1, channels]), channels, zeros);
  return add(x, ops.fromRows(reshape(out, [-1, time, channels])));
}

/** Smallest length from `length` on that can be halved at each level. */
export function paddedLength({ length, levels }: Pick<UnetSizes, 'length' | 'levels'>): number {
  const step = 2 ** (levels - 1);
  return Math.ceil(length / step) * step;
}

/**
 * Temporal U-Net after Janner et al. (2022): residual blocks at each resolution, halved by strided and doubled by
 * transposed convolutions, skips between equal resolutions, attention at the coarsest one.
 *
 * @param x noisy series [rows * paths, length]
 * @param embedding [rows, embedding]
 * @returns the noise in x, [rows * paths, length]
 */
export function unet(
  parameter: Parameters,
  sizes: UnetSizes,
  x: Value,
  embedding: Value,
  paths: number,
): Value {
  const { length, levels, groups, checkpointing = false, block: channelBlock } = sizes;
  const ops = channelBlock === undefined ? channelsFirstOps(paths) : blockedOps(channelBlock);
  /** A block after what leads to it; only `inputs` and the embedding are kept where checkpoints are wanted. */
  const block = (name: string, inputs: readonly Value[], lead: Lead, outputs: number): Value => {
    const segment = ([told, ...series]: readonly Value[]): readonly [Value] => {
      const flow: Flow = { x: lead(series), embedding: told!, ops };
      return [residualBlock(parameter, name, flow, outputs, groups)];
    };
    const all = [embedding, ...inputs];
    return (checkpointing ? recompute(segment, all) : segment(all))[0]!;
  };
  const widthOf = (level: number): number => sizes.channels * 2 ** level;
  const padded = ops.open(padAxis(x, 1, 0, paddedLength(sizes) - length));
  const convOf = (
    name: string,
    taps: number,
    inputs: number,
    outputs: number,
    init?: Initializer,
  ): ConvWeights => convWeights(parameter, name, { taps, inputs, outputs, ...(init ? { init } : {}) });
  let h = ops.conv(padded, convOf('in', 3, 1, widthOf(0)));
  const skips: Value[] = [];
  for (let level = 0; level < levels; level++) {
    const width = widthOf(level);
    h = block(`down${level}`, [h], ([input]) => input!, width);
    if (level === levels - 1) break;
    skips.push(h);
    h = ops.halve(h, convOf(`down${level}.stride`, 4, width, width));
  }
  const lead: Lead = ([input]) => attended(parameter, 'attention', { x: input!, embedding, ops }, sizes);
  h = block('middle', [h], lead, widthOf(levels - 1));
  for (let level = levels - 2; level >= 0; level--) {
    const [from, to] = [widthOf(level + 1), widthOf(level)];
    // Of 4 taps in steps of 2, each step of the result sees 2.
    const up = convOf(`up${level}.stride`, 4, from, to, heNormal(2 * from));
    const joined: Lead = ([coarse, skip]) => concat([ops.double(coarse!, up), skip!], 1);
    h = block(`up${level}`, [h, skips[level]!], joined, to);
  }
  const last = convOf('out', 3, widthOf(0), 1, zeros);
  const out = checkpointed(checkpointing, h, (inner) =>
    ops.close(silu(normed(parameter, 'out.norm', { x: inner, embedding, ops }, groups)), last),
  );
  return out.shape[1] === length ? out : slice(out, 1, 0, length);
}
