import type { ReportPart } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { eigenSymmetric } from '../linear/matrix.ts';

/** Points of a picture at most; more are thinned evenly. */
const MOST_POINTS = 2000;
/** A latent whose variance is below this share of the mean variance carries nothing. */
const DEAD_SHARE = 1e-4;

/** Sums, by feature, of what a reconstruction leaves over and of what there was; windows are added as they come. */
export class ReconstructionSums {
  readonly #count: number;
  readonly #residual: Float64Array;
  readonly #sum: Float64Array;
  readonly #square: Float64Array;
  #rows = 0;

  /** @param features columns of a row */
  constructor(features: number) {
    this.#count = features;
    this.#residual = new Float64Array(features);
    this.#sum = new Float64Array(features);
    this.#square = new Float64Array(features);
  }

  /** @param x rows of features, any number of them; `reconstruction` likewise */
  add(x: Float32Array, reconstruction: Float32Array): void {
    if (x.length !== reconstruction.length || x.length % this.#count !== 0) {
      throw new FrontierError(
        'INTERNAL',
        `${x.length} values against ${reconstruction.length}, in rows of ${this.#count}`,
        'Pass whole windows and their reconstructions.',
      );
    }
    for (let i = 0; i < x.length; i++) {
      const feature = i % this.#count;
      const value = x[i]!;
      const residual = value - reconstruction[i]!;
      this.#residual[feature]! += residual * residual;
      this.#sum[feature]! += value;
      this.#square[feature]! += value * value;
    }
    this.#rows += x.length / this.#count;
  }

  /** Share of each feature's variance that is given back, 1 - residual / total; null for a constant feature. */
  shares(): (number | null)[] {
    return Array.from(this.#residual, (residual, i) => {
      const total = this.#square[i]! - this.#sum[i]! ** 2 / this.#rows;
      // What rounding leaves of a constant is no variance.
      return total > 1e-9 * this.#square[i]! ? 1 - residual / total : null;
    });
  }
}

export interface LatentReportInput {
  /** [windows, latent] */
  readonly latents: Float32Array;
  /** Mean squared reconstruction error of each window, in units of the scaled features. */
  readonly errors: ArrayLike<number>;
  /** Time of each window's last bar. */
  readonly timeMs: ArrayLike<number>;
  /** Of the features. */
  readonly names: readonly string[];
  /** By feature, of `ReconstructionSums`. */
  readonly shares: readonly (number | null)[];
  /** Colours the windows in the scatter; absent: time does. */
  readonly volatility?: ArrayLike<number>;
}

interface Spread {
  readonly mean: Float64Array;
  /** [latent, latent] */
  readonly covariance: Float64Array;
}

function spreadOf(latents: Float32Array, latent: number): Spread {
  const windows = latents.length / latent;
  const mean = new Float64Array(latent);
  for (let i = 0; i < latents.length; i++) mean[i % latent]! += latents[i]! / windows;
  const covariance = new Float64Array(latent * latent);
  const centred = new Float64Array(latent);
  for (let w = 0; w < windows; w++) {
    for (let i = 0; i < latent; i++) centred[i] = latents[w * latent + i]! - mean[i]!;
    for (let i = 0; i < latent; i++) {
      for (let j = 0; j <= i; j++) covariance[i * latent + j]! += centred[i]! * centred[j]!;
    }
  }
  for (let i = 0; i < latent; i++) {
    for (let j = 0; j <= i; j++) {
      const value = covariance[i * latent + j]! / Math.max(1, windows - 1);
      covariance[i * latent + j] = value;
      covariance[j * latent + i] = value;
    }
  }
  return { mean, covariance };
}

/**
 * Effective dimension of a covariance, its participation ratio (sum of eigenvalues)^2 / sum of their squares: n for n
 * equal and independent latents, 1 where one direction holds everything. Computed as trace^2 / Frobenius norm^2.
 */
export function participationRatio(covariance: Float64Array, n: number): number {
  let trace = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) trace += covariance[i * n + i]!;
  for (const value of covariance) squares += value * value;
  return squares > 0 ? trace ** 2 / squares : 0;
}

/** Every k-th index, so that at most `MOST_POINTS` are left. */
function thinned(count: number): number[] {
  const every = Math.max(1, Math.ceil(count / MOST_POINTS));
  return Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
}

