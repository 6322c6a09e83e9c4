import { useEffect, useMemo, useRef, useState } from 'react';
import { detectPatterns, type Pattern } from '../../../../src-shared/indicators/patterns/index.ts';
import { useChartColors } from '../../../ui/theme.ts';
import type { ChartExtrasProps } from '../ChartExtras.tsx';
import { IndicatorLegends } from './IndicatorLegends.tsx';
import { type SceneInput, sceneOf } from './indicatorScene.ts';
import { useCellIndicators } from './indicatorStore.ts';
import { patternMarkers } from './patternMarkers.ts';
import { IndicatorValues, showIndicator } from './shown.ts';
import { useCalendar } from './useCalendar.ts';
import './indicators.css';

const NO_LENGTH: readonly never[] = [];

/** Marks patterns at the bars that complete them. */
function usePatterns({ cell, bars }: ChartExtrasProps): readonly Pattern[] {
  const { patterns } = useCellIndicators(cell.id);
  const colors = useChartColors();
  const { candles, swings } = patterns;
  const found = useMemo(
    () => (candles || swings ? detectPatterns(bars, { candles, swings }) : NO_LENGTH),
    [bars, candles, swings],
  );
  const { view } = cell;
  useEffect(() => {
    view.setMarkers('patterns', patternMarkers(found, bars.timeMs, colors));
  }, [view, found, bars, colors]);
  return found;
}

/** Draws the indicators of a chart and their legends. Only the bars that are given are computed with. */
export function IndicatorLayer({ cell, bars }: ChartExtrasProps) {
  const { list } = useCellIndicators(cell.id);
  const colors = useChartColors();
  const calendar = useCalendar(cell.symbol);
  const { view, digits, timeframe } = cell;
  const values = useRef<IndicatorValues>(undefined);
  values.current ??= new IndicatorValues();
  const kept = values.current;
  const shown = useMemo(() => {
    if (calendar === undefined) return NO_LENGTH;
    kept.keepOnly(list);
    return list.map((x) => showIndicator(x, kept.of(x, bars, { calendar, timeframe }), colors));
  }, [kept, list, bars, calendar, timeframe, colors]);
  const [drawn, setDrawn] = useState<SceneInput>();
  useEffect(() => {
    const input = { shown, bars, colors, digits };
    sceneOf(view).set(input);
    // The legends stand where the panes are: they follow what was drawn.
    setDrawn(input);
  }, [view, shown, bars, colors, digits]);
  const patterns = usePatterns({ cell, bars });
  return (
    <div
      className="ft-ind"
      data-testid="indicators"
      data-indicators={list.length}
      data-patterns={patterns.length}
    >
      {drawn && drawn.shown.length + patterns.length > 0 && (
        <IndicatorLegends cell={cell} input={drawn} patterns={patterns} />
      )}
    </div>
  );
}
