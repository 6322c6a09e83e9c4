import { useCallback, useEffect, useRef, useState } from 'react';
import type { BarColumnsDto, DatasetDto } from '../../../src-shared/contract/data.ts';
import { rpc } from '../../ui/rpc.ts';
import { type Forecast, joinBars } from './forecastPlace.ts';

const FIRST_WINDOW = 2_000;
const OLDER_WINDOW = 4_000;
/** The most that one question may ask for. */
const LARGEST_WINDOW = 20_000;
/** Windows of this many markets are kept; a chart that is opened again is there at once. */
const KEPT_MARKETS = 6;

interface Loaded {
  readonly bars: BarColumnsDto;
  readonly total: number;
}
const kept = new Map<string, Loaded>();

function keep(key: string, loaded: Loaded): void {
  kept.delete(key);
  kept.set(key, loaded);
  const oldest = kept.keys().next();
  if (kept.size > KEPT_MARKETS && !oldest.done) kept.delete(oldest.value);
}

export interface BarsView {
  /** Changes when the market or its content does. */
  readonly key: string;
  readonly bars: BarColumnsDto | undefined;
  /** Bars in the store, loaded or not. */
  readonly total: number;
  readonly busy: boolean;
  readonly error: unknown;
  /** Loads the window before the oldest loaded bar; does nothing when all are loaded. */
  readonly older: () => void;
  /** Loads windows until the bar of that moment is loaded. Resolves to the loaded bars. */
  readonly reach: (ms: number) => Promise<BarColumnsDto | undefined>;
  readonly retry: () => void;
}

/** The newest bars of a history, older ones on demand. */
export function useBars(dataset: DatasetDto): BarsView {
  const { symbol, timeframe, dataHash } = dataset;
  const key = `${symbol} ${timeframe} ${dataHash}`;
  const [state, setState] = useState<{ key: string; busy: boolean; error: unknown }>();
  const [, redraw] = useState(0);
  const asked = useRef<string | undefined>(undefined);

  const load = useCallback(
    async (endMs: number | undefined, count: number) => {
      const ask = `${key} ${endMs}`;
      if (asked.current === ask) return;
      asked.current = ask;
      setState({ key, busy: true, error: undefined });
      try {
        const answer = await rpc.data.bars({
          symbol,
          timeframe,
          count,
          ...(endMs === undefined ? {} : { endMs }),
        });
        const before = kept.get(key);
        const bars = before && endMs !== undefined ? joinBars(answer.bars, before.bars) : answer.bars;
        keep(key, { bars, total: answer.total });
        if (asked.current === ask) setState({ key, busy: false, error: undefined });
        redraw((n) => n + 1);
      } catch (error) {
        if (asked.current === ask) {
          asked.current = undefined;
          setState({ key, busy: false, error });
        }
      }
    },
    [key, symbol, timeframe],
  );
  const first = useCallback(() => void load(undefined, FIRST_WINDOW), [load]);
  useEffect(() => {
    if (!kept.has(key)) first();
  }, [key, first]);
  const older = useCallback(() => {
    const loaded = kept.get(key);
    const oldestMs = loaded?.bars.timeMs[0];
    if (!loaded || oldestMs === undefined || loaded.bars.timeMs.length >= loaded.total) return;
    void load(oldestMs, OLDER_WINDOW);
  }, [key, load]);

  const reach = useCallback(
    async (ms: number) => {
      for (;;) {
        const have = kept.get(key);
        const oldestMs = have?.bars.timeMs[0];
        if (!have || oldestMs === undefined || oldestMs <= ms || have.bars.timeMs.length >= have.total) {
          return have?.bars;
        }
        await load(oldestMs, LARGEST_WINDOW);
        // No progress: the load failed or another one is on its way; the chart says which.
        if (kept.get(key)?.bars.timeMs[0] === oldestMs) return have.bars;
      }
    },
    [key, load],
  );

  const loaded = kept.get(key);
  const own = state?.key === key ? state : undefined;
  return {
    key,
    bars: loaded?.bars,
    total: loaded?.total ?? 0,
    busy: own?.busy ?? !loaded,
    error: own?.error,
    older,
    reach,
    retry: loaded ? older : first,
  };
}

const forecasts = new Map<string, Forecast>();

function joinForecast(older: Forecast, newer: Forecast): Forecast {
  return {
    ...newer,
    timeMs: [...older.timeMs, ...newer.timeMs],
    price: [...older.price, ...newer.price],
    lower: [...older.lower, ...newer.lower],
    upper: [...older.upper, ...newer.upper],
  };
}

export interface ForecastView {
  readonly forecast: Forecast | undefined;
  readonly busy: boolean;
  readonly error: unknown;
}

/** The model's forecasts at the loaded bars; windows that were asked for already are not asked for again. */
export function useForecast(
  modelId: string | undefined,
  key: string,
  bars: BarColumnsDto | undefined,
): ForecastView {
  const id = modelId === undefined ? undefined : `${modelId} ${key}`;
  const [state, setState] = useState<{ id: string; busy: boolean; error: unknown }>();
  const oldestMs = bars?.timeMs[0];
  const count = bars?.timeMs.length ?? 0;
  useEffect(() => {
    if (id === undefined || modelId === undefined || oldestMs === undefined || count === 0) return;
    const have = forecasts.get(id);
    const missing = count - (have?.timeMs.length ?? 0);
    if (missing <= 0) return;
    let gone = false;
    setState({ id, busy: true, error: undefined });
    const endMs = have?.timeMs[0];
    rpc.data
      .forecast({
        modelId,
        count: Math.min(missing, LARGEST_WINDOW),
        ...(endMs === undefined ? {} : { endMs }),
      })
      .then((answer) => {
        if (gone) return;
        forecasts.set(id, have ? joinForecast(answer, have) : answer);
        setState({ id, busy: false, error: undefined });
      })
      .catch((error: unknown) => {
        if (!gone) setState({ id, busy: false, error });
      });
    return () => {
      gone = true;
    };
  }, [id, modelId, oldestMs, count]);
  const own = state?.id === id ? state : undefined;
  return {
    forecast: id === undefined ? undefined : forecasts.get(id),
    busy: own?.busy ?? false,
    error: own?.error,
  };
}
