import type { ModelDto } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { lowerBound } from '../../src-shared/market/bars.ts';
import { type RegressorManifest, regressorOf } from '../store/manifest.ts';
import { type EngineContext, runJob } from './context.ts';
import { forecastPrice, type ModelRef, otherHistory, readSignals, type StoredSignals } from './signals.ts';

export interface ForecastWindow {
  readonly horizonBars: number;
  readonly confidence: number;
  readonly timeMs: number[];
  readonly price: (number | null)[];
  readonly lower: (number | null)[];
  readonly upper: (number | null)[];
}

export const modelRef = (context: Pick<EngineContext, 'home'>, model: ModelDto): ModelRef => ({
  home: context.home,
  modelId: model.id,
  symbol: model.symbol,
  timeframe: model.timeframe,
  version: model.version,
});

interface Known {
  readonly manifest: RegressorManifest;
  readonly signals: StoredSignals;
}

/** The last model asked for, kept so that panning the chart reads nothing again. */
let last: { readonly id: string; readonly home: string; readonly known: Promise<Known> } | undefined;

/** Reads what the model said when it was trained; a worker asks it again where that was lost. */
async function load(context: EngineContext, model: ModelDto): Promise<Known> {
  const { symbol, timeframe, version } = model;
  const { manifest: stored, sha256 } = context.artifacts.load(symbol, timeframe, version);
  const manifest = regressorOf(stored);
  if (context.stores.datasets.find(symbol, timeframe)?.dataset.dataHash !== manifest.dataHash)
    throw otherHistory(symbol, timeframe);
  const ref = modelRef(context, model);
  const kept = await readSignals(ref, sha256, manifest.dataHash);
  if (kept) return { manifest, signals: kept };
  await runJob(context, 'signals', `Forecasts of ${symbol} ${timeframe}`, ref);
  const signals = await readSignals(ref, sha256, manifest.dataHash);
  if (signals) return { manifest, signals };
  throw new FrontierError(
    'UNAVAILABLE',
    'The forecasts could not be kept.',
    'Check the free space of the data folder.',
  );
}

function known(context: EngineContext, model: ModelDto): Promise<Known> {
  if (last?.id !== model.id || last.home !== context.home) {
    const loading = load(context, model);
    last = { id: model.id, home: context.home, known: loading };
    loading.catch(() => {
      last = undefined;
    });
  }
  return last.known;
}

/** Forgets the model, for instance because its history changed. */
export function dropForecastCache(): void {
  last = undefined;
}

/**
 * Forecast and conformal interval of the last `count` bars that open before `endMs`. The signals were computed when
 * the model was trained; this turns them into prices.
 */
export async function forecastWindow(
  context: EngineContext,
  modelId: string,
  endMs: number | undefined,
  count: number,
): Promise<ForecastWindow> {
  const model = context.stores.models.get(modelId);
  const { manifest, signals } = await known(context, model);
  const { timeMs, close, atr } = signals;
  const to = endMs === undefined ? timeMs.length : lowerBound(timeMs, endMs);
  const from = Math.max(0, to - count);
  const { confidence } = manifest.calibration;
  const priceAt = (row: number, said: Float64Array): number | null => {
    const y = said[row]!;
    const range = atr[row]!;
    return Number.isNaN(y) || Number.isNaN(range)
      ? null
      : forecastPrice(close[row]!, range, manifest.horizonBars, y);
  };
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  return {
    horizonBars: manifest.horizonBars,
    confidence,
    timeMs: rows.map((row) => timeMs[row]!),
    price: rows.map((row) => priceAt(row, signals.predictions)),
    lower: rows.map((row) => priceAt(row, signals.lower)),
    upper: rows.map((row) => priceAt(row, signals.upper)),
  };
}
