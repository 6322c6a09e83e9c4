import { useEffect, useState } from 'react';
import { rpc } from '../../ui/rpc.ts';
import { type Forecast, rowOfTime } from './forecastPlace.ts';

/** The most that one question may ask for. */
const LARGEST_WINDOW = 20_000;
/** What is kept per model; more than any chart holds bars. */
const forecasts = new Map<string, Forecast>();
const MOST_KEPT = 6;

/** Joins forecasts of a stretch before those of a later one. */
function join(older: Forecast, newer: Forecast): Forecast {
  const firstMs = newer.timeMs[0] ?? Number.POSITIVE_INFINITY;
  const keep = older.timeMs.filter((ms) => ms < firstMs).length;
  const both = <K extends 'timeMs' | 'price' | 'lower' | 'upper'>(name: K) => [
    ...older[name].slice(0, keep),
    ...newer[name],
  ];
  return {
    horizonBars: newer.horizonBars,
    confidence: newer.confidence,
    timeMs: both('timeMs') as number[],
    price: both('price'),
    lower: both('lower'),
    upper: both('upper'),
  };
}

interface Missing {
  readonly endMs: number;
  readonly count: number;
  readonly side: 'older' | 'newer' | 'all';
}

/** The bars of a chart that nothing was forecast at yet. */
export function missingForecasts(timeMs: readonly number[], have: Forecast | undefined): Missing | undefined {
  const last = timeMs.length - 1;
  const [firstMs, lastMs] = [timeMs[0], timeMs[last]];
  if (firstMs === undefined || lastMs === undefined) return undefined;
  const [fromMs, toMs] = [have?.timeMs[0], have?.timeMs.at(-1)];
  const all = { endMs: lastMs + 1, count: Math.min(LARGEST_WINDOW, last + 1), side: 'all' } as const;
  if (fromMs === undefined || toMs === undefined || fromMs > lastMs || toMs < firstMs) return all;
  if (toMs < lastMs) {
    const count = last - rowOfTime(timeMs, toMs);
    return { endMs: lastMs + 1, count: Math.min(LARGEST_WINDOW, count), side: 'newer' };
  }
  if (fromMs <= firstMs) return undefined;
  const older = rowOfTime(timeMs, fromMs);
  return { endMs: fromMs, count: Math.min(LARGEST_WINDOW, Math.max(1, older)), side: 'older' };
}

export interface ForecastView {
  readonly forecast: Forecast | undefined;
  readonly busy: boolean;
  readonly error: unknown;
}

/**
 * The model's forecasts at the bars of a chart; what was asked for already is not asked for again.
 * @param key names the content of the history
 * @param timeMs opens of the bars, of the model's own timeframe; undefined while others are shown
 */
export function useForecast(
  modelId: string | undefined,
  key: string,
  timeMs: readonly number[] | undefined,
): ForecastView {
  const id = modelId === undefined ? undefined : `${modelId} ${key}`;
  const [state, setState] = useState<{ id: string; busy: boolean; error: unknown }>();
  useEffect(() => {
    if (id === undefined || modelId === undefined || !timeMs) return;
    const have = forecasts.get(id);
    const missing = missingForecasts(timeMs, have);
    if (!missing) return;
    let gone = false;
    const { endMs, count, side } = missing;
    setState({ id, busy: true, error: undefined });
    rpc.data
      .forecast({ modelId, count, endMs })
      .then((answer) => {
        if (gone) return;
        const kept =
          have && side !== 'all' ? (side === 'older' ? join(answer, have) : join(have, answer)) : answer;
        forecasts.delete(id);
        forecasts.set(id, kept);
        const oldest = forecasts.keys().next();
        if (forecasts.size > MOST_KEPT && !oldest.done) forecasts.delete(oldest.value);
        setState({ id, busy: false, error: undefined });
      })
      .catch((error: unknown) => {
        if (!gone) setState({ id, busy: false, error });
      });
    return () => {
      gone = true;
    };
  }, [id, modelId, timeMs]);
  const own = state?.id === id ? state : undefined;
  return {
    forecast: id === undefined || !timeMs ? undefined : forecasts.get(id),
    busy: own?.busy ?? false,
    error: own?.error,
  };
}
