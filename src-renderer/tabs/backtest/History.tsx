import { ActionIcon } from '@mantine/core';
import { IconArrowsLeftRight } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { BacktestSummary } from '../../../src-shared/contract/backtest.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber, formatPct } from '../../ui/format.ts';
import { describeGenes } from '../../ui/genes.ts';
import { signClass } from '../../ui/MetricGrid.tsx';
import { metricValue } from '../../ui/metrics.ts';
import { SPAN_INFO } from '../../ui/models.tsx';
import { Time } from '../../ui/Time.tsx';

interface HistoryProps {
  readonly results: readonly BacktestSummary[];
  readonly selectedId: string | undefined;
  readonly compareId: string | undefined;
  readonly onSelect: (id: string) => void;
  readonly onCompare: (id: string | undefined) => void;
}

/** Earlier results: one is shown, a second one can be put next to it. */
export function History({ results, selectedId, compareId, onSelect, onCompare }: HistoryProps) {
  const columns = useMemo<readonly GridColumn<BacktestSummary>[]>(
    () => [
      {
        key: 'created',
        label: 'Run',
        width: 54,
        render: (r) => <Time ms={r.createdMs} bare date={false} />,
        title: (r) => describeGenes(r.genes),
        sortBy: (r) => r.createdMs,
      },
      {
        key: 'market',
        label: 'Market, span',
        width: 114,
        render: (r) => `${r.symbol} ${SPAN_INFO[r.span].label}`,
        title: (r) =>
          `${r.symbol} ${r.timeframe}, ${SPAN_INFO[r.span].label}${r.synthetic ? ', SYNTHETIC' : ''}`,
        sortBy: (r) => `${r.symbol} ${r.timeframe} ${r.span}`,
      },
      {
        key: 'return',
        label: 'Return',
        width: 72,
        align: 'end',
        render: (r) => (
          <span className={signClass(r.metrics.netReturnPct)}>
            {formatPct(r.metrics.netReturnPct, { signed: true })}
          </span>
        ),
        sortBy: (r) => r.metrics.netReturnPct,
      },
      {
        key: 'sharpe',
        label: 'Sharpe',
        width: 58,
        align: 'end',
        render: (r) => formatNumber(metricValue(r.metrics, 'sharpe'), 2, 2),
        sortBy: (r) => metricValue(r.metrics, 'sharpe'),
      },
      {
        key: 'compare',
        label: '',
        width: 36,
        render: (r) => (
          <ActionIcon
            size={20}
            variant={r.id === compareId ? 'filled' : 'subtle'}
            color={r.id === compareId ? 'accent' : 'gray'}
            disabled={r.id === selectedId}
            aria-label="Compare with the result on screen"
            aria-pressed={r.id === compareId}
            title="Compare with the result on screen"
            onClick={(event) => {
              event.stopPropagation();
              onCompare(r.id === compareId ? undefined : r.id);
            }}
          >
            <IconArrowsLeftRight size={13} aria-hidden />
          </ActionIcon>
        ),
      },
    ],
    [selectedId, compareId, onCompare],
  );
  return (
    <DataGrid
      rows={results}
      columns={columns}
      rowKey={(r) => r.id}
      label="Earlier backtests"
      initialSort={{ key: 'created', descending: true }}
      selectedKey={selectedId}
      onSelect={(r) => onSelect(r.id)}
      emptyText="No backtest was run yet."
      testId="backtest-history"
      rowTestId="backtest-row"
    />
  );
}
