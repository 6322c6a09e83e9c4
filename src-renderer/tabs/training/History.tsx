import { ActionIcon, Button, Checkbox } from '@mantine/core';
import { IconExternalLink, IconHistory, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { useConfirm } from '../../ui/confirm.tsx';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatDuration, formatNumber } from '../../ui/format.ts';
import { familyLabel } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { ComparePanel } from './Compare.tsx';
import { bestPoint, lossText } from './curve.ts';
import { useRuns } from './queries.ts';
import { ExportRunMenu } from './RunPanel.tsx';
import { RunState } from './RunState.tsx';
import { isActive } from './runActions.ts';
import { runTitle } from './runText.ts';
import { MOST_COMPARED, toggleCompared, trainingStore, useTraining } from './trainingStore.ts';

function validationOf(run: TrainingRunDto): number | undefined {
  return run.bestValidation ?? bestPoint(run.curve)?.validation;
}

function lossOf(run: TrainingRunDto): number | undefined {
  return run.finalLoss ?? run.curve.at(-1)?.train;
}

function columnsOf(compared: readonly string[]): readonly GridColumn<TrainingRunDto>[] {
  return [
    {
      key: 'compare',
      label: '',
      help: `Side by side, ${MOST_COMPARED} at most`,
      width: 34,
      render: (r) => (
        <Checkbox
          aria-label={`Compare ${runTitle(r)}`}
          checked={compared.includes(r.id)}
          onClick={(e) => e.stopPropagation()}
          onChange={() => toggleCompared(r.id)}
        />
      ),
    },
    {
      key: 'started',
      label: 'Started',
      width: 136,
      render: (r) => <Time ms={r.startedMs} bare />,
      sortBy: (r) => r.startedMs,
    },
    {
      key: 'market',
      label: 'Market',
      width: 92,
      render: (r) => `${r.input.symbol} ${r.input.timeframe}`,
      sortBy: (r) => `${r.input.symbol} ${r.input.timeframe}`,
    },
    {
      key: 'family',
      label: 'Family',
      width: 122,
      render: (r) => familyLabel(r.input.family),
      title: (r) => familyLabel(r.input.family),
      sortBy: (r) => familyLabel(r.input.family),
    },
    {
      key: 'state',
      label: 'State',
      width: 82,
      render: (r) => <RunState state={r.state} />,
      sortBy: (r) => r.state,
    },
    {
      key: 'validation',
      label: 'Best valid.',
      help: 'The lowest validation loss',
      width: 82,
      align: 'end',
      render: (r) => lossText(validationOf(r)),
      sortBy: validationOf,
    },
    {
      key: 'loss',
      label: 'Loss',
      help: 'The last training loss',
      width: 70,
      align: 'end',
      render: (r) => lossText(lossOf(r)),
      sortBy: lossOf,
    },
    {
      key: 'steps',
      label: 'Steps',
      width: 64,
      align: 'end',
      render: (r) => formatNumber(r.step),
      sortBy: (r) => r.step,
    },
    {
      key: 'time',
      label: 'Time',
      width: 74,
      align: 'end',
      render: (r) => formatDuration(r.seconds === undefined ? undefined : r.seconds * 1000),
      sortBy: (r) => r.seconds,
    },
  ];
}

function useRemove() {
  const confirm = useConfirm();
  const [error, setError] = useState<unknown>();
  const remove = async (run: TrainingRunDto, name: string) => {
    const yes = await confirm({
      title: 'Remove the run',
      text: `${name}: its curve, log and checkpoints are deleted and it cannot be resumed.${run.modelId === undefined ? '' : ' The model it made stays.'}`,
      confirmLabel: 'Remove',
      danger: true,
      testId: 'run-remove-confirm',
    });
    if (!yes) return;
    setError(undefined);
    try {
      await rpc.training.remove({ runId: run.id });
      trainingStore.setState((s) => ({
        compared: s.compared.filter((id) => id !== run.id),
        runId: s.runId === run.id ? undefined : s.runId,
      }));
      invalidate('training.list');
    } catch (caught) {
      setError(caught);
    }
  };
  return { remove, error, setError };
}

function Tools({ run, onError, onRemove }: ToolsProps) {
  return (
    <>
      <Button
        size="compact-xs"
        leftSection={<IconExternalLink size={13} aria-hidden />}
        onClick={() => trainingStore.setState({ runId: run.id, view: 'train', shownModelId: run.modelId })}
      >
        Open
      </Button>
      <ExportRunMenu run={run} onError={onError} />
      <ActionIcon
        aria-label="Remove the run"
        data-testid="run-remove"
        title={isActive(run.state) ? 'Stop the run before it is removed' : 'Remove the run'}
        disabled={isActive(run.state)}
        onClick={onRemove}
      >
        <IconTrash size={15} aria-hidden />
      </ActionIcon>
    </>
  );
}
interface ToolsProps {
  readonly run: TrainingRunDto;
  readonly onError: (error: unknown) => void;
  readonly onRemove: () => void;
}

function RunsPanel({
  runs,
  shownId,
}: {
  readonly runs: readonly TrainingRunDto[];
  readonly shownId: string | undefined;
}) {
  const compared = useTraining((s) => s.compared);
  const { remove, error, setError } = useRemove();
  const columns = useMemo(() => columnsOf(compared), [compared]);
  const run = runs.find((r) => r.id === shownId);
  return (
    <Panel
      flush
      title={`Training runs (${runs.length})`}
      actions={
        <>
          {compared.length > 0 && (
            <Button size="compact-xs" onClick={() => trainingStore.setState({ compared: [] })}>
              Clear the comparison
            </Button>
          )}
          {run && <Tools run={run} onError={setError} onRemove={() => void remove(run, runTitle(run))} />}
        </>
      }
    >
      <div className="ft-filled">
        {error ? <ErrorLine error={error} /> : null}
        <div className="ft-filled-rest">
          <DataGrid
            rows={runs}
            columns={columns}
            rowKey={(r) => r.id}
            label="Training runs"
            initialSort={{ key: 'started', descending: true }}
            selectedKey={shownId}
            onSelect={(r) => trainingStore.setState({ runId: r.id, shownModelId: r.modelId })}
            emptyText="No run yet."
            testId="runs-grid"
            rowTestId="run-row"
          />
        </div>
      </div>
    </Panel>
  );
}

/** Every run there was; several ticked ones are laid side by side. */
export function History({ shownId }: { readonly shownId: string | undefined }) {
  const { data, error, reload } = useRuns();
  const compared = useTraining((s) => s.compared);
  if (!data)
    return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState label="Loading the runs" />;
  if (data.length === 0) {
    return (
      <Panel title="Training runs">
        <EmptyState
          icon={<IconHistory size={30} stroke={1.3} aria-hidden />}
          title="No run yet"
          text="Every training run is kept here with its settings, curve and log, to be compared with the others."
          action={
            <Button variant="filled" onClick={() => trainingStore.setState({ view: 'train' })}>
              Train a model
            </Button>
          }
        />
      </Panel>
    );
  }
  const known = compared.filter((id) => data.some((r) => r.id === id));
  const ids = known.length > 0 ? known : data.some((r) => r.id === shownId) ? [shownId!] : [];
  return (
    <Split
      id="training-history"
      direction="horizontal"
      parts={[
        { id: 'runs', size: 59, min: 440, content: <RunsPanel runs={data} shownId={shownId} /> },
        { id: 'compare', size: 41, min: 380, content: <ComparePanel ids={ids} /> },
      ]}
    />
  );
}
