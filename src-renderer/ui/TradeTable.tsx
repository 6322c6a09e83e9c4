import { useMemo } from 'react';
import type { ExitReason, Trade } from '../../src-shared/trading/types.ts';
import { DataGrid, type GridColumn } from './DataGrid.tsx';
import { formatNumber, formatPrice, formatSigned } from './format.ts';
import { signClass } from './MetricGrid.tsx';
import { Time } from './Time.tsx';

export interface TradeTableProps {
  readonly trades: readonly Trade[];
  readonly currency: string;
  /** Decimals of the instrument's prices. */
  readonly digits: number;
  readonly selectedId?: string | undefined;
  readonly onSelect?: (trade: Trade) => void;
  /** Newest first, as a running session shows them. */
  readonly newestFirst?: boolean;
  readonly testId?: string;
}

const REASONS: Readonly<Record<ExitReason, string>> = {
  'stop-loss': 'Stop-loss',
  'take-profit': 'Take-profit',
  'max-holding': 'Max holding',
  signal: 'Signal',
  flatten: 'Flatten',
  'end-of-data': 'End of data',
};

/** Why a position was closed, in words. */
export function exitReasonLabel(reason: string): string {
  return REASONS[reason as ExitReason] ?? reason;
}

/** Long or short with an arrow, so that colour is not the only carrier. */
export function Side({ direction }: { readonly direction: 'long' | 'short' }) {
  return direction === 'long' ? (
    <span className="ft-up">▲ Long</span>
  ) : (
    <span className="ft-down">▼ Short</span>
  );
}

function columnsFor(currency: string, digits: number): readonly GridColumn<Trade>[] {
  const end = { align: 'end' } as const;
  return [
    {
      key: 'entry',
      label: 'Entry',
      width: 134,
      render: (t) => <Time ms={t.entryTimeMs} bare />,
      sortBy: (t) => t.entryTimeMs,
    },
    {
      key: 'side',
      label: 'Side',
      width: 66,
      render: (t) => <Side direction={t.direction} />,
      sortBy: (t) => t.direction,
    },
    {
      key: 'lots',
      label: 'Lots',
      width: 58,
      ...end,
      render: (t) => formatNumber(t.volumeLots, 2, 2),
      sortBy: (t) => t.volumeLots,
    },
    {
      key: 'entryPrice',
      label: 'Entry price',
      width: 86,
      ...end,
      render: (t) => formatPrice(t.entryPrice, digits),
      sortBy: (t) => t.entryPrice,
    },
    {
      key: 'exit',
      label: 'Exit',
      width: 134,
      render: (t) => <Time ms={t.exitTimeMs} bare />,
      sortBy: (t) => t.exitTimeMs,
    },
    {
      key: 'exitPrice',
      label: 'Exit price',
      width: 84,
      ...end,
      render: (t) => formatPrice(t.exitPrice, digits),
      sortBy: (t) => t.exitPrice,
    },
    {
      key: 'reason',
      label: 'Reason',
      width: 104,
      render: (t) => (
        <>
          {exitReasonLabel(t.exitReason)}
          {t.ambiguous && (
            <abbr title="Stop and target lay inside the same bar; which came first was assumed."> ?</abbr>
          )}
        </>
      ),
      sortBy: (t) => t.exitReason,
    },
    {
      key: 'net',
      label: `Net, ${currency}`,
      width: 90,
      ...end,
      help: 'Net profit after all costs',
      render: (t) => <span className={signClass(t.netProfit)}>{formatSigned(t.netProfit, 2)}</span>,
      sortBy: (t) => t.netProfit,
    },
    {
      key: 'pips',
      label: 'Pips',
      width: 66,
      ...end,
      help: 'Net pips',
      render: (t) => <span className={signClass(t.netPips)}>{formatSigned(t.netPips, 1)}</span>,
      sortBy: (t) => t.netPips,
    },
    {
      key: 'r',
      label: 'R',
      width: 56,
      ...end,
      help: 'Net profit in units of the initial risk',
      render: (t) => formatSigned(t.rMultiple, 2),
      sortBy: (t) => t.rMultiple,
    },
    {
      key: 'bars',
      label: 'Bars',
      width: 52,
      ...end,
      help: 'Bars held',
      render: (t) => formatNumber(t.barsHeld, 0),
      sortBy: (t) => t.barsHeld,
    },
    {
      key: 'mae',
      label: 'MAE',
      width: 58,
      ...end,
      help: 'Largest move against the position, pips',
      render: (t) => formatNumber(t.maePips, 1, 1),
      sortBy: (t) => t.maePips,
    },
    {
      key: 'mfe',
      label: 'MFE',
      width: 58,
      ...end,
      help: 'Largest move for the position, pips',
      render: (t) => formatNumber(t.mfePips, 1, 1),
      sortBy: (t) => t.mfePips,
    },
    {
      key: 'costs',
      label: `Costs, ${currency}`,
      width: 92,
      ...end,
      help: 'Spread, commission and slippage',
      render: (t) => formatNumber(tradeCost(t), 2, 2),
      title: (t) =>
        `Spread ${formatNumber(t.spreadCost, 2, 2)}, commission ${formatNumber(t.commission, 2, 2)}, slippage ${formatNumber(t.slippageCost, 2, 2)} ${currency}`,
      sortBy: tradeCost,
    },
  ];
}

/** All that a round trip cost, in account currency. */
export function tradeCost(trade: Trade): number {
  return trade.spreadCost + trade.commission + trade.slippageCost;
}

/** Round trips, one per row; of any number, sortable by every column. */
export function TradeTable(props: TradeTableProps) {
  const { trades, currency, digits, selectedId, onSelect, newestFirst = false } = props;
  const columns = useMemo(() => columnsFor(currency, digits), [currency, digits]);
  return (
    <DataGrid
      rows={trades}
      columns={columns}
      rowKey={(trade) => trade.id}
      label="Trades"
      initialSort={{ key: newestFirst ? 'exit' : 'entry', descending: newestFirst }}
      selectedKey={selectedId}
      {...(onSelect ? { onSelect } : {})}
      emptyText="No trade was closed."
      testId={props.testId ?? 'trade-table'}
      rowTestId="trade-row"
    />
  );
}
