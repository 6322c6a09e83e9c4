import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { OrderRow, SessionDto } from '../../../src-shared/contract/live.ts';
import type { Fill, OrderState } from '../../../src-shared/trading/types.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber, formatPrice, formatSigned } from '../../ui/format.ts';
import { signClass } from '../../ui/MetricGrid.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Time } from '../../ui/Time.tsx';
import { exitReasonLabel, TradeTable } from '../../ui/TradeTable.tsx';

function BuySell({ side }: { readonly side: 'buy' | 'sell' }) {
  return side === 'buy' ? <span className="ft-up">▲ Buy</span> : <span className="ft-down">▼ Sell</span>;
}

function orderClass(state: OrderState): string {
  if (state === 'rejected') return 'ft-bad';
  if (state === 'unknown') return 'ft-warn';
  return state === 'filled' ? 'ft-ok' : 'ft-dim';
}

function orderColumns(digits: number): readonly GridColumn<OrderRow>[] {
  return [
    {
      key: 'created',
      label: 'Created',
      width: 134,
      render: (o) => <Time ms={o.createdMs} bare />,
      sortBy: (o) => o.createdMs,
    },
    {
      key: 'side',
      label: 'Side',
      width: 60,
      render: (o) => <BuySell side={o.side} />,
      sortBy: (o) => o.side,
    },
    {
      key: 'lots',
      label: 'Lots',
      width: 54,
      align: 'end',
      render: (o) => formatNumber(o.volumeLots, 2, 2),
      sortBy: (o) => o.volumeLots,
    },
    {
      key: 'purpose',
      label: 'Purpose',
      width: 68,
      render: (o) => (o.purpose === 'open' ? 'Open' : 'Close'),
      sortBy: (o) => o.purpose,
    },
    {
      key: 'reason',
      label: 'Reason',
      width: 86,
      render: (o) => exitReasonLabel(o.reason),
      sortBy: (o) => o.reason,
    },
    {
      key: 'state',
      label: 'State',
      width: 74,
      render: (o) => <span className={orderClass(o.state)}>{o.state}</span>,
      title: (o) => o.note ?? o.state,
      sortBy: (o) => o.state,
    },
    {
      key: 'price',
      label: 'Fill price',
      width: 78,
      align: 'end',
      render: (o) => formatPrice(o.price, digits),
      sortBy: (o) => o.price,
    },
    { key: 'note', label: 'Note', width: 110, render: (o) => o.note ?? '', title: (o) => o.note ?? '' },
  ];
}

function fillColumns(digits: number, currency: string): readonly GridColumn<Fill>[] {
  const money = (label: string, key: 'commission' | 'spreadCost' | 'slippageCost'): GridColumn<Fill> => ({
    key,
    label,
    width: 80,
    align: 'end',
    help: `${label}, ${currency}`,
    render: (f) => formatNumber(f[key], 2, 2),
    sortBy: (f) => f[key],
  });
  return [
    {
      key: 'time',
      label: 'Filled',
      width: 134,
      render: (f) => <Time ms={f.timeMs} bare />,
      sortBy: (f) => f.timeMs,
    },
    {
      key: 'side',
      label: 'Side',
      width: 60,
      render: (f) => <BuySell side={f.side} />,
      sortBy: (f) => f.side,
    },
    {
      key: 'lots',
      label: 'Lots',
      width: 54,
      align: 'end',
      render: (f) => formatNumber(f.volumeLots, 2, 2),
      sortBy: (f) => f.volumeLots,
    },
    {
      key: 'price',
      label: 'Price',
      width: 78,
      align: 'end',
      render: (f) => formatPrice(f.price, digits),
      sortBy: (f) => f.price,
    },
    {
      key: 'effect',
      label: 'Effect',
      width: 110,
      render: (f) => (f.effect === 'open' ? 'Open' : `Close: ${exitReasonLabel(f.exitReason ?? '')}`),
      sortBy: (f) => f.effect,
    },
    {
      key: 'gross',
      label: 'Gross',
      width: 80,
      align: 'end',
      help: `Realised before commission, ${currency}`,
      render: (f) =>
        f.effect === 'open' ? (
          ''
        ) : (
          <span className={signClass(f.grossProfit)}>{formatSigned(f.grossProfit, 2)}</span>
        ),
      sortBy: (f) => (f.effect === 'open' ? undefined : f.grossProfit),
    },
    money('Commission', 'commission'),
    money('Spread', 'spreadCost'),
    money('Slippage', 'slippageCost'),
  ];
}

type View = 'orders' | 'fills' | 'trades';

/** Orders, fills and closed trades of a session. */
export function Blotter({ session }: { readonly session: SessionDto }) {
  const [view, setView] = useState<View>('orders');
  const { digits, currency } = session;
  const orders = useMemo(() => orderColumns(digits), [digits]);
  const fills = useMemo(() => fillColumns(digits, currency), [digits, currency]);
  return (
    <Panel
      title="Blotter"
      flush
      actions={
        <SegmentedControl
          aria-label="Blotter"
          data={[
            { value: 'orders', label: `Orders (${session.orders.length})` },
            { value: 'fills', label: `Fills (${session.fills.length})` },
            { value: 'trades', label: `Trades (${session.trades.length})` },
          ]}
          value={view}
          onChange={(value) => setView(value as View)}
        />
      }
    >
      {view === 'orders' && (
        <DataGrid
          rows={session.orders}
          columns={orders}
          rowKey={(o) => o.clientOrderId}
          label="Orders"
          initialSort={{ key: 'created', descending: true }}
          emptyText="No order was placed yet."
          testId="live-orders"
          rowTestId="order-row"
        />
      )}
      {view === 'fills' && (
        <DataGrid
          rows={session.fills}
          columns={fills}
          rowKey={(f) => f.fillId}
          label="Fills"
          initialSort={{ key: 'time', descending: true }}
          emptyText="Nothing was filled yet."
          testId="live-fills"
          rowTestId="fill-row"
        />
      )}
      {view === 'trades' && (
        <TradeTable
          trades={session.trades}
          currency={currency}
          digits={digits}
          newestFirst
          testId="live-trades"
        />
      )}
    </Panel>
  );
}
