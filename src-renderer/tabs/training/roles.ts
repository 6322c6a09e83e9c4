import type { ModelRole } from '../../../src-shared/contract/training.ts';

/** What a model is for, in one or two words. */
export const ROLE_LABEL: Readonly<Record<ModelRole, string>> = {
  regressor: 'Forecast',
  autoencoder: 'Latent space',
  anomaly: 'Anomalies',
  diffusion: 'Forecast fan',
};

export const ROLE_HELP: Readonly<Record<ModelRole, string>> = {
  regressor: 'Predicts a return with an interval: a signal for strategies.',
  autoencoder: 'Compresses the market to a few numbers. No signal by itself.',
  anomaly: 'Flags windows that are unlike the past. No signal by itself.',
  diffusion: 'Draws a fan of possible futures on the chart. No signal by itself.',
};
