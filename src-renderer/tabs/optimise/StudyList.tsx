import type { JobStateDto } from '../../../src-shared/contract/common.ts';
import type { StudySummary } from '../../../src-shared/contract/optimize.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';

export const STATE_LABELS: Readonly<Record<JobStateDto, string>> = {
  queued: 'Queued',
  running: 'Running',
  paused: 'Paused',
  stopping: 'Stopping',
  done: 'Done',
  failed: 'Failed',
  stopped: 'Stopped',
};

/** Class of a job's state; the word says the same. */
export function stateClass(state: JobStateDto): string {
  if (state === 'failed') return 'ft-bad';
  if (state === 'running') return 'ft-ok';
  return state === 'paused' || state === 'stopping' ? 'ft-warn' : 'ft-dim';
}

const COLUMNS: readonly GridColumn<StudySummary>[] = [
  {
    key: 'started',
    label: 'Start',
    width: 52,
    render: (s) => <Time ms={s.startedMs} bare date={false} />,
    sortBy: (s) => s.startedMs,
  },
  {
    key: 'market',
    label: 'Market',
    width: 90,
    render: (s) => `${s.symbol} ${s.timeframe}`,
    title: (s) => `${s.symbol} ${s.timeframe}${s.synthetic ? ', SYNTHETIC' : ''}, seed ${s.input.seed}`,
    sortBy: (s) => `${s.symbol} ${s.timeframe}`,
  },
  {
    key: 'evaluations',
    label: 'Evals',
    width: 54,
    align: 'end',
    help: 'Backtests done',
    render: (s) => formatNumber(s.evaluations, 0),
    sortBy: (s) => s.evaluations,
  },
  {
    key: 'front',
    label: 'Front',
    width: 44,
    align: 'end',
    help: 'Points on the Pareto front',
    render: (s) => formatNumber(s.frontSize, 0),
    sortBy: (s) => s.frontSize,
  },
  {
    key: 'state',
    label: 'State',
    width: 60,
    render: (s) => <span className={stateClass(s.state)}>{STATE_LABELS[s.state]}</span>,
    sortBy: (s) => s.state,
  },
];

interface StudyListProps {
  readonly studies: readonly StudySummary[];
  readonly selectedId: string | undefined;
  readonly onSelect: (studyId: string) => void;
}

/** All studies, newest first. */
export function StudyList({ studies, selectedId, onSelect }: StudyListProps) {
  return (
    <DataGrid
      rows={studies}
      columns={COLUMNS}
      rowKey={(s) => s.id}
      label="Studies"
      initialSort={{ key: 'started', descending: true }}
      selectedKey={selectedId}
      onSelect={(s) => onSelect(s.id)}
      emptyText="No study was run yet."
      testId="study-list"
      rowTestId="study-row"
    />
  );
}
