import type { Value } from '../../tensor/graph.ts';
import type { ModelScope } from '../../tensor/model.ts';
import { reshape } from '../../tensor/ops/shape.ts';
import { heNormal, type Initializer, normalOf, zeros } from '../../tensor/parameters.ts';
import { type Activation, activate } from './layers.ts';
import type { SeriesOps, Taps } from './tcnSeries.ts';

/** What the levels of a temporal convolutional network have in common. */
export interface LevelSettings {
  readonly channels: number;
  readonly levels: number;
  readonly kernelSize: number;
  readonly activation: Activation;
  readonly residual: boolean;
  readonly convsPerLevel: 1 | 2;
}

/** A convolution's parameters as they are kept: [taps * in, out] (tap 0 is the oldest step) and [out]. */
export interface ConvParameters {
  readonly weight: Value;
  readonly bias: Value;
}

export interface LevelParameters {
  /** One or two. */
  readonly convs: readonly ConvParameters[];
  /** A 1x1 convolution of the level's input, where its channels differ; with two convolutions only. */
  readonly skip?: ConvParameters;
  /** Whether the level's input is added to its output. */
  readonly adds: boolean;
}

function convParameters(
  scope: ModelScope,
  names: readonly [string, string],
  fanIn: number,
  out: number,
  init: Initializer = heNormal(fanIn),
): ConvParameters {
  const [weight, bias] = names;
  return {
    weight: scope.parameter(weight, [fanIn, out], init),
    bias: scope.parameter(bias, [out], zeros),
  };
}

/** @param name prefix of the parameters' names, e.g. `level0` */
export function levelParameters(
  scope: ModelScope,
  { channels, levels, kernelSize, residual, convsPerLevel }: LevelSettings,
  name: string,
  inputs: number,
): LevelParameters {
  const first = convParameters(scope, [`${name}.weight`, `${name}.bias`], kernelSize * inputs, channels);
  if (convsPerLevel === 1) return { convs: [first], adds: residual && inputs === channels };
  const names = [`${name}.weight2`, `${name}.bias2`] as const;
  const fanIn = kernelSize * channels;
  // Each level adds to the sum of those before it: the smaller by their number, so that the sum keeps its scale.
  const second = convParameters(scope, names, fanIn, channels, normalOf(Math.sqrt(1 / (levels * fanIn))));
  const convs = [first, second];
  if (!residual || inputs === channels) return { convs, adds: residual };
  return {
    convs,
    adds: true,
    skip: convParameters(
      scope,
      [`${name}.skip`, `${name}.skipBias`],
      inputs,
      channels,
      normalOf(1 / Math.sqrt(inputs)),
    ),
  };
}

const tapsOf = ({ weight, bias }: ConvParameters, inputs: number, dilation: number): Taps => {
  const [fanIn, out] = weight.shape as [number, number];
  return { weight: reshape(weight, [fanIn / inputs, inputs, out]), bias, dilation };
};

/**
 * One level over every step. With one convolution the input is added after the nonlinearity where the channels
 * agree; with two it is the block of Bai, Kolter and Koltun (2018): nonlinearity after each, input (through a 1x1
 * convolution where the channels differ) added, nonlinearity.
 */
function level<S>(
  ops: SeriesOps<S>,
  settings: LevelSettings,
  parameters: LevelParameters,
  x: S,
  dilation: number,
  inputs: number,
): S {
  const { activation, convsPerLevel } = settings;
  const conv = (series: S, own: ConvParameters, from: number): S => {
    const rectified = activation === 'relu';
    const y = ops.conv(series, tapsOf(own, from, dilation), rectified);
    return rectified ? y : ops.map(y, (value) => activate(activation, value));
  };
  const [first, second] = parameters.convs as [ConvParameters, ConvParameters | undefined];
  const once = conv(x, first, inputs);
  const y = second ? conv(once, second, settings.channels) : once;
  if (!parameters.adds) return y;
  if (convsPerLevel === 1) return ops.add(y, x);
  const around = parameters.skip ? ops.conv(x, tapsOf(parameters.skip, inputs, 1), false) : x;
  const sum = ops.add(y, around);
  return activation === 'relu' ? ops.relu(sum) : ops.map(sum, (value) => activate(activation, value));
}

/**
 * A stack of levels over every step, level i dilated by 2^i.
 * @param inputs channels of `x` that carry something
 * @param prefix of the parameters' names
 */
export function everyLevel<S>(
  ops: SeriesOps<S>,
  scope: ModelScope,
  settings: LevelSettings,
  x: S,
  inputs: number,
  prefix = '',
): S {
  let series = x;
  for (let i = 0; i < settings.levels; i++) {
    const from = i === 0 ? inputs : settings.channels;
    const parameters = levelParameters(scope, settings, `${prefix}level${i}`, from);
    series = ops.segment(series, (input) => level(ops, settings, parameters, input, 2 ** i, from));
  }
  return series;
}
