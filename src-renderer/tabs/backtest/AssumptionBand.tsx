import type { BacktestDto } from '../../../src-shared/contract/backtest.ts';
import type { Metrics } from '../../../src-shared/metrics/types.ts';
import { formatNumber } from '../../ui/format.ts';
import { formatFigure } from '../../ui/MetricGrid.tsx';
import { ALL_METRICS, type MetricKey, metricValue } from '../../ui/metrics.ts';
import styles from './Backtest.module.css';

const SHOWN_KEYS: readonly MetricKey[] = ['netReturnPct', 'maxDrawdownPct', 'sharpe', 'winRatePct'];
const SHOWN = SHOWN_KEYS.flatMap((key) => ALL_METRICS.filter((m) => m.key === key));

/**
 * How far the result hangs on an assumption: bars do not tell whether stop or target was touched first where both
 * lie inside the same bar, so the figures are given for both cases.
 */
export function AssumptionBand({ result }: { readonly result: BacktestDto }) {
  const { stopFirst, targetFirst, ambiguousTrades } = result.band;
  const total = result.metrics.trades;
  return (
    <div>
      <h3 className={styles.sectionTitle}>Inside the bar</h3>
      <p className={styles.note}>
        {ambiguousTrades === 0
          ? 'No trade closed in a bar that held both its stop and its target: nothing had to be assumed.'
          : `${formatNumber(ambiguousTrades, 0)} of ${formatNumber(total, 0)} trades closed in a bar that held both stop and target. Which came first is not known; the truth lies between:`}
      </p>
      {ambiguousTrades > 0 && (
        <table className={styles.band}>
          <thead>
            <tr>
              <th scope="col">Assumed first</th>
              {SHOWN.map((m) => (
                <th key={m.key} scope="col">
                  {m.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <BandRow label="Stop" metrics={stopFirst} currency={result.currency} />
            <BandRow label="Target" metrics={targetFirst} currency={result.currency} />
          </tbody>
        </table>
      )}
    </div>
  );
}

interface BandRowProps {
  readonly label: string;
  readonly metrics: Metrics;
  readonly currency: string;
}

function BandRow({ label, metrics, currency }: BandRowProps) {
  return (
    <tr>
      <th scope="row">{label}</th>
      {SHOWN.map((m) => (
        <td key={m.key}>{formatFigure(m.kind, metricValue(metrics, m.key), currency)}</td>
      ))}
    </tr>
  );
}
