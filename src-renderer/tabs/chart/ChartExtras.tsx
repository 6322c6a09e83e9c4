import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { DrawingLayer } from './drawings/DrawingLayer.tsx';
import { DrawingTools } from './drawings/DrawingTools.tsx';
import { IndicatorLayer } from './indicators/IndicatorLayer.tsx';
import { IndicatorMenu } from './indicators/IndicatorMenu.tsx';
import type { PriceView } from './priceView.ts';

/** What is mounted on a chart gets to know of it. */
export interface ChartCellInfo {
  /** Stable name of the cell, for what is remembered per cell. */
  readonly id: string;
  readonly symbol: string;
  /** What the bars on the screen are; longer than the chosen one while zoomed out. */
  readonly timeframe: AnyTimeframe;
  readonly digits: number;
  readonly pipSize: number;
  /** The chart itself. It lives as long as the cell; series and primitives on it go with it. */
  readonly view: PriceView;
  /** The cell that has the keyboard. */
  readonly active: boolean;
}

export interface ChartExtrasProps {
  readonly cell: ChartCellInfo;
  /** Bars on the screen and around it; a new object whenever they change. */
  readonly bars: BarColumnsDto;
}

/** Mounted inside every chart that has bars, after the bars were given to the chart: indicators and drawings. */
export function ChartExtras(props: ChartExtrasProps) {
  return (
    <>
      <IndicatorLayer {...props} />
      <DrawingLayer {...props} />
    </>
  );
}

/** In the toolbar of the chart that has the keyboard: what is added to it and drawn on it. */
export function ToolbarExtras({ cell }: ChartExtrasProps) {
  return (
    <>
      <DrawingTools cell={cell} />
      <IndicatorMenu cellId={cell.id} />
    </>
  );
}
