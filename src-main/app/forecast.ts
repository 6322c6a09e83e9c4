import type { ModelDto } from '../../src-shared/contract/training.ts';
import { barCount, lowerBound } from '../../src-shared/market/bars.ts';
import type { EngineContext } from './context.ts';
import { forecastPrice, loadModelOnHistory, type ModelOnHistory, type ModelRef } from './signals.ts';

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

/** The last model asked for, kept so that panning the chart does not read the history again. */
let last: { readonly id: string; readonly home: string; readonly model: Promise<ModelOnHistory> } | undefined;

function onHistory(context: EngineContext, model: ModelDto): Promise<ModelOnHistory> {
  if (last?.id !== model.id || last.home !== context.home) {
    const loading = loadModelOnHistory(modelRef(context, model));
    last = { id: model.id, home: context.home, model: loading };
    loading.catch(() => {
      last = undefined;
    });
  }
  return last.model;
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
  const { bars, atr, predictions, manifest } = await onHistory(context, model);
  const to = endMs === undefined ? barCount(bars) : lowerBound(bars.timeMs, endMs);
  const from = Math.max(0, to - count);
  const { q, confidence } = manifest.calibration;
  const priceAt = (row: number, shift: number): number | null => {
    const y = predictions[row]!;
    const range = atr[row]!;
    return Number.isNaN(y) || Number.isNaN(range)
      ? null
      : forecastPrice(bars.close[row]!, range, manifest.horizonBars, y + shift);
  };
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  return {
    horizonBars: manifest.horizonBars,
    confidence,
    timeMs: rows.map((row) => bars.timeMs[row]!),
    price: rows.map((row) => priceAt(row, 0)),
    lower: rows.map((row) => priceAt(row, -q)),
    upper: rows.map((row) => priceAt(row, q)),
  };
}
