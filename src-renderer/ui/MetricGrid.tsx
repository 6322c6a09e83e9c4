import type { Metrics } from '../../src-shared/metrics/types.ts';
import { formatMoney, formatNumber, formatPct, formatSigned, formatSignedMoney, UNKNOWN } from './format.ts';
import styles from './MetricGrid.module.css';
import {
  ALL_METRICS,
  compareMetric,
  type FigureKind,
  METRIC_GROUPS,
  type MetricDefinition,
  type MetricKey,
  metricLabel,
  metricValue,
} from './metrics.ts';

export interface MetricGridProps {
  readonly metrics: Metrics;
  /** Account currency of the money figures. */
  readonly currency: string;
  /** Heading of the first column when two results stand side by side. */
  readonly name?: string;
  readonly compare?: { readonly name: string; readonly metrics: Metrics };
  /** Only these figures, in this order; all when absent. */
  readonly only?: readonly MetricKey[];
  readonly testId?: string;
}

/** A figure as text; unknown is a dash, never 0. */
export function formatFigure(kind: FigureKind, value: number | undefined, currency: string): string {
  if (value === undefined) return UNKNOWN;
  switch (kind) {
    case 'pct':
      return formatPct(value);
    case 'signedPct':
      return formatPct(value, { signed: true });
    case 'money':
      return formatMoney(value, currency);
    case 'signedMoney':
      return formatSignedMoney(value, currency);
    case 'integer':
      return formatNumber(value, 0);
    case 'days':
      return `${formatNumber(value, 1, 1)} d`;
    case 'pips':
      return `${formatSigned(value, 2)} pips`;
    case 'r':
      return `${formatSigned(value, 2)} R`;
    case 'lots':
      return `${formatNumber(value, 2, 2)} lots`;
    case 'number':
      return formatNumber(value, 2, 2);
  }
}

/** Class of a profit or loss; the sign in the text says the same. */
export function signClass(value: number | undefined): string | undefined {
  if (value === undefined || value === 0) return undefined;
  return value > 0 ? 'ft-up' : 'ft-down';
}

function figureClass(definition: MetricDefinition, value: number | undefined): string | undefined {
  const signed = definition.kind === 'signedPct' || definition.kind === 'signedMoney';
  return signed ? signClass(value) : undefined;
}

/** The performance figures of a result, or of two results side by side with a mark on the better one. */
export function MetricGrid(props: MetricGridProps) {
  if (props.compare) return <CompareTable {...props} compare={props.compare} />;
  const { metrics, currency, only } = props;
  const groups = METRIC_GROUPS.map((group) => ({
    ...group,
    metrics: only ? group.metrics.filter((m) => only.includes(m.key)) : group.metrics,
  })).filter((group) => group.metrics.length > 0);
  return (
    <div className={styles.groups} data-testid={props.testId}>
      {groups.map((group) => (
        <div key={group.title} className={styles.group}>
          <h3 className={styles.title}>{group.title}</h3>
          <dl className={styles.list}>
            {group.metrics.map((definition) => {
              const value = metricValue(metrics, definition.key);
              return (
                <div key={definition.key} className={styles.item} data-metric={definition.key}>
                  <dt className={styles.label} title={definition.help}>
                    {metricLabel(definition, metrics)}
                  </dt>
                  <dd className={`${styles.value} ${figureClass(definition, value) ?? ''}`}>
                    {formatFigure(definition.kind, value, currency)}
                  </dd>
                </div>
              );
            })}
          </dl>
        </div>
      ))}
    </div>
  );
}

type CompareProps = MetricGridProps & { readonly compare: NonNullable<MetricGridProps['compare']> };

function CompareTable({ metrics, currency, name, compare, only, testId }: CompareProps) {
  const shown = only
    ? only.flatMap((key) => ALL_METRICS.filter((definition) => definition.key === key))
    : ALL_METRICS;
  return (
    <table className={styles.table} data-testid={testId}>
      <thead>
        <tr>
          <th scope="col">
            <span className={styles.dim}>Figure</span>
          </th>
          <th scope="col">{name ?? 'This'}</th>
          <th scope="col">{compare.name}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((definition) => {
          const a = metricValue(metrics, definition.key);
          const b = metricValue(compare.metrics, definition.key);
          const better = compareMetric(definition, a, b);
          return (
            <tr key={definition.key} data-metric={definition.key}>
              <th scope="row" title={definition.help}>
                {isMoney(definition.kind)
                  ? `${definition.label}, ${currency}`
                  : metricLabel(definition, metrics)}
              </th>
              <CompareCell definition={definition} value={a} better={better === 1} />
              <CompareCell definition={definition} value={b} better={better === -1} />
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function isMoney(kind: FigureKind): boolean {
  return kind === 'money' || kind === 'signedMoney';
}

/** Money without its currency, which stands in the name of the row. */
function bareMoney(kind: FigureKind, value: number | undefined): string {
  return kind === 'signedMoney' ? formatSigned(value, 2) : formatNumber(value, 2, 2);
}

interface CompareCellProps {
  readonly definition: MetricDefinition;
  readonly value: number | undefined;
  readonly better: boolean;
}

function CompareCell({ definition, value, better }: CompareCellProps) {
  return (
    <td className={figureClass(definition, value)}>
      {isMoney(definition.kind)
        ? bareMoney(definition.kind, value)
        : formatFigure(definition.kind, value, '')}
      <span className={styles.mark} title={better ? 'Better of the two' : undefined}>
        {better ? '●' : ''}
        {better && <span className="ft-sr"> (better)</span>}
      </span>
    </td>
  );
}
