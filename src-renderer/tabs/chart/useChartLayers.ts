import { useEffect, useMemo, useRef, useState } from 'react';
import type { NewsEvent } from '../../../src-shared/contract/news.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { rpc, useQuery } from '../../ui/rpc.ts';
import type { ChartColors } from '../../ui/theme.ts';
import type { BarWindow } from './barWindow.ts';
import { NewsMarks } from './newsMarks.ts';
import type { PriceView } from './priceView.ts';
import { SessionMarks } from './sessionMarks.ts';
import type { ChartMarker } from './tradeMarkers.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Events further ahead than this are off every chart. */
const AHEAD_MS = 14 * DAY_MS;

/** Currencies that a symbol's price depends on. */
export function currenciesOf(symbol: string): string[] {
  const pair = /^([A-Z]{3})([A-Z]{3})$/.exec(symbol);
  if (pair) return [pair[1]!, pair[2]!, 'ALL'];
  const quote = /(USDT|USDC|USD|EUR|JPY|GBP)$/.exec(symbol)?.[1];
  if (/\.(NSE|NS)$/.test(symbol)) return ['INR', 'ALL'];
  return [quote ? quote.slice(0, 3) : 'USD', 'ALL'];
}

/** Events of the symbol's currencies around the bars: all impacts where there are few bars, the strong ones of years. */
export function useNews(symbol: string, window: BarWindow | undefined, on: boolean): readonly NewsEvent[] {
  const times = window?.bars.timeMs;
  // Whole weeks, so that loading some more bars does not ask again.
  const fromMs = times?.[0] === undefined ? undefined : Math.floor(times[0] / WEEK_MS) * WEEK_MS;
  const lastMs = times?.at(-1);
  const toMs = lastMs === undefined ? undefined : Math.ceil((lastMs + AHEAD_MS) / WEEK_MS) * WEEK_MS;
  const many = fromMs !== undefined && toMs !== undefined && toMs - fromMs > 120 * DAY_MS;
  const { data } = useQuery(
    'news.chart',
    async () =>
      on && fromMs !== undefined && toMs !== undefined
        ? rpc.news.events({
            fromMs,
            toMs,
            currencies: currenciesOf(symbol),
            impacts: many ? ['high'] : ['low', 'medium', 'high', 'holiday'],
            limit: 2000,
          })
        : [],
    [symbol, on, fromMs, toMs],
  );
  // What was drawn stays while more is on its way.
  const last = useRef(NONE);
  if (data) last.current = data;
  return on ? last.current : NONE;
}
const NONE: readonly NewsEvent[] = [];

/** Events at the pointer. */
interface NearEvents {
  /** The strongest few. */
  readonly events: readonly NewsEvent[];
  /** How many more there are. */
  readonly more: number;
  readonly x: number;
}
/** Lines in the box at the pointer. */
const MOST_LINES = 4;

/** Draws events on a chart, `raised` above the strips of the sessions. @returns those near the pointer, and where that is */
export function useNewsMarks(
  view: PriceView | undefined,
  events: readonly NewsEvent[],
  colors: ChartColors,
  raised: boolean,
): NearEvents | undefined {
  const [marks, setMarks] = useState<NewsMarks>();
  const [near, setNear] = useState<NearEvents>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette is taken over below
  useEffect(() => {
    if (!view) return;
    const made = new NewsMarks(view, colors);
    view.setPrimitives('news', [made]);
    setMarks(made);
    let shown = false;
    const off = view.onPointer(({ type, x }) => {
      if (type === 'up' || type === 'down') return;
      const found = type === 'leave' ? [] : made.near(x);
      if (found.length === 0 && !shown) return;
      shown = found.length > 0;
      setNear(
        shown
          ? { events: found.slice(0, MOST_LINES), more: Math.max(0, found.length - MOST_LINES), x }
          : undefined,
      );
    });
    const offRange = view.onRange(() => {
      if (shown) setNear(undefined);
      shown = false;
    });
    return () => {
      off();
      offRange();
      setMarks(undefined);
      setNear(undefined);
      view.setPrimitives('news', []);
    };
  }, [view]);
  useEffect(() => marks?.set(events, colors, raised), [marks, events, colors, raised]);
  return near;
}

/** Shades the hours of the FX centres. */
export function useSessionMarks(view: PriceView | undefined, on: boolean, colors: ChartColors): void {
  const marks = useMemo(() => (view && on ? new SessionMarks(view, colors) : undefined), [view, on, colors]);
  useEffect(() => {
    view?.setPrimitives('sessions', marks ? [marks] : []);
  }, [view, marks]);
}

export interface OtherSide {
  readonly side: PriceSide;
  readonly timeMs: readonly number[];
  readonly close: readonly number[];
}

/** The close of another side of the quote at the bars of a window; undefined while there is none. */
export function useOtherSide(
  symbol: string,
  window: BarWindow | undefined,
  side: PriceSide | undefined,
  version: string,
): OtherSide | undefined {
  const [got, setGot] = useState<OtherSide & { of: string }>();
  const times = window?.bars.timeMs;
  const of = `${symbol} ${window?.timeframe} ${side} ${version}`;
  const [firstMs, lastMs, count] = [times?.[0], times?.at(-1), times?.length ?? 0];
  const timeframe = window?.timeframe;
  useEffect(() => {
    if (!side || !timeframe || firstMs === undefined || lastMs === undefined) return;
    let gone = false;
    rpc.chart
      .window({ symbol, timeframe, priceSide: side, endMs: lastMs + 1, count: Math.min(20_000, count + 200) })
      .then(({ bars }) => {
        if (!gone) setGot({ of, side, timeMs: bars.timeMs, close: bars.close });
      })
      // The main bars say what is wrong with the engine; a side that is gone is simply not drawn.
      .catch(() => !gone && setGot(undefined));
    return () => {
      gone = true;
    };
  }, [symbol, timeframe, side, firstMs, lastMs, count, of]);
  return side && got?.of === of ? got : undefined;
}

/** Repaired bars as squares below: the shape says it without the colour. */
export function repairMarkers(marked: readonly number[], color: string): ChartMarker[] {
  return marked.map((timeMs) => ({ timeMs, position: 'belowBar', shape: 'square', color, size: 0.6 }));
}
