/** What common settings of model families do, for schemas that do not say it themselves. */
const HELP: Readonly<Record<string, string>> = {
  hidden: 'Units of each hidden layer, one number per layer. Larger layers learn more, noise included.',
  activation: 'Nonlinearity after each layer.',
  channels: 'Channels of every level. Time and memory grow with their square.',
  levels: 'Convolution levels; each doubles how far back the model sees.',
  kernelSize: 'Taps of each convolution.',
  residual: 'Adds the input of each level to its output: deep models learn more easily.',
  pooling: 'What the output layer reads: the newest step, or the mean over all of them.',
  steps: 'Computes only the steps that the output needs, or all of them. The result is the same.',
  heads: 'Attention heads: how many ways of looking back run side by side.',
  layers: 'Blocks on top of each other.',
  width: 'Size of the inner representation.',
  modelWidth: 'Size of the inner representation.',
  feedForward: 'Units of the dense part of each block.',
  dropout: 'Share of values that are set to zero while training, against overfitting.',
  latent: 'Numbers that a window is compressed to.',
  latentSize: 'Numbers that a window is compressed to.',
  alpha: 'Strength of the penalty. Larger pulls more coefficients towards zero.',
  l1Ratio: 'Share of the penalty that can set coefficients to exactly zero: 0 is ridge, 1 is lasso.',
  components: 'Principal components that the features are reduced to first; 0 keeps all features.',
  pca: 'Principal components that the features are reduced to first; 0 keeps all features.',
  maxIterations: 'Rounds of coordinate descent, at most.',
  tolerance: 'The solution is found when no coefficient moves more than this.',
  members: 'The models that are put together, of the market on screen.',
  combine: 'How the predictions of the members become one. Weighted follows their validation score.',
  horizons: 'Bars ahead, one model each.',
  family: 'The kind of model that each member is.',
  percentile: 'Windows whose error is above this percentile of the validation span are flagged.',
};

/** One sentence about a setting; empty where nothing is known. */
export function settingHelp(name: string): string {
  return HELP[name] ?? '';
}
