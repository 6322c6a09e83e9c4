import { useEffect, useState } from 'react';
import type { Anomaly, Fan } from '../../../src-shared/contract/chart.ts';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { rpc } from '../../ui/rpc.ts';
import { useChartColors } from '../../ui/theme.ts';
import { anomalyMarkers } from './anomalyMarkers.ts';
import type { BarWindow } from './barWindow.ts';
import { FanDrawing } from './fanDrawing.ts';
import { barOf } from './forecastPlace.ts';
import type { PriceView } from './priceView.ts';

/** The chart must have come to rest before a worker is asked. */
const RESTS_AFTER_MS = 350;
/** A press and release within so many pixels is a click. */
const CLICK_PX = 4;

/** Open of the bar whose fan is wanted: one that was clicked, while it is visible, else the last visible one. */
export function fanBar(
  timeMs: readonly number[],
  clickedMs: number | undefined,
  visible: { readonly fromMs: number; readonly toMs: number } | undefined,
): number | undefined {
  if (!visible) return timeMs.at(-1);
  if (clickedMs !== undefined && clickedMs >= visible.fromMs && clickedMs <= visible.toMs) return clickedMs;
  const row = barOf(timeMs, visible.toMs);
  return row === undefined ? undefined : timeMs[row];
}

/** Hears which bar's fan is wanted once the chart rests. */
function useFanBar(view: PriceView | undefined, timeMs: readonly number[] | undefined): number | undefined {
  const [wanted, setWanted] = useState<number>();
  useEffect(() => {
    if (!view || !timeMs) return setWanted(undefined);
    let clicked: number | undefined;
    let pressed: { x: number; y: number } | undefined;
    let timer = 0;
    const rest = (afterMs: number) => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => setWanted(fanBar(timeMs, clicked, view.visible())), afterMs);
    };
    const offPointer = view.onPointer(({ type, x, y, timeMs: at }) => {
      if (type === 'down') pressed = { x, y };
      if (type !== 'up' || !pressed || Math.hypot(x - pressed.x, y - pressed.y) > CLICK_PX) return;
      const row = barOf(timeMs, at);
      clicked = row === undefined ? undefined : timeMs[row];
      rest(0);
    });
    const offRange = view.onRange(() => rest(RESTS_AFTER_MS));
    rest(RESTS_AFTER_MS);
    return () => {
      offPointer();
      offRange();
      window.clearTimeout(timer);
    };
  }, [view, timeMs]);
  return wanted;
}

export interface FanView {
  readonly fan: Fan | undefined;
  readonly busy: boolean;
  readonly error: unknown;
}

/** The futures of the chosen diffusion model ahead of the last visible or the clicked bar, drawn on the chart. */
export function useDrawnFan(
  view: PriceView | undefined,
  window: BarWindow | undefined,
  model: ModelDto | undefined,
): FanView {
  const colors = useChartColors();
  const own = model?.role === 'diffusion' && window?.timeframe === model.timeframe ? model : undefined;
  const wanted = useFanBar(own && view, own && window?.bars.timeMs);
  const modelId = own?.id;
  const [state, setState] = useState<FanView & { modelId: string }>();
  useEffect(() => {
    if (modelId === undefined || wanted === undefined) return;
    let gone = false;
    // The fan before stays until the next one is there.
    setState((before) => ({
      modelId,
      fan: before?.modelId === modelId ? before.fan : undefined,
      busy: true,
      error: undefined,
    }));
    rpc.chart
      .fan({ modelId, timeMs: wanted })
      .then((fan) => !gone && setState({ modelId, fan, busy: false, error: undefined }))
      .catch((error: unknown) => !gone && setState({ modelId, fan: undefined, busy: false, error }));
    return () => {
      gone = true;
    };
  }, [modelId, wanted]);
  const shown = modelId !== undefined && state?.modelId === modelId ? state : undefined;
  const fan = shown?.fan;
  useEffect(() => {
    if (!view || !fan) return;
    const drawing = new FanDrawing(view, colors);
    drawing.set(fan, colors);
    view.setPrimitives('fan', [drawing]);
    return () => view.setPrimitives('fan', []);
  }, [view, fan, colors]);
  return { fan, busy: shown?.busy ?? false, error: shown?.error };
}

export interface AnomaliesView {
  readonly anomalies: readonly Anomaly[];
  readonly threshold: number | undefined;
  readonly busy: boolean;
  readonly error: unknown;
}

const NONE: readonly Anomaly[] = [];

/** What the chosen anomaly model flags among the bars that are held, marked on the chart. */
export function useDrawnAnomalies(
  view: PriceView | undefined,
  window: BarWindow | undefined,
  model: ModelDto | undefined,
): AnomaliesView {
  const colors = useChartColors();
  const own = model && window?.timeframe === model.timeframe ? model : undefined;
  const times = window?.bars.timeMs;
  const [fromMs, toMs] = [times?.[0], times?.at(-1)];
  const [state, setState] = useState<AnomaliesView & { id: string }>();
  const id = own?.id;
  useEffect(() => {
    if (id === undefined || fromMs === undefined || toMs === undefined) return;
    let gone = false;
    setState((before) => (before?.id === id ? { ...before, busy: true } : { id, ...NOTHING, busy: true }));
    rpc.chart
      .anomalies({ modelId: id, fromMs, toMs })
      .then(({ markers, threshold }) => {
        if (!gone) setState({ id, anomalies: markers, threshold, busy: false, error: undefined });
      })
      .catch((error: unknown) => !gone && setState({ id, ...NOTHING, error }));
    return () => {
      gone = true;
    };
  }, [id, fromMs, toMs]);
  const shown = id !== undefined && state?.id === id ? state : undefined;
  const anomalies = shown?.anomalies ?? NONE;
  useEffect(() => {
    const held = times ? anomalies.filter((a) => barOf(times, a.timeMs) !== undefined) : [];
    view?.setMarkers('anomalies', anomalyMarkers(held, colors));
  }, [view, anomalies, colors, times]);
  return shown ?? NOTHING;
}
const NOTHING: AnomaliesView = { anomalies: NONE, threshold: undefined, busy: false, error: undefined };
