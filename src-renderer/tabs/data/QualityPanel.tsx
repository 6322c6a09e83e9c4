import { IconAlertCircle, IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { DatasetDto, QualityDto } from '../../../src-shared/contract/data.ts';
import { useDataset } from '../../state/markets.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatDate, formatNumber, formatPct, formatUtc } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { Score } from './Score.tsx';
import { type Issue, kindLabel, lanesOf, type Severity } from './timeline.ts';

const TONE: Record<Severity, string> = { error: 'bad', warning: 'warn', info: 'dim' };
/** The lightest first. */
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error'];

function SeverityMark({ severity }: { readonly severity: Severity }) {
  const Icon =
    severity === 'error' ? IconAlertCircle : severity === 'warning' ? IconAlertTriangle : IconInfoCircle;
  return (
    <span className={`ft-cell-line ft-${TONE[severity]}`}>
      <Icon size={14} stroke={1.7} aria-hidden />
      {severity}
    </span>
  );
}

function Figures({ quality }: { readonly quality: QualityDto }) {
  return (
    <div className="ft-figures">
      <div>
        <div className="ft-figure-name">Score of 100</div>
        <div className="ft-figure-value">
          <Score value={quality.score} />
        </div>
      </div>
      <div>
        <div className="ft-figure-name">Bars</div>
        <div className="ft-figure-value">{formatNumber(quality.bars)}</div>
      </div>
      <div>
        <div className="ft-figure-name">Missing</div>
        <div className="ft-figure-value">
          {formatPct(quality.missingPct, { digits: 3 })}{' '}
          <span className="ft-dim ft-small">{formatNumber(quality.missingBars)} bars</span>
        </div>
      </div>
      <div>
        <div className="ft-figure-name">Mean range</div>
        <div className="ft-figure-value">{formatNumber(quality.meanRangePips, 1, 1)} pips</div>
      </div>
      <div>
        <div className="ft-figure-name">99 % of ranges below</div>
        <div className="ft-figure-value">{formatNumber(quality.p99RangePips, 1, 1)} pips</div>
      </div>
    </div>
  );
}

function Timeline({ quality, dataset }: { readonly quality: QualityDto; readonly dataset: DatasetDto }) {
  const lanes = useMemo(
    () => lanesOf(quality.issues, dataset.fromMs, dataset.toMs),
    [quality, dataset.fromMs, dataset.toMs],
  );
  return (
    <div className="ft-lanes" role="img" aria-label="When the findings occur">
      {lanes.map((lane) => (
        <div key={lane.kind} className="ft-lane">
          <span className="ft-lane-name ft-ellipsis">{kindLabel(lane.kind)}</span>
          <span className="ft-lane-track">
            {lane.marks.slice(0, 2000).map((m, i) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: marks are drawn whole and never move
                key={i}
                className={`ft-lane-mark ft-bg-${TONE[m.issue.severity]}`}
                style={{ left: `${m.from * 100}%`, width: `max(2px, ${(m.to - m.from) * 100}%)` }}
                title={`${formatUtc(m.issue.timeMs)}: ${m.issue.message}`}
              />
            ))}
          </span>
          <span className="ft-lane-count ft-num">{formatNumber(lane.count)}</span>
        </div>
      ))}
      <div className="ft-lane ft-lane-axis">
        <span />
        <span className="ft-lane-ends ft-num">
          <span>{formatDate(dataset.fromMs)}</span>
          <span>{formatDate(dataset.toMs)}</span>
        </span>
        <span className="ft-lane-count">bars</span>
      </div>
    </div>
  );
}

const COLUMNS: readonly GridColumn<Issue>[] = [
  {
    key: 'severity',
    label: 'Severity',
    width: 84,
    render: (i) => <SeverityMark severity={i.severity} />,
    sortBy: (i) => SEVERITIES.indexOf(i.severity),
  },
  { key: 'time', label: 'When', width: 150, render: (i) => <Time ms={i.timeMs} />, sortBy: (i) => i.timeMs },
  {
    key: 'message',
    label: 'Finding',
    width: 420,
    render: (i) => i.message,
    title: (i) => i.message,
    sortBy: (i) => i.kind,
  },
  {
    key: 'count',
    label: 'Bars',
    width: 56,
    align: 'end',
    render: (i) => formatNumber(i.count),
    sortBy: (i) => i.count,
  },
];

function IssueList({ issues }: { readonly issues: readonly Issue[] }) {
  return (
    <div className="ft-issues">
      <DataGrid
        rows={issues}
        columns={COLUMNS}
        rowKey={(i) => `${i.kind} ${i.timeMs} ${i.message}`}
        label="Findings"
        initialSort={{ key: 'severity', descending: true }}
        emptyText="No findings"
        rowTestId="issue-row"
      />
    </div>
  );
}

function Report({ dataset }: { readonly dataset: DatasetDto }) {
  const { symbol, timeframe, dataHash } = dataset;
  const { data, error, reload } = useQuery('data.quality', () => rpc.data.quality({ symbol, timeframe }), [
    symbol,
    timeframe,
    dataHash,
  ]);
  if (!data) return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState label="Checking" />;
  return (
    <div className="ft-quality">
      <Figures quality={data} />
      {data.issues.length === 0 ? (
        <EmptyState
          icon={<IconCircleCheck size={28} stroke={1.4} className="ft-ok" aria-hidden />}
          title="No findings"
          text="No gaps beyond closed markets, no duplicates, no bar whose prices contradict each other."
        />
      ) : (
        <>
          <Timeline quality={data} dataset={dataset} />
          <IssueList issues={data.issues} />
        </>
      )}
    </div>
  );
}

/** What the checks found in the chosen history, and when. */
export function QualityPanel() {
  const dataset = useDataset();
  return (
    <Panel
      title={dataset ? `Quality of ${dataset.symbol} ${dataset.timeframe}` : 'Quality'}
      actions={
        dataset && (
          <span className="ft-dim ft-small ft-ellipsis" title={dataset.source}>
            {dataset.source}, {dataset.format}, imported <Time ms={dataset.importedMs} />
          </span>
        )
      }
    >
      {dataset ? (
        <Report dataset={dataset} />
      ) : (
        <EmptyState
          title="No history chosen"
          text="Choose a stored history to see what the checks found in it."
        />
      )}
    </Panel>
  );
}
