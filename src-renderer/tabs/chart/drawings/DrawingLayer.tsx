import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand/react';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import { connection } from '../../../ui/connection.ts';
import { useChartColors } from '../../../ui/theme.ts';
import type { ChartExtrasProps } from '../ChartExtras.tsx';
import { ChosenBar } from './ChosenBar.tsx';
import { canvasOf, handOf } from './canvases.ts';
import { drawings, useDrawings } from './drawings.ts';
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

/** Draws and edits what was drawn on the charts of a symbol. */
export function DrawingLayer({ cell, bars }: ChartExtrasProps) {
  const { view, symbol, digits } = cell;
  const colors = useChartColors();
  const list = useLoaded(symbol);
  const chosen = useDrawings((s) => s.chosen);
  const tool = useDrawings((s) => s.tool);
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
    const { hand, primitive } = canvasOf(view, symbol, digits);
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
