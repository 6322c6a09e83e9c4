import type { BarColumnsDto, DatasetDto } from '../../../src-shared/contract/data.ts';
import { formatNumber, formatPct, formatPrice } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';
import { barOf, type PlacedForecast } from './forecastPlace.ts';

interface LegendProps {
  readonly dataset: DatasetDto;
  readonly bars: BarColumnsDto;
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

/** The values under the crosshair: in the corner, where they hide no bar. */
export function Legend({ dataset, bars, hoverMs, forecast }: LegendProps) {
  const { digits } = dataset;
  const last = bars.timeMs.length - 1;
  const hovered = hoverMs === undefined ? last : barOf(bars.timeMs, hoverMs);
  // Ahead of the last bar there is a forecast but no bar.
  const row = hoverMs !== undefined && hoverMs > (bars.timeMs[last] ?? 0) ? undefined : hovered;
  const value = (name: keyof BarColumnsDto) => (row === undefined ? undefined : bars[name][row]);
  const close = value('close');
  const before = row === undefined || row === 0 ? undefined : bars.close[row - 1];
  const change = close === undefined || before === undefined ? undefined : (100 * (close - before)) / before;
  // What reads as 0.00 % has no direction.
  const tone = change === undefined || Math.abs(change) < 0.005 ? '' : change > 0 ? 'ft-up' : 'ft-down';
  return (
    <div className="ft-legend ft-num" data-testid="chart-legend">
      <div className="ft-legend-line">
        <Time ms={row === undefined ? hoverMs : bars.timeMs[row]} />
        {(['open', 'high', 'low', 'close'] as const).map((name) => (
          <span key={name}>
            <span className="ft-dim">{name.charAt(0).toUpperCase()}</span> {formatPrice(value(name), digits)}
          </span>
        ))}
        <span className={tone}>{formatPct(change, { signed: true })}</span>
        <span>
          <span className="ft-dim">V</span> {formatNumber(value('volume'))}
        </span>
      </div>
      {forecast && <ForecastLine forecast={forecast} hoverMs={hoverMs} digits={digits} />}
    </div>
  );
}
