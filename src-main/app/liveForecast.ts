/** The model's side of a live session, bar by bar: features, prediction, interval, and what the rules make of them. */
import type { Bar } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import type { EntryBlock } from '../../src-shared/trading/entryMask.ts';
import type { VenueSpec } from '../../src-shared/trading/types.ts';
import { applyScaler, type FeatureRow, IncrementalFeatures } from '../features/index.ts';
import type { FeatureSource, Forecast, IntervalJudge } from '../live/types.ts';
import type { Predictor } from '../models/predictor.ts';
import type { RegressorManifest } from '../store/manifest.ts';
import { adaptiveJudge, adaptiveStart } from '../validation/conformal/adaptive.ts';
import { intervalStream } from '../validation/conformal/columns.ts';
import { intervalFeatures, intervalOf, scoreAgainst } from '../validation/conformal/model.ts';
import { forecastBlock } from './entryRules.ts';

/**
 * CONF-15: the outcome is the target of the training, so a live interval is judged as one of the test span is; the
 * adaptive level (CONF-13) moves along the stored calibration scores.
 */
export function intervalJudge({ calibration, horizonBars }: RegressorManifest): IntervalJudge {
  const { confidence, scores } = calibration;
  return {
    horizonBars,
    judge: (before, forecast, close) => {
      const unit = (forecast.atr / forecast.close) * Math.sqrt(horizonBars);
      const outcome = Math.log(close / forecast.close) / unit;
      const covered = outcome >= forecast.lower && outcome <= forecast.upper;
      const counted = {
        confidence,
        horizonBars,
        covered,
        n: (before?.n ?? 0) + 1,
        hits: (before?.hits ?? 0) + (covered ? 1 : 0),
      };
      if (!scores) return counted;
      const start = adaptiveStart(1 - confidence);
      const score = scoreAgainst(calibration, forecast, outcome);
      const { state, missed } = adaptiveJudge({ ...start, ...before?.adaptive }, scores, score);
      const { alpha, n, misses } = state;
      return { ...counted, adaptive: { alpha, n, misses, covered: !missed } };
    },
  };
}

/** What was said of the newest bar. */
interface Newest {
  readonly bar: Bar;
  readonly atr: number;
  /** Of the interval, where it needs any. */
  readonly features: Float32Array | undefined;
  forecast?: Forecast & { readonly prediction: number };
}

/**
 * Takes closed bars and says of the newest what the model says: the same numbers, bit for bit, as the columns that a
 * backtest of these bars reads.
 */
export class LiveForecast implements FeatureSource {
  readonly #manifest: RegressorManifest;
  readonly #predictor: Predictor;
  readonly #venue: VenueSpec;
  readonly #features: IncrementalFeatures;
  readonly #interval: IncrementalFeatures | undefined;
  #newest: Newest | undefined;

  constructor(manifest: RegressorManifest, predictor: Predictor, venue: VenueSpec) {
    const instrument = instrumentFor(manifest.symbol);
    this.#manifest = manifest;
    this.#predictor = predictor;
    this.#venue = venue;
    this.#features = new IncrementalFeatures(instrument, manifest.features);
    this.#interval = intervalStream(instrument, intervalFeatures(manifest.calibration));
  }

  push(bar: Bar): FeatureRow {
    const row = this.#features.push(bar);
    this.#newest = { bar, atr: row.atr, features: this.#interval?.push(bar).values };
    return row;
  }

  /** @param window as `Pipeline.predict`: it ends at the bar pushed last */
  async predict(window: Float32Array): Promise<Forecast> {
    const { scaler, windowBars, calibration } = this.#manifest;
    const newest = this.#newest;
    const said = await this.#predictor.predict(applyScaler(scaler, window, windowBars), 1);
    const prediction = said[0]!;
    const quantiles = this.#predictor.outputs === 3 ? ([said[1]!, said[2]!] as const) : undefined;
    const interval = intervalOf(calibration, { prediction, quantiles, features: newest?.features });
    const forecast = { signal: prediction / calibration.predictionScale, interval };
    if (newest) newest.forecast = { ...forecast, prediction };
    return forecast;
  }

  /** ORD-22 for the bar pushed last. */
  block(barTimeMs: number): EntryBlock | undefined {
    const newest = this.#newest;
    const close = newest?.bar.timeMs === barTimeMs ? newest.bar.close : Number.NaN;
    const row = {
      close,
      atr: newest?.atr ?? Number.NaN,
      prediction: newest?.forecast?.prediction ?? Number.NaN,
      lower: newest?.forecast?.interval?.lower ?? Number.NaN,
      upper: newest?.forecast?.interval?.upper ?? Number.NaN,
    };
    return forecastBlock(row, this.#manifest.horizonBars, this.#venue);
  }
}
