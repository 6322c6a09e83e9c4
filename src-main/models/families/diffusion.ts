import { z } from 'zod';
import { FrontierError } from '../../../src-shared/errors.ts';
import { integerBelow, normal } from '../../../src-shared/runtime.ts';
import { blockOf, type ConvLayout, type ModelSize, type StepInput } from '../../tensor/model.ts';
import { fitsBlocks, scale } from '../../tensor/ops/index.ts';
import {
  type DenoiserSettings,
  denoisingLoss,
  drawFutures,
  encodeWindow,
  type FanSettings,
  LOSS_WEIGHTINGS,
  quantileFan,
  wholeWindow,
} from '../diffusion/forecaster.ts';
import { SOLVERS } from '../diffusion/sampler.ts';
import { LEAST_STEPS, NOISE_SCHEDULES, type NoiseSchedule, noiseSchedule } from '../diffusion/schedule.ts';
import { sharedParameters } from '../diffusion/unet.ts';
import type { GradientFamily } from '../family.ts';
import { checkLayout } from './tcnSeries.ts';

/** Longest future that is drawn. */
const LONGEST_HORIZON = 512;
/** Columns of the prediction: middle, lower and upper end. */
const OUTPUTS = 3;
/** Levels of the fan, the output `fan` of the inference graph. */
export const FAN_LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;
const level = z.number().gt(0).lt(1);

const schema = z
  .strictObject({
    /** Channels at full resolution; each halving of the resolution doubles them. A multiple of 4. Default 16. */
    channels: z.int().min(4).max(512).multipleOf(4).default(16),
    /** Resolutions of the U-Net. Default 2. */
    levels: z.int().min(1).max(6).default(2),
    /** Groups of the normalisation. Default 4. */
    groups: z.int().min(1).max(64).default(4),
    /** Heads of the attention at the bottleneck. Default 2. */
    heads: z.int().min(1).max(16).default(2),
    /** Width of the embedding of time and window. Default 32. */
    embedding: z.int().min(4).max(1024).multipleOf(2).default(32),
    /** Channels of the convolutions that read the window. Default 16. */
    encoderChannels: z.int().min(1).max(512).default(16),
    /** How noise grows over the steps. Default cosine. */
    schedule: z.enum(NOISE_SCHEDULES).default('cosine'),
    /** Steps of the noise schedule. Default 200. */
    steps: z.int().min(LEAST_STEPS).max(4000).default(200),
    /** Whether the loss is of the noise (Ho et al. 2020) or of the velocity, which minds the noisy end more. Default noise. */
    weighting: z.enum(LOSS_WEIGHTINGS).default('noise'),
    /** Denoising steps of a forecast. More are slower and follow the learnt distribution more closely. Default 8. */
    samplingSteps: z.int().min(2).max(200).default(8),
    /** How they are taken: see `solverSteps`. Default multistep, which keeps the spread with few steps. */
    solver: z.enum(SOLVERS).default('multistep'),
    /** Futures drawn per forecast, a power of 2. Default 32. */
    paths: z.int().min(2).max(256).refine(isPowerOfTwo, 'must be a power of 2').default(32),
    /** Ends of the interval, as levels of the distribution. Default 0.05 and 0.95. */
    lower: level.default(0.05),
    upper: level.default(0.95),
    /**
     * Usual size of one step in units of the average true range: paths are divided by it, so that the network sees
     * values of about unit variance. Default 0.63, sqrt(pi / 8): the deviation of a Brownian motion's step over its
     * expected range (Feller 1951).
     */
    pathScale: z.number().positive().max(1000).default(0.63),
    /** Limit of a step of the future, in units of `pathScale`. Default 8. */
    clip: z.number().positive().max(1000).default(8),
    /** Seeds the noise that the futures start from. Default 1. */
    noiseSeed: z.int().min(0).max(0xffffffff).default(1),
  })
  .refine((c) => c.lower < c.upper, { message: 'lower must be below upper', path: ['lower'] })
  .refine((c) => c.channels % Math.min(c.groups, c.channels) === 0, {
    message: 'channels must be a multiple of groups',
    path: ['groups'],
  })
  .refine((c) => (c.channels * 2 ** (c.levels - 1)) % c.heads === 0, {
    message: 'the coarsest level must have a multiple of heads as channels',
    path: ['heads'],
  })
  .refine((c) => c.samplingSteps <= c.steps, {
    message: 'must not exceed steps',
    path: ['samplingSteps'],
  });

export type DiffusionConfig = z.infer<typeof schema>;

