import { ActionIcon, SegmentedControl, TextInput } from '@mantine/core';
import { IconFileExport } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { downloadText } from '../../ui/download.ts';
import { formatTime } from '../../ui/format.ts';
import { ErrorState, LoadingState } from '../../ui/states.tsx';
import { filterLog, type LogChoice, type LogLine, logText } from './logFilter.ts';
import { useRunLog } from './queries.ts';
import { isActive } from './runActions.ts';

const LEVEL_CLASS = { info: 'ft-dim', decision: 'ft-log-decision', warning: 'ft-warn', error: 'ft-bad' };

const COLUMNS: readonly GridColumn<LogLine>[] = [
  {
    key: 'seq',
    label: 'Time',
    width: 70,
    render: (l) => formatTime(l.timeMs, { date: false, seconds: true, bare: true }),
    title: (l) => formatTime(l.timeMs, { seconds: true }),
    sortBy: (l) => l.seq,
  },
  {
    key: 'level',
    label: 'Level',
    width: 66,
    render: (l) => <span className={LEVEL_CLASS[l.level]}>{l.level}</span>,
    sortBy: (l) => l.level,
  },
  { key: 'topic', label: 'About', width: 80, render: (l) => l.topic, sortBy: (l) => l.topic },
  { key: 'message', label: 'Message', width: 420, render: (l) => l.message, title: (l) => l.message },
];

/** What the run wrote: each decision with its reason. Filtered by level and text, and to be saved. */
export function RunLog({ run }: { readonly run: TrainingRunDto }) {
  const { data, error, reload } = useRunLog(run.id, isActive(run.state));
  const [choice, setChoice] = useState<LogChoice>('all');
  const [text, setText] = useState('');
  const lines = useMemo(() => filterLog(data ?? [], choice, text), [data, choice, text]);
  if (!data)
    return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState label="Reading the log" />;
  return (
    <div className="ft-run-log">
      <div className="ft-run-log-tools">
        <SegmentedControl
          aria-label="Filter the log by level"
          data={[
            { value: 'all', label: 'All' },
            { value: 'decisions', label: 'Decisions' },
            { value: 'warnings', label: 'Warnings' },
          ]}
          value={choice}
          onChange={(v) => setChoice(v as LogChoice)}
        />
        <TextInput
          aria-label="Filter the log by text"
          placeholder="Filter"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        <span className="ft-dim ft-small ft-num">
          {lines.length} of {data.length}
        </span>
        <ActionIcon
          ml="auto"
          aria-label="Export the log"
          title="Export what is shown"
          disabled={lines.length === 0}
          onClick={() =>
            downloadText(`${run.input.symbol}_${run.id}_training.txt`, logText(lines), 'text/plain')
          }
        >
          <IconFileExport size={15} aria-hidden />
        </ActionIcon>
      </div>
      <div className="ft-run-log-lines">
        <DataGrid
          rows={lines}
          columns={COLUMNS}
          rowKey={(l) => String(l.seq)}
          label="Training log"
          initialSort={{ key: 'seq', descending: true }}
          emptyText={data.length === 0 ? 'Nothing was written yet.' : 'Nothing matches the filter.'}
          testId="train-log"
          rowTestId="train-log-row"
        />
      </div>
    </div>
  );
}
