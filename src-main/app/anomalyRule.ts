/**
 * From an anomaly model to the entries that its unusual windows forbid (ORD-24), in backtest, study and live.
 *
 * News are pinned when a study or a session begins, because their calendar changes. What is unusual need not be: it
 * follows from the model file, its threshold and the bars alone, and the parameter hash of a deployment holds the first
 * two while the data hash holds the third.
 */
import type { ModelRole } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { nameWindow } from '../../src-shared/indicators/patterns/windowName.ts';
import { type BarColumns, lowerBound } from '../../src-shared/market/bars.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { anomalyBlock, type BarRule } from '../../src-shared/trading/entryMask.ts';
import { ArtifactStore, type LoadedArtifact } from '../store/artifacts.ts';
import { BarStore } from '../store/bars.ts';
import type { ModelManifest } from '../store/manifest.ts';
import type { ModelRepository } from '../store/models.ts';
import { homePaths } from './context.ts';
import { signalsOn } from './signals.ts';

/** What a strategy and its anomaly model must share; `ModelDto` and `ModelManifest` have it. */
interface OfMarket {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly dataHash: string;
  readonly role?: ModelRole | undefined;
  readonly version: number;
  readonly spans: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

const refused = (anomaly: OfMarket, why: string, hint: string): FrontierError =>
  new FrontierError('REFUSED', `${anomaly.symbol} ${anomaly.timeframe} v${anomaly.version} ${why}.`, hint);

/**
 * Refuses an anomaly model that cannot keep a strategy out of unusual windows.
 * @throws FrontierError REFUSED for another kind, market or history, and where it was fitted on bars on which the
 *   strategy is chosen or judged
 */
export function assertGuards(anomaly: OfMarket, model: OfMarket): void {
  const market = `${model.symbol} ${model.timeframe}`;
  if (anomaly.role !== 'anomaly')
    throw refused(anomaly, 'marks no unusual windows', `Choose a model of the kind anomaly of ${market}.`);
  if (anomaly.symbol !== model.symbol || anomaly.timeframe !== model.timeframe)
    throw refused(anomaly, `knows another market than ${market}`, `Choose an anomaly model of ${market}.`);
  if (anomaly.dataHash !== model.dataHash) {
    const why = `was trained on another history of ${market} than the model that trades`;
    throw refused(anomaly, why, 'Train both on the present history.');
  }
  const fittedTo = anomaly.spans.find((span) => span.name === 'validation')?.to ?? Number.POSITIVE_INFINITY;
  const judgedFrom = model.spans.find((span) => span.name === 'optimisation')?.from ?? 0;
  if (fittedTo > judgedFrom) {
    const why = 'was fitted on bars on which the strategy is chosen or judged';
    throw refused(anomaly, why, 'Train it again: its training ends before the optimisation span begins.');
  }
}

/**
 * `assertGuards` for the models of the register, before any work begins.
 * @param anomalyId undefined where the rules ask for none
 * @throws FrontierError as `assertGuards`; NOT_FOUND for a model that is not known or whose files are gone
 */
export function assertAnomalyModel(
  models: Pick<ModelRepository, 'get'>,
  anomalyId: string | undefined,
  model: OfMarket,
): void {
  if (anomalyId === undefined) return;
  const anomaly = models.get(anomalyId);
  assertGuards(anomaly, model);
  if (anomaly.present) return;
  throw new FrontierError(
    'NOT_FOUND',
    `The files of the anomaly model ${anomalyId} were removed.`,
    'Choose one that is present, or train it again from its run.',
  );
}

/** Error above which a window is unusual. @throws FrontierError CORRUPT where the model has none */
export function thresholdOf(manifest: Pick<ModelManifest, 'figures'>): number {
  const threshold = manifest.figures?.find((figure) => figure.name === 'threshold')?.value;
  if (typeof threshold === 'number') return threshold;
  throw new FrontierError('CORRUPT', 'The model has no threshold.', 'Train the model again.');
}

/** What of an anomaly model decides, as it enters the parameter hash. */
export interface AnomalySeal {
  /** SHA-256 of the model file. */
  readonly model: string;
  readonly threshold: number;
}

/** The seal of a loaded anomaly model. @throws as `thresholdOf` */
export function sealOf(artifact: Pick<LoadedArtifact, 'sha256' | 'manifest'>): AnomalySeal {
  return { model: artifact.sha256, threshold: thresholdOf(artifact.manifest) };
}

/**
 * ORD-24 for the bars of a history.
 * @param errors of the window that ends at each bar, NaN where there is none
 */
export function anomalyRule(
  bars: BarColumns,
  errors: Float64Array,
  threshold: number,
  windowBars: number,
): BarRule {
  return (barTimeMs) => {
    const row = lowerBound(bars.timeMs, barTimeMs);
    const error = bars.timeMs[row] === barTimeMs ? errors[row]! : Number.NaN;
    return anomalyBlock(error, threshold, () => nameWindow(bars, row, windowBars)?.name);
  };
}

/** The rule of an anomaly model on a history, and what it rests on. */
export interface AnomalyOnHistory {
  readonly rule: BarRule;
  readonly seal: AnomalySeal;
}

/**
 * Loads the files of an anomaly model for a strategy.
 * @throws FrontierError as `assertGuards` and `ArtifactStore.find`
 */
export function loadGuard(artifacts: ArtifactStore, anomalyId: string, model: OfMarket): LoadedArtifact {
  const artifact = artifacts.find(model.symbol, model.timeframe, anomalyId);
  assertGuards(artifact.manifest, model);
  return artifact;
}

/**
 * What the anomaly model of the rules says of the history that a model trades on; its answers are kept as those of the
 * chart's markers are.
 * @param anomalyId undefined where the rules ask for none
 * @throws FrontierError as `loadGuard`
 */
export async function anomalyOnHistory(
  home: string,
  anomalyId: string | undefined,
  { manifest, bars }: { readonly manifest: ModelManifest; readonly bars: BarColumns },
): Promise<AnomalyOnHistory | undefined> {
  if (anomalyId === undefined) return undefined;
  const artifact = loadGuard(new ArtifactStore(home), anomalyId, manifest);
  const { symbol, timeframe, version, windowBars } = artifact.manifest;
  const store = new BarStore(homePaths.bars(home));
  try {
    const ref = { home, modelId: anomalyId, symbol, timeframe, version };
    const { predictions } = await signalsOn(ref, artifact, bars, store);
    const seal = sealOf(artifact);
    return { rule: anomalyRule(bars, predictions, seal.threshold, windowBars), seal };
  } finally {
    await store.close();
  }
}