/** The network and the sampler that settings and sizes amount to. */
export function diffusionParts(
  config: DiffusionConfig,
  horizon: number,
): { readonly denoiser: DenoiserSettings; readonly fan: FanSettings } {
  const {
    channels,
    levels,
    groups,
    heads,
    embedding,
    encoderChannels,
    weighting,
    samplingSteps,
    solver,
    paths,
    clip,
  } = config;
  const schedule = noiseSchedule(config.schedule, config.steps);
  return {
    denoiser: {
      length: horizon,
      channels,
      levels,
      groups,
      heads,
      embedding,
      encoderChannels,
      weighting,
      schedule,
    },
    fan: { samplingSteps, solver, paths, clip, seed: config.noiseSeed },
  };
}

/** What a step of training draws: a step of the schedule per window, and the noise to be found. */
function stepInputs(schedule: NoiseSchedule, horizon: number): StepInput[] {
  return [
    {
      name: 'time',
      dtype: 'int32',
      shape: [],
      draw: (rng, out) => {
        for (let i = 0; i < out.length; i++) out[i] = integerBelow(rng, schedule.steps);
      },
    },
    {
      name: 'noise',
      dtype: 'float32',
      shape: [horizon],
      draw: (rng, out) => {
        for (let i = 0; i < out.length; i++) out[i] = normal(rng);
      },
    },
  ];
}

function horizonOf(size: ModelSize): number {
  const horizon = size.targets ?? size.outputs;
  if (horizon <= LONGEST_HORIZON) return horizon;
  throw new FrontierError(
    'BAD_INPUT',
    `a diffusion forecast of ${horizon} bars is too long`,
    `Use a horizon of at most ${LONGEST_HORIZON} bars, or a longer timeframe.`,
  );
}

/** @throws FrontierError BAD_INPUT where channels or groups of some level do not fill whole blocks */
function checkBlocks({ channels, levels, groups }: DiffusionConfig, layout: ConvLayout, block: number): void {
  checkLayout({ layout }, channels);
  // Where resolutions meet, as many channels come side by side as the coarser one has.
  for (let width = channels; width <= channels * 2 ** (levels - 1); width *= 2) {
    if (fitsBlocks(width / Math.min(groups, width), block)) continue;
    throw new FrontierError(
      'BAD_INPUT',
      `groups of ${width / Math.min(groups, width)} channels do not fit blocks of ${block}`,
      'Make channels / groups a power of 2, or choose the layout auto or channelsFirst.',
    );
  }
}

/**
 * Denoising diffusion over the way of the next bars (Ho et al. 2020) with a temporal U-Net, conditioned on the window.
 *
 * Learns from targets [rows, horizon], the next one-bar returns in units of the volatility (`pathTargets`). Gives
 * y [batch, 3]: middle, lower and upper end of the return over the whole horizon in units of the target of a
 * regressor (`forwardTargets`); and `fan` [batch, 5, horizon]: quantiles of the return up to each bar ahead in
 * units of atr / close, at `FAN_LEVELS`.
 */
export const diffusion: GradientFamily<DiffusionConfig> = {
  name: 'diffusion',
  title: 'Diffusion (temporal U-Net)',
  role: 'diffusion',
  fit: 'gradient',
  layouts: true,
  blocks: true,
  attends: true,
  description: 'Draws many possible futures and tells how they spread: a fan instead of one line.',
  schema,
  runDefaults: { windowBars: 32, horizonBars: 12, epochs: 40, learningRate: 0.002, weightDecay: 0.01 },
  outputs: () => OUTPUTS,
  define: (config, size, { checkpointing, attention, layout }) => {
    const block = blockOf(layout);
    if (block !== undefined) checkBlocks(config, layout, block);
    const horizon = horizonOf(size);
    const { denoiser, fan } = diffusionParts(config, horizon);
    return {
      stepInputs: stepInputs(denoiser.schedule, horizon),
      forward: (scope) => {
        const parameter = sharedParameters(scope);
        const condition = encodeWindow(parameter, denoiser, wholeWindow(scope));
        const futures = scale(drawFutures(parameter, denoiser, fan, condition), config.pathScale);
        const drawn = quantileFan(futures, FAN_LEVELS, [0.5, config.lower, config.upper]);
        scope.extra('fan', drawn.fan);
        return drawn.end;
      },
      objective: (scope) => {
        const parameter = sharedParameters(scope);
        const condition = encodeWindow(parameter, denoiser, wholeWindow(scope));
        return denoisingLoss(
          parameter,
          { ...denoiser, checkpointing, attention, block },
          {
            clean: scale(scope.target(), 1 / config.pathScale),
            times: scope.stepInput('time'),
            noise: scope.stepInput('noise'),
            condition,
          },
        );
      },
    };
  },
};
