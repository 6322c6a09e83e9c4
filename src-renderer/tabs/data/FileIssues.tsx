import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';
import { SeverityMark } from './SeverityMark.tsx';
import { gravity, type Issue, kindLabel } from './timeline.ts';

const COLUMNS: readonly GridColumn<Issue>[] = [
  {
    key: 'severity',
    label: 'Severity',
    width: 84,
    render: (i) => <SeverityMark severity={i.severity} />,
    sortBy: (i) => gravity(i.severity),
  },
  {
    key: 'line',
    label: 'Line',
    help: 'Line of the file; the header is line 1',
    width: 62,
    align: 'end',
    render: (i) => formatNumber(i.line, 0),
    sortBy: (i) => i.line,
  },
  { key: 'kind', label: 'Kind', width: 150, render: (i) => kindLabel(i.kind), sortBy: (i) => i.kind },
  { key: 'time', label: 'When', width: 146, render: (i) => <Time ms={i.timeMs} />, sortBy: (i) => i.timeMs },
  {
    key: 'message',
    label: 'Finding',
    width: 260,
    render: (i) => i.message,
    title: (i) => i.message,
    sortBy: (i) => i.message,
  },
];

/** Tables longer than this scroll inside. */
const MOST_ROWS = 8;

/** What the checks found in a file, with the line of each. */
export function FileIssues({ issues }: { readonly issues: readonly Issue[] }) {
  const rows = Math.min(MOST_ROWS, issues.length);
  return (
    <div className="ft-file-issues" style={{ height: 30 + rows * 26 }}>
      <DataGrid
        rows={issues}
        columns={COLUMNS}
        rowKey={(i) => `${i.kind} ${i.timeMs} ${i.line ?? ''} ${i.message}`}
        label="Findings in the file"
        initialSort={{ key: 'severity', descending: true }}
        emptyText="No findings"
        rowTestId="file-issue"
      />
    </div>
  );
}
