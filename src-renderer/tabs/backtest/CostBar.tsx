import type { Metrics } from '../../../src-shared/metrics/types.ts';
import { formatMoney, formatPct } from '../../ui/format.ts';
import { useChartColors } from '../../ui/theme.ts';
import styles from './Backtest.module.css';

interface CostBarProps {
  readonly metrics: Metrics;
  readonly currency: string;
}

/** What trading cost, split into spread, commission and slippage. */
export function CostBar({ metrics, currency }: CostBarProps) {
  const colors = useChartColors();
  const parts = [
    { label: 'Spread', value: metrics.spreadCost, color: colors.series[0] },
    { label: 'Commission', value: metrics.commission, color: colors.series[1] },
    { label: 'Slippage', value: metrics.slippageCost, color: colors.series[2] },
  ];
  const total = metrics.totalCost;
  return (
    <div>
      <h3 className={styles.sectionTitle}>Costs: {formatMoney(total, currency)}</h3>
      {total > 0 && (
        <div className={styles.costBar} aria-hidden>
          {parts.map((part) => (
            <div key={part.label} style={{ flex: Math.max(0, part.value), background: part.color }} />
          ))}
        </div>
      )}
      <div className={styles.costLegend}>
        {parts.map((part) => (
          <span key={part.label} className={styles.costItem}>
            <span className={styles.swatch} style={{ background: part.color }} />
            <span className={styles.dim}>{part.label}</span>
            <span>{formatMoney(part.value, currency)}</span>
            <span className={styles.dim}>
              {formatPct(total > 0 ? (100 * part.value) / total : undefined, { digits: 0 })}
            </span>
          </span>
        ))}
      </div>
    </div>
  );
}
