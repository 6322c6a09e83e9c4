/** What settings of model families do, for schemas that do not say it themselves; `family.name` before `name`. */
const HELP: Readonly<Record<string, string>> = {
  hidden:
    'Units of each hidden layer, one number per layer; none is a linear model. Larger layers learn more, noise included.',
  activation: 'Nonlinearity after each layer.',
  channels: 'Channels of every level. Time and memory grow with their square.',
  levels: 'Convolution levels; each doubles how far back the model sees.',
  kernelSize: 'Taps of each convolution.',
  convsPerLevel: 'Convolutions of each level. Two learn more for twice the time.',
  residual: 'Adds the input of each level to its output: deep models learn more easily.',
  pooling: 'What the output layer reads: the newest step, or the mean over all of them.',
  steps: 'Computes only the steps that the output needs, or all of them. The result is the same.',
  heads: 'Attention heads: how many ways of looking back run side by side. Must divide the channels.',
  layers: 'Blocks on top of each other. Time grows with them.',
  feedForward: 'Units of the dense part of each block.',
  latent: 'Numbers that a window is told in. Fewer let less through.',
  percentile: 'Windows whose error is above this percentile of the validation span are flagged.',
  'transformer.channels': 'Channels of every step inside the model; a multiple of the heads.',
  'transformer.causal': 'Whether a step sees itself and older steps only, or the whole window.',
  'transformer.positions': 'How a step knows its place: fixed waves, which cost nothing, or a learnt vector.',
  'tcnAutoencoder.pooling':
    'Steps that are averaged into one before the latent layer. Must divide the window.',
  'anomaly.architecture': 'Dense layers over the whole window, or convolutions that see it as a series.',
  'anomaly.hidden': 'Of dense layers: units of the encoder’s layers; the decoder mirrors them.',
  'anomaly.channels': 'Of convolutions: channels of every level.',
  'anomaly.levels': 'Of convolutions: levels on either side.',
  'diffusion.channels':
    'Channels at full resolution, a multiple of 4; each halving of the resolution doubles them.',
  'diffusion.levels': 'Resolutions of the U-Net.',
  'diffusion.groups': 'Groups of the normalisation. Must divide the channels.',
  'diffusion.heads': 'Heads of the attention at the coarsest resolution.',
  'diffusion.embedding': 'Width in which the step of the noise and the window are told to the model.',
  'diffusion.encoderChannels': 'Channels of the convolutions that read the window.',
  'diffusion.schedule': 'How noise grows over the steps.',
  'diffusion.steps': 'Steps of the noise schedule.',
  'diffusion.weighting': 'What the loss is of: the noise, or the velocity, which minds the noisy end more.',
  'diffusion.samplingSteps':
    'Denoising steps of a forecast. More are slower and follow the learnt spread more closely.',
  'diffusion.solver': 'How the denoising steps are taken. Multistep keeps the spread with few steps.',
  'diffusion.paths': 'Futures drawn per forecast, a power of 2.',
  'diffusion.lower': 'Lower end of the interval, as a level of the drawn futures.',
  'diffusion.upper': 'Upper end of the interval, as a level of the drawn futures.',
  'diffusion.pathScale':
    'Usual size of one step in units of the average true range: what the model sees is divided by it.',
  'diffusion.clip': 'Limit of one step of a future, in units of the path scale.',
  'diffusion.noiseSeed': 'Seeds the noise that the futures start from.',
};

/** One sentence about a setting; empty where nothing is known. */
export function settingHelp(family: string, name: string): string {
  return HELP[`${family}.${name}`] ?? HELP[name] ?? '';
}
