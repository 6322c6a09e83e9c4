import { SegmentedControl, Switch } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Plot } from '../../ui/Plot.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { useChartColors } from '../../ui/theme.ts';
import { type CompareRow, comparedMetrics, DASHES, differingSettings, overlayLine } from './compare.ts';
import { useModels } from './queries.ts';
import { RunState } from './RunState.tsx';
import { runTitle } from './runText.ts';
import { trainingStore, useTraining } from './trainingStore.ts';

interface RunsProps {
  readonly runs: readonly TrainingRunDto[];
}

/** Name of a run in a comparison: its letter. */
function letter(i: number): string {
  return String.fromCharCode(65 + i);
}

function Sample({ i }: { readonly i: number }) {
  const colors = useChartColors();
  const dash = {
    solid: '',
    dash: '7 4',
    dot: '2 3',
    dashdot: '7 3 2 3',
    longdash: '11 4',
    longdashdot: '11 3 2 3',
  };
  return (
    <svg width={26} height={8} aria-hidden>
      <line
        x1={0}
        x2={26}
        y1={4}
        y2={4}
        stroke={colors.series[i % colors.series.length]}
        strokeWidth={2}
        strokeDasharray={dash[DASHES[i % DASHES.length]!]}
      />
    </svg>
  );
}

function Overlay({ runs }: RunsProps) {
  const colors = useChartColors();
  const [loss, setLoss] = useState<'train' | 'validation'>('validation');
  const [by, setBy] = useState<'step' | 'share'>('step');
  const log = useTraining((s) => s.logScale);
  const traces = useMemo(
    () =>
      runs.map((run, i) => ({
        ...overlayLine(run, loss, by),
        type: 'scatter',
        mode: run.curve.length < 3 ? 'lines+markers' : 'lines',
        name: letter(i),
        line: { color: colors.series[i % colors.series.length], dash: DASHES[i % DASHES.length], width: 1.8 },
        hovertemplate: `${letter(i)}: %{y:.5g} at %{x:,.0f}${by === 'share' ? ' %' : ''}<extra></extra>`,
      })),
    [runs, loss, by, colors],
  );
  const layout = useMemo(
    () => ({
      hovermode: 'x unified',
      xaxis: { title: { text: by === 'step' ? 'step' : 'share of the run, %' } },
      yaxis: {
        title: { text: `${loss === 'train' ? 'training' : 'validation'} loss` },
        type: log ? 'log' : 'linear',
      },
    }),
    [by, loss, log],
  );
  const drawn = traces.some((t) => t.x.length > 0);
  return (
    <div className="ft-compare-chart">
      <div className="ft-compare-tools">
        <SegmentedControl
          aria-label="Loss"
          value={loss}
          onChange={(v) => setLoss(v as typeof loss)}
          data={[
            { value: 'validation', label: 'Validation' },
            { value: 'train', label: 'Training' },
          ]}
        />
        <SegmentedControl
          aria-label="Along"
          value={by}
          onChange={(v) => setBy(v as typeof by)}
          data={[
            { value: 'step', label: 'By step' },
            { value: 'share', label: 'By share' },
          ]}
        />
        <Switch
          label="Log scale"
          checked={log}
          onChange={(e) => trainingStore.setState({ logScale: e.currentTarget.checked })}
        />
      </div>
      <div className="ft-compare-plot" data-testid="compare-plot" data-lines={traces.length}>
        {drawn ? (
          <Plot
            traces={traces}
            layout={layout}
            view={`${loss} ${by} ${log} ${runs.map((r) => r.id).join()}`}
            label={`${loss} loss of ${runs.length} runs`}
          />
        ) : (
          <EmptyState
            title="No such loss was measured"
            text="Solved families have no curve; runs without a validation span have no validation loss."
          />
        )}
      </div>
    </div>
  );
}

interface TableProps extends RunsProps {
  readonly label: string;
  readonly rows: readonly CompareRow[];
}

function Rows({ runs, rows, label }: TableProps) {
  return (
    <table className="ft-table ft-compare-table" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{label}</th>
          {runs.map((run, i) => (
            <th key={run.id} scope="col" className="ft-right">
              {letter(i)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key} data-row={row.key}>
            <th scope="row">{row.label}</th>
            {row.values.map((value, i) => (
              <td
                key={`${row.key}-${runs[i]?.id}`}
                className={row.best === i ? 'ft-right ft-compare-best' : 'ft-right'}
                title={row.best === i ? `${value}, the best` : value}
              >
                {row.best === i && <span aria-hidden>★ </span>}
                {value}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Names({ runs }: RunsProps) {
  return (
    <ul className="ft-compare-names">
      {runs.map((run, i) => (
        <li key={run.id}>
          <Sample i={i} />
          <strong>{letter(i)}</strong>
          <span className="ft-ellipsis">{runTitle(run)}</span>
          <RunState state={run.state} />
        </li>
      ))}
    </ul>
  );
}

function Comparison({ runs }: RunsProps) {
  const models = useModels().data ?? [];
  const differing = differingSettings(runs);
  return (
    <div className="ft-compare">
      <Names runs={runs} />
      <Overlay runs={runs} />
      <div className="ft-compare-tables">
        <Rows runs={runs} rows={comparedMetrics(runs, models)} label="Outcome" />
        {runs.length > 1 &&
          (differing.length > 0 ? (
            <Rows runs={runs} rows={differing} label="Settings that differ" />
          ) : (
            <p className="ft-form-note">All settings of these runs are the same.</p>
          ))}
      </div>
    </div>
  );
}

/** Runs side by side: their curves over each other, what came out, and in which settings they differ. */
export function ComparePanel({ ids }: { readonly ids: readonly string[] }) {
  const { data, error, reload } = useQuery(
    'training.list.compared',
    () => Promise.all(ids.map((runId) => rpc.training.get({ runId }))),
    [ids],
  );
  const title = ids.length > 1 ? `Comparison of ${ids.length} runs` : 'Run';
  return (
    <Panel title={title}>
      {ids.length === 0 ? (
        <EmptyState title="No run chosen" text="Tick runs in the list to lay them side by side." />
      ) : data ? (
        <Comparison runs={data} />
      ) : error ? (
        <ErrorState error={error} onRetry={reload} />
      ) : (
        <LoadingState label="Opening the runs" />
      )}
    </Panel>
  );
}
