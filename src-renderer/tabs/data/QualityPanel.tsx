import { SegmentedControl } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import type { DatasetDto, QualityDto } from '../../../src-shared/contract/data.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { ChangesPanel } from './ChangesPanel.tsx';
import { CoveragePanel } from './CoveragePanel.tsx';
import { dataView, historyKey, refOf, type Section, useDataView, useHistory } from './dataStore.ts';
import { Findings } from './Findings.tsx';
import { KindLanes } from './KindLanes.tsx';
import { QualityPictures } from './QualityPictures.tsx';
import { RepairPanel } from './RepairPanel.tsx';
import { ScoreRing } from './Score.tsx';
import { showOnChart } from './showOnChart.ts';
import type { Issue } from './timeline.ts';

function Figure({
  name,
  value,
  more,
}: {
  readonly name: string;
  readonly value: string;
  readonly more?: string;
}) {
  return (
    <div>
      <div className="ft-figure-name">{name}</div>
      <div className="ft-figure-value">
        {value} {more && <span className="ft-dim ft-small">{more}</span>}
      </div>
    </div>
  );
}

function Figures({ quality, dataset }: { readonly quality: QualityDto; readonly dataset: DatasetDto }) {
  const { issues, issuesLeftOut: leftOut } = quality;
  return (
    <div className="ft-figures ft-quality-figures">
      <ScoreRing value={quality.score} />
      <Figure name="Bars" value={formatNumber(quality.bars)} />
      <Figure
        name="Missing"
        value={formatPct(quality.missingPct, { digits: 3 })}
        more={`${formatNumber(quality.missingBars)} bars`}
      />
      <Figure name="Findings" value={formatNumber(issues.length + leftOut)} />
      <Figure name="Repaired" value={formatNumber(dataset.markedBars)} more="bars" />
      <Figure name="Mean range" value={`${formatNumber(quality.meanRangePips, 1, 1)} pips`} />
      <Figure name="99 % of ranges below" value={`${formatNumber(quality.p99RangePips, 1, 1)} pips`} />
    </div>
  );
}

function Report({ dataset }: { readonly dataset: DatasetDto }) {
  const [kind, setKind] = useState<string>();
  const { data, error, reload } = useQuery('data.quality', () => rpc.data.quality(refOf(dataset)), [
    historyKey(dataset),
    dataset.dataHash,
  ]);
  const show = useCallback((issue: Issue) => showOnChart(dataset, issue.timeMs), [dataset]);
  if (!data) return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState label="Checking" />;
  // A kind that a repair has removed filters nothing.
  const chosen = data.issues.some((i) => i.kind === kind) ? kind : undefined;
  return (
    <div className="ft-quality" data-testid="quality-report">
      <Figures quality={data} dataset={dataset} />
      {data.issues.length > 0 && (
        <KindLanes
          issues={data.issues}
          fromMs={dataset.fromMs}
          toMs={dataset.toMs}
          kind={chosen}
          onKind={setKind}
        />
      )}
      {data.pictures && <QualityPictures pictures={data.pictures} />}
      {data.issues.length === 0 ? (
        <EmptyState
          icon={<IconCircleCheck size={28} stroke={1.4} className="ft-ok" aria-hidden />}
          title="No findings"
          text="No gaps beyond closed markets, no duplicates, no bar whose prices contradict each other."
        />
      ) : (
        <Findings
          issues={data.issues}
          leftOut={data.issuesLeftOut}
          kind={chosen}
          onKind={setKind}
          onShow={show}
        />
      )}
    </div>
  );
}

const SECTIONS: ReadonlyArray<{ readonly value: Section; readonly label: string }> = [
  { value: 'quality', label: 'Quality' },
  { value: 'repairs', label: 'Repairs' },
  { value: 'coverage', label: 'Coverage' },
  { value: 'changes', label: 'Changes' },
];

function Content({
  section,
  dataset,
}: {
  readonly section: Section;
  readonly dataset: DatasetDto | undefined;
}) {
  if (section === 'changes') return <ChangesPanel />;
  if (section === 'coverage') return <CoveragePanel />;
  if (!dataset)
    return (
      <EmptyState
        title="No history chosen"
        text="Choose a stored history to see what the checks found in it."
      />
    );
  const key = historyKey(dataset);
  return section === 'repairs' ? (
    <RepairPanel key={key} dataset={dataset} />
  ) : (
    <Report key={key} dataset={dataset} />
  );
}

/** What is known of the chosen history: its quality, repairs, coverage and changes. */
export function QualityPanel() {
  const dataset = useHistory();
  const section = useDataView((v) => v.section);
  return (
    <Panel
      title={dataset ? `${dataset.symbol} ${dataset.timeframe} ${dataset.priceSide}` : 'Quality'}
      actions={
        <>
          {dataset && (
            <span className="ft-dim ft-small ft-ellipsis ft-if-roomy" title={dataset.source}>
              {dataset.source}, {dataset.format}, times in {dataset.zone}
            </span>
          )}
          <SegmentedControl
            aria-label="What is shown of the history"
            value={section}
            data={[...SECTIONS]}
            onChange={(v) => dataView.setState({ section: v as Section })}
          />
        </>
      }
    >
      <Content section={section} dataset={dataset} />
    </Panel>
  );
}
