import { formatNumber, formatPct, formatPrice, formatTime } from '../../ui/format.ts';
import { describeError } from '../../ui/rpc.ts';
import { anomalyAt } from './anomalyMarkers.ts';
import type { AnomaliesView, FanView } from './useModelOverlays.ts';

/** The end of the fan in words, beside what the chart draws. */
function FanLine({ view, digits }: { readonly view: FanView; readonly digits: number }) {
  const { fan, busy, error } = view;
  if (error) return <div className="ft-legend-line ft-bad">Futures: {describeError(error).title}</div>;
  if (!fan) return busy ? <div className="ft-legend-line ft-dim">Drawing futures…</div> : null;
  const at = (level: number) => formatPrice(fan.prices[level]?.at(-1), digits);
  const last = fan.levels.length - 1;
  return (
    <div className="ft-legend-line" data-testid="fan-legend" data-made={fan.madeMs}>
      <span className="ft-legend-fan">Futures from {formatTime(fan.madeMs)}:</span>
      <span>{at(last / 2)}</span>
      <span className="ft-dim">
        {formatPct(100 * ((fan.levels[last] ?? 0) - (fan.levels[0] ?? 0)), { digits: 0 })} between {at(0)} and{' '}
        {at(last)} after {fan.timeMs.length} bars
      </span>
      {busy && <span className="ft-dim">drawing…</span>}
    </div>
  );
}

/** How many stretches are unusual, and the one under the pointer by its name. */
function AnomalyLine({
  view,
  hoverMs,
}: {
  readonly view: AnomaliesView;
  readonly hoverMs: number | undefined;
}) {
  const { anomalies, threshold, busy, error } = view;
  if (error)
    return <div className="ft-legend-line ft-bad">Unusual windows: {describeError(error).title}</div>;
  if (threshold === undefined)
    return busy ? <div className="ft-legend-line ft-dim">Looking for unusual windows…</div> : null;
  const here = anomalyAt(anomalies, hoverMs);
  return (
    <div className="ft-legend-line" data-testid="anomaly-legend" data-anomalies={anomalies.length}>
      <span className="ft-legend-anomaly">● Unusual windows:</span>
      <span>{formatNumber(anomalies.length)}</span>
      {here && (
        <span role="status">
          {here.name}, error {formatNumber(here.error, 2)} over {formatNumber(threshold, 2)}
        </span>
      )}
    </div>
  );
}

/** What models say of the bars beyond a line. */
export function ModelNotes(props: {
  readonly fan: FanView;
  readonly anomalies: AnomaliesView;
  readonly hoverMs: number | undefined;
  readonly digits: number;
}) {
  return (
    <>
      <FanLine view={props.fan} digits={props.digits} />
      <AnomalyLine view={props.anomalies} hoverMs={props.hoverMs} />
    </>
  );
}
