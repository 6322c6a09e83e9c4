import type { DeploymentDto, SessionSummary } from '../../../src-shared/contract/live.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatSigned } from '../../ui/format.ts';
import { describeGenes } from '../../ui/genes.ts';
import { signClass } from '../../ui/MetricGrid.tsx';
import { Time } from '../../ui/Time.tsx';
import { SESSION_LABELS, sessionClass } from './session.ts';

const DEPLOYMENT_COLUMNS: readonly GridColumn<DeploymentDto>[] = [
  {
    key: 'created',
    label: 'Deployed',
    width: 138,
    render: (d) => <Time ms={d.createdMs} bare />,
    sortBy: (d) => d.createdMs,
  },
  {
    key: 'market',
    label: 'Market',
    width: 84,
    render: (d) => `${d.symbol} ${d.timeframe}`,
    title: (d) => `${d.symbol} ${d.timeframe}${d.synthetic ? ', SYNTHETIC' : ''}: ${describeGenes(d.genes)}`,
    sortBy: (d) => `${d.symbol} ${d.timeframe}`,
  },
  {
    key: 'hash',
    label: 'Hash',
    width: 78,
    render: (d) => <span className="ft-mono">{d.parameterHash.slice(0, 8)}</span>,
    title: (d) => d.parameterHash,
  },
];

interface ListProps<T> {
  readonly rows: readonly T[];
  readonly selectedId: string | undefined;
  readonly onSelect: (row: T) => void;
}

/** What was deployed, newest first. */
export function DeploymentList({ rows, selectedId, onSelect }: ListProps<DeploymentDto>) {
  return (
    <DataGrid
      rows={rows}
      columns={DEPLOYMENT_COLUMNS}
      rowKey={(d) => d.id}
      label="Deployments"
      initialSort={{ key: 'created', descending: true }}
      selectedKey={selectedId}
      onSelect={onSelect}
      emptyText="Nothing is deployed."
      testId="deployment-list"
      rowTestId="deployment-row"
    />
  );
}

const SESSION_COLUMNS: readonly GridColumn<SessionSummary>[] = [
  {
    key: 'started',
    label: 'Start',
    width: 54,
    render: (s) => <Time ms={s.startedMs} bare date={false} />,
    sortBy: (s) => s.startedMs,
  },
  {
    key: 'market',
    label: 'Market',
    width: 84,
    render: (s) => `${s.symbol} ${s.timeframe}`,
    title: (s) => `${s.symbol} ${s.timeframe}${s.synthetic ? ', SYNTHETIC' : ''}, ${s.badge}, ${s.feed}`,
    sortBy: (s) => `${s.symbol} ${s.timeframe}`,
  },
  {
    key: 'profit',
    label: 'P&L',
    width: 84,
    align: 'end',
    help: 'Equity less the initial balance, account currency',
    render: (s) => (
      <span className={signClass(s.equity - s.initialBalance)}>
        {formatSigned(s.equity - s.initialBalance, 2)}
      </span>
    ),
    sortBy: (s) => s.equity - s.initialBalance,
  },
  {
    key: 'state',
    label: 'State',
    width: 80,
    render: (s) => <span className={sessionClass(s.state)}>{SESSION_LABELS[s.state]}</span>,
    sortBy: (s) => s.state,
  },
];

/** All sessions, newest first. */
export function SessionList({ rows, selectedId, onSelect }: ListProps<SessionSummary>) {
  return (
    <DataGrid
      rows={rows}
      columns={SESSION_COLUMNS}
      rowKey={(s) => s.id}
      label="Sessions"
      initialSort={{ key: 'started', descending: true }}
      selectedKey={selectedId}
      onSelect={onSelect}
      emptyText="No session was started."
      testId="session-list"
      rowTestId="session-row"
    />
  );
}
