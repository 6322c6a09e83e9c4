import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand/react';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import { calendarOf } from '../../../../src-shared/market/calendars.ts';
import { type AnyTimeframe, timeframeMs } from '../../../../src-shared/market/timeframes.ts';
import { connection } from '../../../ui/connection.ts';
import { useChartColors } from '../../../ui/theme.ts';
import type { ChartExtrasProps } from '../ChartExtras.tsx';
import { useCalendar } from '../indicators/useCalendar.ts';
import { ChosenBar } from './ChosenBar.tsx';
import { canvasOf, handOf } from './canvases.ts';
import { drawings, useDrawings } from './drawings.ts';
import type { AxisRule } from './tradingAxis.ts';
import './drawings.css';

const NONE: readonly Drawing[] = [];

/** Loads a symbol's drawings when they are shown, and again after a lost connection or work in another window. */
function useLoaded(symbol: string): readonly Drawing[] {
  const generation = useStore(connection, (c) => c.generation);
  useEffect(() => {
    if (generation === 0) return;
    const load = () => void drawings.load(symbol);
    load();
    window.addEventListener('focus', load);
    return () => window.removeEventListener('focus', load);
  }, [symbol, generation]);
  return useDrawings((s) => s.bySymbol[symbol] ?? NONE);
}

/** How the axis goes on beyond the loaded bars: where the market is open, in bars of up to a day. */
function useAxisRule(symbol: string, timeframe: AnyTimeframe): AxisRule {
  const name = useCalendar(symbol);
  return useMemo(() => {
    const frameMs = timeframeMs(timeframe);
    const pauses = name !== undefined && name !== 'always' && frameMs <= timeframeMs('D1');
    return { frameMs, calendar: pauses ? calendarOf({ calendar: name }) : undefined };
  }, [name, timeframe]);
}

/** Draws and edits what was drawn on the charts of a symbol. */
export function DrawingLayer({ cell, bars }: ChartExtrasProps) {
  const { view, symbol, digits } = cell;
  const colors = useChartColors();
  const list = useLoaded(symbol);
  const chosen = useDrawings((s) => s.chosen);
  const tool = useDrawings((s) => s.tool);
  const rule = useAxisRule(symbol, cell.timeframe);
  const [, redraw] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    canvasOf(view, symbol, digits).hand.update({ symbol, digits, onChange: () => redraw((n) => n + 1) });
  }, [view, symbol, digits]);
  // A tool that was laid down elsewhere leaves no half drawing here.
  useEffect(() => {
    if (tool === undefined) handOf(view)?.cancel();
  }, [view, tool]);
  // After every change of what is drawn, and of the bars that it lies on.
  useEffect(() => {
    const { hand, primitive, axis } = canvasOf(view, symbol, digits);
    axis.rule = rule;
    const sketches = hand.draft ? [...list, hand.draft] : list;
    primitive.show({ sketches, chosen, hovered: hand.hovered, colors, digits });
    const pane = box.current?.closest<HTMLElement>('.ft-chart');
    if (pane) pane.dataset.cursor = (tool ? 'crosshair' : hand.cursor) ?? '';
  });
  const own = list.find((d) => d.id === chosen);
  return (
    <div
      ref={box}
      className="ft-draw"
      data-testid="drawings"
      data-drawings={list.length}
      data-rows={bars.timeMs.length}
    >
      {own && cell.active && <ChosenBar key={own.id} drawing={own} />}
    </div>
  );
}
