import type { Value } from '../../tensor/graph.ts';
import type { BuildOptions, ModelScope } from '../../tensor/model.ts';
import {
  add,
  concat,
  conv1d,
  convTranspose1d,
  gemm,
  groupNorm,
  mul,
  padAxis,
  reshape,
  scalarLike,
  attention as selfAttention,
  silu,
  slice,
  split,
  standardize,
  transpose,
} from '../../tensor/ops/index.ts';
import { heNormal, type Initializer, normalOf, zeros } from '../../tensor/parameters.ts';
import { checkpointed, recompute } from '../../tensor/recompute.ts';

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
}

/** A series being denoised: [rows * paths, channels, time], each row's paths side by side. */
interface Flow {
  readonly x: Value;
  /** [rows, embedding], the same for all paths of a row. */
  readonly embedding: Value;
  readonly paths: number;
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

interface ConvShape {
  readonly taps: number;
  readonly stride?: number;
  readonly pad: number;
  readonly init?: Initializer;
}

function conv(parameter: Parameters, name: string, x: Value, outputs: number, shape: ConvShape): Value {
  const inputs = x.shape[1]!;
  const { taps, stride = 1, pad, init = heNormal(inputs * taps) } = shape;
  const w = parameter(`${name}.weight`, [outputs, inputs, taps], init);
  const b = parameter(`${name}.bias`, [outputs], zeros);
  return conv1d(x, w, b, { stride, padBefore: pad, padAfter: pad });
}

function normed(parameter: Parameters, name: string, x: Value, groups: number): Value {
  const channels = x.shape[1]!;
  const gain = parameter(`${name}.gain`, [channels], { kind: 'constant', value: 1 });
  return groupNorm(x, Math.min(groups, channels), gain, parameter(`${name}.shift`, [channels], zeros));
}

/** Scales and shifts each channel by what the embedding says: FiLM, Perez et al. (2018). */
function film(parameter: Parameters, name: string, h: Value, { embedding, paths }: Flow): Value {
  const channels = h.shape[1]!;
  const time = h.shape[2]!;
  const both = dense(parameter, name, embedding, 2 * channels, normalOf(0.02));
  const [gain, shift] = split(both, [channels, channels], 1).map((part) =>
    reshape(part, [-1, 1, channels, 1]),
  ) as [Value, Value];
  const wide = reshape(h, [-1, paths, channels, time]);
  const moved = add(mul(wide, add(gain, scalarLike(gain, 1))), shift);
  return reshape(moved, [-1, channels, time]);
}

/** Normalise, activate, convolve; condition; activate, convolve; add the input. The block's last weights start at 0. */
function residualBlock(
  parameter: Parameters,
  name: string,
  flow: Flow,
  outputs: number,
  groups: number,
): Value {
  const { x } = flow;
  const first = silu(normed(parameter, `${name}.norm1`, x, groups));
  const h = conv(parameter, `${name}.conv1`, first, outputs, { taps: 3, pad: 1 });
  // The condition scales and shifts each channel, so the normalisation before it needs no scale of its own.
  const grouped = Math.min(groups, outputs);
  const rows = standardize(reshape(h, [-1, grouped, (outputs / grouped) * h.shape[2]!]));
  const conditioned = film(parameter, `${name}.film`, reshape(rows, [-1, outputs, h.shape[2]!]), flow);
  const last = conv(parameter, `${name}.conv2`, silu(conditioned), outputs, { taps: 3, pad: 1, init: zeros });
  const skip =
    x.shape[1] === outputs
      ? x
      : conv(parameter, `${name}.skip`, x, outputs, { taps: 1, pad: 0, init: normalOf(x.shape[1]! ** -0.5) });
  return add(last, skip);
}

/** Self-attention over time, Vaswani et al. (2017), added to its input. */
function attended(
  parameter: Parameters,
  name: string,
  x: Value,
  { groups, heads, attention = 'standard' }: Pick<UnetSizes, 'groups' | 'heads' | 'attention'>,
): Value {
  const [channels, time] = [x.shape[1]!, x.shape[2]!];
  const series = reshape(transpose(normed(parameter, `${name}.norm`, x, groups), [0, 2, 1]), [-1, channels]);
  const qkv = dense(parameter, `${name}.qkv`, series, 3 * channels, normalOf(channels ** -0.5));
  const [q, k, v] = split(qkv, [channels, channels, channels], 1).map((part) =>
    reshape(part, [-1, time, channels]),
  ) as [Value, Value, Value];
  const mixed = selfAttention(q, k, v, { heads, tiled: attention === 'tiled' });
  const out = dense(parameter, `${name}.out`, reshape(mixed, [-1, channels]), channels, zeros);
  return add(x, transpose(reshape(out, [-1, time, channels]), [0, 2, 1]));
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
  const { length, levels, groups, checkpointing = false } = sizes;
  /** A block after what leads to it; only `inputs` and the embedding are kept where checkpoints are wanted. */
  const block = (name: string, inputs: readonly Value[], lead: Lead, outputs: number): Value => {
    const segment = ([told, ...series]: readonly Value[]): readonly [Value] => {
      const flow: Flow = { x: lead(series), embedding: told!, paths };
      return [residualBlock(parameter, name, flow, outputs, groups)];
    };
    const all = [embedding, ...inputs];
    return (checkpointing ? recompute(segment, all) : segment(all))[0]!;
  };
  const widthOf = (level: number): number => sizes.channels * 2 ** level;
  const padded = padAxis(reshape(x, [-1, 1, length]), 2, 0, paddedLength(sizes) - length);
  let h = conv(parameter, 'in', padded, widthOf(0), { taps: 3, pad: 1 });
  const skips: Value[] = [];
  for (let level = 0; level < levels; level++) {
    h = block(`down${level}`, [h], ([input]) => input!, widthOf(level));
    if (level === levels - 1) break;
    skips.push(h);
    h = conv(parameter, `down${level}.stride`, h, widthOf(level), { taps: 4, stride: 2, pad: 1 });
  }
  const lead: Lead = ([input]) => attended(parameter, 'attention', input!, sizes);
  h = block('middle', [h], lead, widthOf(levels - 1));
  for (let level = levels - 2; level >= 0; level--) {
    const [from, to] = [widthOf(level + 1), widthOf(level)];
    const w = parameter(`up${level}.stride.weight`, [from, to, 4], heNormal(2 * from));
    const b = parameter(`up${level}.stride.bias`, [to], zeros);
    const joined: Lead = ([coarse, skip]) =>
      concat([convTranspose1d(coarse!, w, b, { stride: 2, cropBefore: 1, cropAfter: 1 }), skip!], 1);
    h = block(`up${level}`, [h, skips[level]!], joined, to);
  }
  const out = checkpointed(checkpointing, h, (last) =>
    conv(parameter, 'out', silu(normed(parameter, 'out.norm', last, groups)), 1, {
      taps: 3,
      pad: 1,
      init: zeros,
    }),
  );
  const whole = reshape(out, [-1, out.shape[2]!]);
  return out.shape[2] === length ? whole : slice(whole, 1, 0, length);
}
