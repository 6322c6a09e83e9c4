import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { ModelDto, TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber, formatPct, formatSigned } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { type Query, rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { onRowKeys } from '../../ui/useRowKeys.ts';
import { RunState } from './RunPanel.tsx';
import { trainingStore } from './trainingStore.ts';

/** All training runs, the newest first. */
export function useRuns(): Query<TrainingRunDto[]> {
  const query = useQuery('training.list', () => rpc.training.list(), []);
  const data = query.data && [...query.data].sort((a, b) => b.startedMs - a.startedMs);
  return { ...query, data };
}

/** All models, the newest first. */
export function useModels(): Query<ModelDto[]> {
  const query = useQuery('training.models', () => rpc.training.models(), []);
  const data = query.data && [...query.data].sort((a, b) => b.createdMs - a.createdMs);
  return { ...query, data };
}

interface RunsProps {
  readonly runs: readonly TrainingRunDto[];
  readonly shownId: string | undefined;
}

function RunsTable({ runs, shownId }: RunsProps) {
  const setModelId = useWorkspace((w) => w.setModelId);
  const show = (run: TrainingRunDto) => {
    trainingStore.setState({ runId: run.id });
    if (run.modelId !== undefined) setModelId(run.modelId);
  };
  return (
    <table className="ft-table" aria-label="Training runs">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">State</th>
          <th scope="col">Started</th>
          <th scope="col" className="ft-right">
            Steps
          </th>
          <th scope="col" className="ft-right">
            Loss
          </th>
        </tr>
      </thead>
      <tbody onKeyDown={onRowKeys}>
        {runs.map((run) => (
          <tr
            key={run.id}
            tabIndex={0}
            data-testid="run-row"
            aria-selected={run.id === shownId}
            onClick={() => show(run)}
          >
            <td>
              {run.input.symbol} {run.input.timeframe} {run.input.family.toUpperCase()}
            </td>
            <td>
              <RunState state={run.state} />
            </td>
            <td>
              <Time ms={run.startedMs} bare />
            </td>
            <td className="ft-right">{formatNumber(run.step)}</td>
            <td className="ft-right">{formatNumber(run.finalLoss ?? run.curve.at(-1)?.train, 5)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ModelsTable({ models }: { readonly models: readonly ModelDto[] }) {
  const modelId = useWorkspace((w) => w.modelId);
  const setModelId = useWorkspace((w) => w.setModelId);
  return (
    <table className="ft-table" aria-label="Models">
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col" className="ft-if-roomy">
            Network
          </th>
          <th scope="col">Created</th>
          <th scope="col" className="ft-right">
            Coverage
          </th>
          <th scope="col" className="ft-right">
            Test R²
          </th>
          <th scope="col" className="ft-right">
            Rank corr.
          </th>
        </tr>
      </thead>
      <tbody onKeyDown={onRowKeys}>
        {models.map((m) => (
          <tr
            key={m.id}
            tabIndex={0}
            data-testid="model-row"
            data-model={m.id}
            aria-selected={m.id === modelId}
            onClick={() => setModelId(m.id)}
          >
            <td>
              <span className="ft-cell-line">
                {m.symbol} {m.timeframe} v{m.version}
                {m.synthetic && <SyntheticBadge />}
              </span>
            </td>
            <td className="ft-if-roomy">{m.family.toUpperCase()}</td>
            <td>
              <Time ms={m.createdMs} bare />
            </td>
            <td
              className="ft-right"
              title={`Aimed at ${formatPct(m.conformal ? 100 * m.conformal.target : null, { digits: 1 })}`}
            >
              {formatPct(m.conformal ? 100 * m.conformal.achieved : null, { digits: 1 })}
            </td>
            <td className="ft-right">{formatSigned(m.testR2, 4)}</td>
            <td className="ft-right">{formatSigned(m.testRankCorrelation, 3)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Shown<T>({ query, empty, show }: ShownProps<T>) {
  const { data, error, reload } = query;
  if (!data) return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState />;
  return data.length === 0 ? (
    <EmptyState title={empty} text="They are listed here, the newest first." />
  ) : (
    show(data)
  );
}
interface ShownProps<T> {
  readonly query: Query<T[]>;
  readonly empty: string;
  readonly show: (rows: T[]) => React.ReactNode;
}

/** Models and runs, one list at a time. */
export function Lists({ shownId }: { readonly shownId: string | undefined }) {
  const runs = useRuns();
  const models = useModels();
  const [list, setList] = useState<'models' | 'runs'>('models');
  return (
    <Panel
      flush
      title={list === 'models' ? 'Models' : 'Training runs'}
      actions={
        <SegmentedControl
          aria-label="List"
          value={list}
          onChange={(v) => setList(v as typeof list)}
          data={[
            { value: 'models', label: `Models ${models.data?.length ?? ''}` },
            { value: 'runs', label: `Runs ${runs.data?.length ?? ''}` },
          ]}
        />
      }
    >
      {list === 'models' ? (
        <Shown query={models} empty="No model yet" show={(rows) => <ModelsTable models={rows} />} />
      ) : (
        <Shown query={runs} empty="No run yet" show={(rows) => <RunsTable runs={rows} shownId={shownId} />} />
      )}
    </Panel>
  );
}
