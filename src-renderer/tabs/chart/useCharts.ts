import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { usePreferences } from '../../state/preferences.ts';
import { rpc } from '../../ui/rpc.ts';
import { useChartColors } from '../../ui/theme.ts';
import { BarFeed, type FeedMarket, type FeedState } from './barFeed.ts';
import { PriceView } from './priceView.ts';

export interface ChartHandle {
  readonly view: PriceView;
  readonly feed: BarFeed;
}

const DISPOSE_AFTER_MS = 250;
const NOTHING: FeedState = { window: undefined, busy: true, error: undefined };

/** A chart in a box, fed with the bars of a market. */
export function useChart(
  box: RefObject<HTMLDivElement | null>,
  market: FeedMarket,
): { readonly handle: ChartHandle | undefined; readonly state: FeedState } {
  const colors = useChartColors();
  const zone = usePreferences((p) => p.zone);
  const [handle, setHandle] = useState<ChartHandle>();
  const [state, setState] = useState<FeedState>(NOTHING);
  const inEffect = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: palette and zone are taken over below, without a new chart
  useLayoutEffect(() => {
    if (!box.current) return;
    const view = new PriceView(box.current, colors, zone);
    let drawn: FeedState['window'];
    const feed = new BarFeed(
      view,
      (question) => rpc.chart.window(question),
      () => {
        const isSame = drawn === feed.state.window;
        drawn = feed.state.window;
        // What is laid over the bars follows them before the next frame is painted.
        if (isSame || inEffect.current) setState(feed.state);
        else flushSync(() => setState(feed.state));
      },
    );
    view.onFit = () => feed.fit();
    const off = view.onRange((visible) => feed.moved(visible));
    const offPointer = view.onPointer(({ type }) => type === 'up' && feed.released());
    setHandle({ view, feed });
    return () => {
      feed.remember();
      off();
      offPointer();
      feed.end();
      setHandle(undefined);
      setState(NOTHING);
      // Effects of those who draw on the chart are cleaned up after this one and still need it.
      setTimeout(() => view.dispose(), DISPOSE_AFTER_MS);
    };
  }, [box]);
  useEffect(() => handle?.view.restyle(colors, zone), [handle, colors, zone]);
  const { symbol, timeframe, priceSide, digits, version, available } = market;
  const frames = available.join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `frames` stands for the list, which is new with each answer
  useLayoutEffect(() => {
    if (!handle) return;
    inEffect.current = true;
    handle.feed.open({ symbol, timeframe, priceSide, digits, version, available });
    inEffect.current = false;
  }, [handle, symbol, timeframe, priceSide, digits, version, frames]);
  return { handle, state };
}
