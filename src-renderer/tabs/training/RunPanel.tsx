import { ActionIcon, Button, Menu, SegmentedControl, Select, Switch } from '@mantine/core';
import {
  IconBrain,
  IconDeviceFloppy,
  IconDownload,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
} from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { FamilyInfo, TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { type ErrorCode, FrontierError } from '../../../src-shared/errors.ts';
import { workspace } from '../../state/workspace.ts';
import { formatTime } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc, useWatch } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { axisEnd } from './curve.ts';
import { LossChart } from './LossChart.tsx';
import { isComputedAtOnce, useFamilies, useRuns } from './queries.ts';
import { RunCharts } from './RunCharts.tsx';
import { type Counted, RunFacts } from './RunFacts.tsx';
import { RunLog } from './RunLog.tsx';
import { exportRun, isResumable, type RunActions, useRunActions, useRunCommands } from './runActions.ts';
import { runTitle } from './runText.ts';
import { SettingsList } from './SettingsList.tsx';
import { trainingStore, useTraining } from './trainingStore.ts';

const EXPORTS = [
  ['json', 'JSON: curve, readings and log'],
  ['csv', 'CSV: the curve'],
  ['tensorboard', 'TensorBoard event file'],
] as const;

/** Saves a run as a file. */
export function ExportRunMenu({
  run,
  onError,
}: {
  readonly run: Pick<TrainingRunDto, 'id'>;
  readonly onError: (error: unknown) => void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label="Export the run" title="Export the run">
          <IconDownload size={15} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {EXPORTS.map(([format, label]) => (
          <Menu.Item
            key={format}
            onClick={() => {
              onError(undefined);
              exportRun(run, format).catch(onError);
            }}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Controls({ run, actions }: { readonly run: TrainingRunDto; readonly actions: RunActions }) {
  const { state } = run;
  const { act, busy } = actions;
  const works = state === 'running' || state === 'queued';
  return (
    <>
      <Button
        size="compact-sm"
        data-testid="train-save"
        disabled={state !== 'running'}
        loading={busy === 'save'}
        title="Writes a checkpoint now; the run goes on"
        leftSection={<IconDeviceFloppy size={14} aria-hidden />}
        onClick={() => void act('save')}
      >
        Save
      </Button>
      {isResumable(state) ? (
        <Button
          size="compact-sm"
          data-testid="train-resume"
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={() => void act('resume')}
        >
          Resume
        </Button>
      ) : (
        <Button
          size="compact-sm"
          data-testid="train-pause"
          disabled={!works}
          leftSection={<IconPlayerPause size={14} aria-hidden />}
          onClick={() => void act('pause')}
        >
          Pause
        </Button>
      )}
      <Button
        size="compact-sm"
        data-testid="train-stop"
        disabled={!works && state !== 'paused'}
        leftSection={<IconPlayerStop size={14} aria-hidden />}
        onClick={() => void act('stop')}
      >
        Stop
      </Button>
    </>
  );
}

const PAGE_OPENED_MS = Date.now();

/** Lets all tabs work with the model that a run has just made, once per run, where it is one that gives signals. */
function useAdoption(run: TrainingRunDto | undefined): void {
  const runId = run?.id;
  const madeModel = run?.state === 'done' ? run.modelId : undefined;
  // Looking at a run of another day must not change what backtests work on.
  const endedHere = (run?.endedMs ?? 0) >= PAGE_OPENED_MS;
  useEffect(() => {
    if (runId === undefined || madeModel === undefined) return;
    if (trainingStore.getState().adoptedRunId === runId) return;
    trainingStore.setState({ adoptedRunId: runId, shownModelId: madeModel });
    invalidate('training.');
    rpc.training.model({ modelId: madeModel }).then(
      (model) => model.role === 'regressor' && endedHere && workspace.getState().setModelId(madeModel),
      // The model panel shows the same failure with its cause.
      () => undefined,
    );
  }, [runId, madeModel, endedHere]);
}

function Curve({ run, hover, onHover }: CurveProps) {
  const log = useTraining((s) => s.logScale);
  if (run.curve.length > 0) {
    return (
      <LossChart curve={run.curve} totalSteps={axisEnd(run)} log={log} hover={hover} onHover={onHover} />
    );
  }
  const over = run.state === 'failed' || run.state === 'stopped' || run.state === 'done';
  return (
    <div className="ft-loss" data-testid="loss-chart" data-points={0}>
      {over ? (
        <EmptyState title="No losses were measured" text="The run ended before its first chunk of steps." />
      ) : (
        <LoadingState label="Preparing features and the graph" />
      )}
    </div>
  );
}

interface CurveProps {
  readonly run: TrainingRunDto;
  readonly hover: number | undefined;
  readonly onHover: (step: number | undefined) => void;
}

type Below = 'charts' | 'log' | 'settings';

function Lower({ run, hover, onHover }: CurveProps) {
  const [shown, setShown] = useState<Below>('charts');
  const logScale = useTraining((s) => s.logScale);
  return (
    <div className="ft-run-lower">
      <div className="ft-run-lower-head">
        <SegmentedControl
          aria-label="Below the curve"
          value={shown}
          onChange={(v) => setShown(v as Below)}
          data={[
            { value: 'charts', label: 'Measurements' },
            { value: 'log', label: 'Log' },
            { value: 'settings', label: 'Settings' },
          ]}
        />
        <Switch
          ml="auto"
          label="Log scale"
          checked={logScale}
          onChange={(e) => trainingStore.setState({ logScale: e.currentTarget.checked })}
        />
      </div>
      <div className="ft-run-lower-body">
        {shown === 'charts' && <RunCharts run={run} hover={hover} onHover={onHover} />}
        {shown === 'log' && <RunLog run={run} />}
        {shown === 'settings' && <SettingsList settings={run.input} />}
      </div>
    </div>
  );
}

/** What there is of a run without steps. */
function Curveless({ run }: { readonly run: TrainingRunDto }) {
  const [shown, setShown] = useState<'log' | 'settings'>('log');
  return (
    <div className="ft-run-lower">
      <div className="ft-run-lower-head">
        <SegmentedControl
          aria-label="About the run"
          value={shown}
          onChange={(v) => setShown(v as 'log' | 'settings')}
          data={[
            { value: 'log', label: 'Log' },
            { value: 'settings', label: 'Settings' },
          ]}
        />
        <span className="ft-form-note">
          Models that are computed at once, or made of others, have no curve.
        </span>
      </div>
      <div className="ft-run-lower-body">
        {shown === 'log' ? <RunLog run={run} /> : <SettingsList settings={run.input} />}
      </div>
    </div>
  );
}

function Body({ run, counted }: { readonly run: TrainingRunDto; readonly counted: Counted }) {
  const [hover, setHover] = useState<number>();
  if (counted !== 'steps') return <Curveless run={run} />;
  return (
    <Split
      id="training-run"
      direction="vertical"
      parts={[
        { id: 'curve', size: 58, min: 150, content: <Curve run={run} hover={hover} onHover={setHover} /> },
        { id: 'below', size: 42, min: 110, content: <Lower run={run} hover={hover} onHover={setHover} /> },
      ]}
    />
  );
}

/** Chooses which run is watched. */
function RunPicker({ run }: { readonly run: TrainingRunDto }) {
  const runs = useRuns().data ?? [];
  const listed = runs.some((r) => r.id === run.id) ? runs : [run, ...runs];
  return (
    <Select
      className="ft-run-picker"
      aria-label="Run"
      variant="unstyled"
      data={listed.map((r) => ({
        value: r.id,
        label: `${runTitle(r)} · ${formatTime(r.startedMs, { bare: true })}`,
      }))}
      value={run.id}
      onChange={(runId) => runId !== null && trainingStore.setState({ runId, shownModelId: undefined })}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  );
}

function countedOf(family: FamilyInfo | undefined, run: TrainingRunDto | undefined): Counted {
  if (isComputedAtOnce(family)) return 'nothing';
  if (family?.fit !== 'composed') return 'steps';
  return run?.input.family === 'horizons' ? 'fits' : 'nothing';
}

function Watched({ runId }: { readonly runId: string }) {
  // A run that has ended is not followed any more; resuming it begins another round.
  const [round, setRound] = useState(0);
  const [exportError, setExportError] = useState<unknown>();
  const { data: run, error } = useWatch(
    (signal) => rpc.training.watch({ runId }, { signal }),
    [runId],
    round,
  );
  const families = useFamilies().data;
  const family = families?.find((f) => f.name === run?.input.family);
  const counted = countedOf(family, run);
  const actions = useRunActions(runId, () => setRound((n) => n + 1));
  useRunCommands(run?.state, actions.act);
  useAdoption(run);
  if (!run) {
    return (
      <Panel title="Training run">
        {error ? <ErrorState error={error} /> : <LoadingState label="Opening the run" />}
      </Panel>
    );
  }
  const failure = error ?? actions.error ?? exportError;
  return (
    <Panel
      flush
      title={<RunPicker run={run} />}
      actions={
        <>
          <ExportRunMenu run={run} onError={setExportError} />
          <Controls run={run} actions={actions} />
        </>
      }
    >
      <div className="ft-run" data-run={run.id}>
        <RunFacts run={run} counted={counted} />
        {run.error && run.state === 'failed' && <ErrorLine error={errorOf(run.error)} />}
        {failure ? <ErrorLine error={failure} /> : null}
        <div className="ft-run-body">
          <Body run={run} counted={counted} />
        </div>
      </div>
    </Panel>
  );
}

function errorOf(error: NonNullable<TrainingRunDto['error']>): Error {
  return new FrontierError(error.code as ErrorCode, error.message, error.hint);
}

/** One run, live. */
export function RunPanel({ runId }: { readonly runId: string | undefined }) {
  if (runId !== undefined) return <Watched key={runId} runId={runId} />;
  return (
    <Panel title="Training run">
      <EmptyState
        icon={<IconBrain size={30} stroke={1.3} aria-hidden />}
        title="No training run yet"
        text="Start one on the left: the defaults suit a first model. Losses are drawn here while it learns."
      />
    </Panel>
  );
}
