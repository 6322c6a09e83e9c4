import type { ReactNode } from 'react';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import { type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber, formatPct, formatPrice } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';
import type { BarWindow } from './barWindow.ts';
import { barOf, type PlacedForecast } from './forecastPlace.ts';
import type { OtherSide } from './useChartLayers.ts';

interface LegendProps {
  /** What else is to be said of the chart, below the values. */
  readonly children: ReactNode;
  /** Symbol and timeframe, where several charts stand side by side. */
  readonly name: string | undefined;
  readonly synthetic: boolean;
  /** The timeframe that was chosen; the bars may be of a longer one. */
  readonly chosen: AnyTimeframe;
  readonly window: BarWindow;
  readonly digits: number;
  readonly pipSize: number;
  readonly other: OtherSide | undefined;
  /** Whether the history says what was traded: many of quotes do not. */
  readonly traded: boolean;
  /** Bar under the pointer; the newest when undefined. */
  readonly hoverMs: number | undefined;
  readonly forecast:
    | {
        readonly points: readonly PlacedForecast[];
        readonly horizonBars: number;
        readonly confidence: number;
      }
    | undefined;
}

function pointFor(
  points: readonly PlacedForecast[],
  hoverMs: number | undefined,
): PlacedForecast | undefined {
  if (hoverMs === undefined) return points.at(-1);
  const at = barOf(
    points.map((p) => p.timeMs),
    hoverMs,
  );
  const point = at === undefined ? undefined : points[at];
  return point?.timeMs === hoverMs ? point : undefined;
}

function ForecastLine({
  forecast,
  hoverMs,
  digits,
}: {
  readonly forecast: NonNullable<LegendProps['forecast']>;
  readonly hoverMs: number | undefined;
  readonly digits: number;
}) {
  const point = pointFor(forecast.points, hoverMs);
  return (
    <div className="ft-legend-line" data-testid="forecast-legend">
      <span className="ft-legend-forecast">
        Forecast {forecast.horizonBars} bars ahead, {formatPct(forecast.confidence * 100, { digits: 1 })}{' '}
        band:
      </span>
      <span>{formatPrice(point?.price, digits)}</span>
      <span className="ft-dim">
        {formatPrice(point?.lower, digits)} to {formatPrice(point?.upper, digits)}
      </span>
    </div>
  );
}

/** Distance of the two sides at the close of a bar, in pips; undefined where one is missing. */
export function spreadPips(
  other: Pick<OtherSide, 'timeMs' | 'close'>,
  timeMs: number | undefined,
  close: number | undefined,
  pipSize: number,
): number | undefined {
  if (timeMs === undefined || close === undefined) return undefined;
  const at = barOf(other.timeMs, timeMs);
  if (at === undefined || other.timeMs[at] !== timeMs) return undefined;
  return Math.abs(other.close[at]! - close) / pipSize;
}

/** What is particular about the bar: shown as words, beside what the chart draws. */
function BarNotes({ window, row }: { readonly window: BarWindow; readonly row: number | undefined }) {
  const timeMs = row === undefined ? undefined : window.bars.timeMs[row];
  if (timeMs === undefined) return null;
  const partial = window.lastPartial && row === window.bars.timeMs.length - 1;
  return (
    <>
      {partial && <span className="ft-dim">forming</span>}
      {window.marked.includes(timeMs) && <span className="ft-legend-repaired">■ repaired</span>}
    </>
  );
}

/** The values under the crosshair: in the corner, where they hide no bar. */
export function Legend(props: LegendProps) {
  const { window, hoverMs, forecast, digits, pipSize, chosen, name, synthetic, other, traded } = props;
  const { bars } = window;
  const last = bars.timeMs.length - 1;
  const hovered = hoverMs === undefined ? last : barOf(bars.timeMs, hoverMs);
  // Ahead of the last bar there is a forecast but no bar.
  const endMs = (bars.timeMs[last] ?? 0) + timeframeMs(window.timeframe);
  const row = hoverMs !== undefined && hoverMs >= endMs ? undefined : hovered;
  const value = (column: keyof BarColumnsDto) => (row === undefined ? undefined : bars[column][row]);
  const close = value('close');
  const before = row === undefined || row === 0 ? undefined : bars.close[row - 1];
  const change = close === undefined || before === undefined ? undefined : (100 * (close - before)) / before;
  // What reads as 0.00 % has no direction.
  const tone = change === undefined || Math.abs(change) < 0.005 ? '' : change > 0 ? 'ft-up' : 'ft-down';
  const spread = other && spreadPips(other, value('timeMs'), close, pipSize);
  return (
    <div className="ft-legend ft-num" data-small={name !== undefined} data-testid="chart-legend">
      <div className="ft-legend-line">
        {name && <strong>{name}</strong>}
        {name && synthetic && <SyntheticBadge />}
        {window.timeframe !== chosen && (
          <span className="ft-legend-detail" data-testid="chart-detail">
            {chosen}, shown as {window.timeframe}
          </span>
        )}
        <Time ms={row === undefined ? hoverMs : bars.timeMs[row]} />
        {(['open', 'high', 'low', 'close'] as const).map((column) => (
          <span key={column}>
            <span className="ft-dim">{column.charAt(0).toUpperCase()}</span>{' '}
            {formatPrice(value(column), digits)}
          </span>
        ))}
        <span className={tone}>{formatPct(change, { signed: true })}</span>
        {traded && (
          <span>
            <span className="ft-dim">V</span> {formatNumber(value('volume'))}
          </span>
        )}
        {spread !== undefined && (
          <span>
            <span className="ft-dim">Spread</span> {formatNumber(spread, 1, 1)} pips
          </span>
        )}
        <BarNotes window={window} row={row} />
      </div>
      {forecast && <ForecastLine forecast={forecast} hoverMs={hoverMs} digits={digits} />}
      {props.children}
    </div>
  );
}
