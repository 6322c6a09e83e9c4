import { Chip, Group, Select } from '@mantine/core';
import { IconChartCandle } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';
import { SeverityMark } from './SeverityMark.tsx';
import { gravity, type Issue, kindLabel, SEVERITIES } from './timeline.ts';

function columns(onShow: (issue: Issue) => void): readonly GridColumn<Issue>[] {
  return [
    {
      key: 'severity',
      label: 'Severity',
      width: 84,
      render: (i) => <SeverityMark severity={i.severity} />,
      sortBy: (i) => gravity(i.severity),
    },
    { key: 'kind', label: 'Kind', width: 150, render: (i) => kindLabel(i.kind), sortBy: (i) => i.kind },
    {
      key: 'time',
      label: 'When',
      width: 146,
      render: (i) => <Time ms={i.timeMs} />,
      sortBy: (i) => i.timeMs,
    },
    {
      key: 'message',
      label: 'Finding',
      width: 300,
      render: (i) => i.message,
      title: (i) => i.message,
      sortBy: (i) => i.message,
    },
    {
      key: 'count',
      label: 'Bars',
      width: 56,
      align: 'end',
      render: (i) => formatNumber(i.count),
      sortBy: (i) => i.count,
    },
    {
      key: 'chart',
      label: 'Chart',
      width: 50,
      align: 'end',
      render: (i) => (
        <button
          type="button"
          className="ft-plain"
          aria-label={`Show on the chart: ${kindLabel(i.kind)}`}
          title="Show on the chart"
          onClick={(e) => {
            e.stopPropagation();
            onShow(i);
          }}
        >
          <IconChartCandle size={14} stroke={1.7} aria-hidden />
        </button>
      ),
    },
  ];
}

interface FindingsProps {
  readonly issues: readonly Issue[];
  readonly leftOut: number;
  readonly kind: string | undefined;
  readonly onKind: (kind: string | undefined) => void;
  readonly onShow: (issue: Issue) => void;
}

/** Every finding, by kind and severity; Enter or a double click shows it on the chart. */
export function Findings({ issues, leftOut, kind, onKind, onShow }: FindingsProps) {
  const [severities, setSeverities] = useState<readonly string[]>(SEVERITIES);
  const [chosen, setChosen] = useState<string>();
  const cols = useMemo(() => columns(onShow), [onShow]);
  const kinds = useMemo(() => [...new Set(issues.map((i) => i.kind))], [issues]);
  const shown = useMemo(
    () => issues.filter((i) => severities.includes(i.severity) && (kind === undefined || i.kind === kind)),
    [issues, severities, kind],
  );
  const key = (i: Issue) => `${i.kind} ${i.timeMs} ${i.line ?? ''} ${i.message}`;
  const show = () => {
    const issue = shown.find((i) => key(i) === chosen);
    if (issue) onShow(issue);
  };
  return (
    <section className="ft-findings" aria-label="Findings">
      <div className="ft-findings-tools">
        <strong>Findings</strong>
        <span className="ft-dim ft-num">
          {formatNumber(shown.length)}
          {shown.length === issues.length ? '' : ` of ${formatNumber(issues.length)}`}
          {leftOut > 0 ? `, ${formatNumber(leftOut)} more are not listed` : ''}
        </span>
        <span className="ft-grow" />
        <Chip.Group multiple value={[...severities]} onChange={setSeverities}>
          <Group gap={4}>
            {SEVERITIES.map((s) => (
              <Chip key={s} size="xs" radius="sm" variant="light" value={s}>
                {s} {formatNumber(issues.filter((i) => i.severity === s).length)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <Select
          aria-label="Kind of finding"
          w={190}
          data={[{ value: '', label: 'All kinds' }, ...kinds.map((k) => ({ value: k, label: kindLabel(k) }))]}
          value={kind ?? ''}
          onChange={(v) => onKind(v === '' || v === null ? undefined : v)}
        />
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the grid inside is the interactive part */}
      <div className="ft-issues" onDoubleClick={show} onKeyDown={(e) => e.key === 'Enter' && show()}>
        <DataGrid
          rows={shown}
          columns={cols}
          rowKey={key}
          label="Findings"
          initialSort={{ key: 'severity', descending: true }}
          selectedKey={chosen}
          onSelect={(i) => setChosen(key(i))}
          emptyText="No finding matches the filter"
          rowTestId="issue-row"
        />
      </div>
    </section>
  );
}
