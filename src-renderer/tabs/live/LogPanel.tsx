import { ActionIcon, SegmentedControl, TextInput } from '@mantine/core';
import { IconFileExport } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { LogRow, SessionDto } from '../../../src-shared/contract/live.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { downloadText } from '../../ui/download.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Live.module.css';
import { filterLog, type LogLevel, logText } from './logText.ts';

const LEVEL_CLASS = { info: 'ft-dim', warning: 'ft-warn', error: 'ft-bad' } as const;

const COLUMNS: readonly GridColumn<LogRow>[] = [
  {
    key: 'seq',
    label: 'Market time',
    width: 134,
    render: (r) => <Time ms={r.timeMs} bare />,
    sortBy: (r) => r.seq,
  },
  {
    key: 'level',
    label: 'Level',
    width: 62,
    render: (r) => <span className={LEVEL_CLASS[r.level]}>{r.level}</span>,
    sortBy: (r) => r.level,
  },
  { key: 'message', label: 'Message', width: 300, render: (r) => r.message, title: (r) => r.message },
];

/** What the session wrote, newest first; filtered by level and text, and to be saved. */
export function LogPanel({ session }: { readonly session: SessionDto }) {
  const [level, setLevel] = useState<LogLevel>('info');
  const [text, setText] = useState('');
  const rows = useMemo(() => filterLog(session.log, level, text), [session.log, level, text]);
  return (
    <Panel
      title="Log"
      flush
      actions={
        <div className={styles.logTools}>
          <TextInput
            aria-label="Filter the log by text"
            placeholder="Filter"
            w={110}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <SegmentedControl
            aria-label="Filter the log by level"
            data={[
              { value: 'info', label: 'All' },
              { value: 'warning', label: 'Warnings' },
              { value: 'error', label: 'Errors' },
            ]}
            value={level}
            onChange={(value) => setLevel(value as LogLevel)}
          />
          <ActionIcon
            aria-label="Export the log"
            title="Export what is shown"
            disabled={rows.length === 0}
            onClick={() =>
              downloadText(`${session.symbol}_${session.id}_log.txt`, logText(rows), 'text/plain')
            }
          >
            <IconFileExport size={15} aria-hidden />
          </ActionIcon>
        </div>
      }
    >
      <DataGrid
        rows={rows}
        columns={COLUMNS}
        rowKey={(r) => String(r.seq)}
        label="Log"
        initialSort={{ key: 'seq', descending: true }}
        emptyText={session.log.length === 0 ? 'Nothing was written yet.' : 'Nothing matches the filter.'}
        testId="live-log"
        rowTestId="log-row"
      />
    </Panel>
  );
}