function scatter(input: LatentReportInput, { mean, covariance }: Spread, total: number): ReportPart {
  const { latents, timeMs, volatility } = input;
  const latent = mean.length;
  const { values, vectors } = eigenSymmetric(covariance, latent);
  const along = (window: number, component: number): number => {
    let sum = 0;
    for (let i = 0; i < latent; i++) {
      sum += (latents[window * latent + i]! - mean[i]!) * vectors[component * latent + i]!;
    }
    return sum;
  };
  const shown = thinned(latents.length / latent);
  const share = (component: number): string =>
    `${total > 0 ? Math.round((100 * Math.max(0, values[component]!)) / total) : 0} %`;
  const [first, second] = [0, Math.min(1, latent - 1)];
  return {
    kind: 'scatter',
    title: 'Windows in the latent space',
    note: 'Each point is a window, along the two directions in which the latent vectors differ most.',
    xTitle: `first component (${share(first)} of the variance)`,
    yTitle: latent > 1 ? `second component (${share(second)})` : 'first component',
    x: shown.map((w) => along(w, first)),
    y: shown.map((w) => along(w, second)),
    value: shown.map((w) => (volatility ? volatility[w]! : timeMs[w]!)),
    valueTitle: volatility ? 'volatility' : 'time',
  };
}

/** Means of the errors over equal runs of windows, by the time of each run's last window. */
function errorLine({ errors, timeMs }: LatentReportInput): ReportPart {
  const every = Math.max(1, Math.ceil(errors.length / MOST_POINTS));
  const [x, y]: [number[], number[]] = [[], []];
  for (let from = 0; from < errors.length; from += every) {
    const to = Math.min(errors.length, from + every);
    let sum = 0;
    for (let i = from; i < to; i++) sum += errors[i]!;
    x.push(timeMs[to - 1]!);
    y.push(sum / (to - from));
  }
  return {
    kind: 'lines',
    title: 'Reconstruction error over time',
    ...(every > 1 ? { note: `Means of ${every} windows.` } : {}),
    xTitle: 'time',
    yTitle: 'mean squared error',
    xIsTime: true,
    series: [{ name: 'error', x, y }],
  };
}

/**
 * What an autoencoder's latent space holds: figures, reconstruction by feature, variance by latent, the windows along
 * the first two principal components, and the reconstruction error over time.
 * @throws FrontierError INTERNAL where the sizes do not fit together; BAD_INPUT without windows
 */
export function latentReport(input: LatentReportInput): ReportPart[] {
  const { latents, errors, timeMs, names, shares } = input;
  const windows = errors.length;
  if (windows === 0) {
    throw new FrontierError('BAD_INPUT', 'there are no windows to report on', 'Use a longer history.');
  }
  const latent = latents.length / windows;
  if (!Number.isInteger(latent) || timeMs.length !== windows || names.length !== shares.length) {
    throw new FrontierError('INTERNAL', 'latents, errors, times and names differ in number', 'Report it.');
  }
  const spread = spreadOf(latents, latent);
  const variances = Array.from({ length: latent }, (_, i) => spread.covariance[i * latent + i]!);
  const total = variances.reduce((sum, v) => sum + v, 0);
  const dead = variances.filter((v) => v <= (DEAD_SHARE * total) / latent).length;
  const known = shares.filter((share) => share !== null);
  const ranked = variances.map((v, i) => ({ v, i })).sort((a, b) => b.v - a.v);
  return [
    {
      kind: 'figures',
      title: 'Latent space',
      note: 'The effective dimension is the participation ratio of the latent covariance: as many equal, independent latents would spread as much.',
      figures: [
        { name: 'latents', label: 'Latents', value: latent },
        {
          name: 'effectiveDimension',
          label: 'Effective dimension',
          value: participationRatio(spread.covariance, latent),
        },
        { name: 'deadLatents', label: 'Latents that carry nothing', value: dead },
        {
          name: 'reconstructionR2',
          label: 'Variance given back, mean over features',
          value: known.length > 0 ? known.reduce((sum, share) => sum + share, 0) / known.length : null,
        },
        {
          name: 'meanError',
          label: 'Mean squared error',
          value: Array.from(errors).reduce((sum, error) => sum + error, 0) / windows,
        },
      ],
    },
    {
      kind: 'table',
      title: 'Reconstruction by feature',
      note: 'Share of the variance over the windows that the reconstruction gives back (R2); empty for a constant feature.',
      columns: ['Feature', 'R²'],
      rows: names.map((name, i) => [name, shares[i]!]),
    },
    {
      kind: 'lines',
      title: 'Variance by latent',
      xTitle: 'latent, by variance',
      yTitle: 'variance',
      series: [{ name: 'variance', x: ranked.map((_, rank) => rank + 1), y: ranked.map(({ v }) => v) }],
    },
    scatter(input, spread, total),
    errorLine(input),
  ];
}
