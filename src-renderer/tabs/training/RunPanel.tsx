import { Button, Progress, Switch } from '@mantine/core';
import { IconBrain, IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { JobStateDto } from '../../../src-shared/contract/common.ts';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { type ErrorCode, FrontierError } from '../../../src-shared/errors.ts';
import { type Command, useCommands } from '../../state/commands.ts';
import { workspace } from '../../state/workspace.ts';
import { formatDuration, formatNumber, UNKNOWN } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc, useWatch } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { LossChart } from './LossChart.tsx';
import { trainingStore, useTraining } from './trainingStore.ts';

const DOT: Partial<Record<JobStateDto, string>> = {
  running: 'ok',
  queued: 'warn',
  paused: 'warn',
  stopping: 'warn',
  failed: 'bad',
};

/** State of a run: a dot and the word. */
export function RunState({ state, testId }: { readonly state: JobStateDto; readonly testId?: string }) {
  return (
    <span className="ft-cell-line">
      <span className="ft-dot" data-state={DOT[state] ?? 'idle'} aria-hidden />
      <span data-testid={testId}>{state}</span>
    </span>
  );
}

/** States from which a run goes on from its last checkpoint. */
const RESUMABLE: ReadonlySet<JobStateDto> = new Set(['paused', 'stopped', 'failed']);

type Action = 'pause' | 'resume' | 'stop';

function useActions(runId: string, onResumed: () => void) {
  const [error, setError] = useState<unknown>();
  const resumed = useRef(onResumed);
  resumed.current = onResumed;
  const act = useMemo(
    () => async (action: Action) => {
      setError(undefined);
      try {
        await rpc.training[action]({ runId });
        invalidate('training.list');
        if (action === 'resume') resumed.current();
      } catch (caught) {
        setError(caught);
      }
    },
    [runId],
  );
  return { act, error };
}

function useRunCommands(run: TrainingRunDto | undefined, act: (action: Action) => Promise<void>): void {
  const state = run?.state;
  const commands = useMemo(() => {
    const make = (action: Action, label: string): Command => ({
      id: `training.${action}`,
      label,
      group: 'Training',
      run: () => void act(action),
    });
    if (state === 'running') return [make('pause', 'Pause training'), make('stop', 'Stop training')];
    if (state && RESUMABLE.has(state) && state !== 'paused') return [make('resume', 'Resume training')];
    if (state === 'paused') return [make('resume', 'Resume training'), make('stop', 'Stop training')];
    return [];
  }, [state, act]);
  useCommands(commands);
}

function Controls({
  state,
  act,
}: {
  readonly state: JobStateDto;
  readonly act: (a: Action) => Promise<void>;
}) {
  const works = state === 'running' || state === 'queued';
  return (
    <>
      {RESUMABLE.has(state) ? (
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

function Figure({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <div className="ft-figure-name">{name}</div>
      <div className="ft-figure-value">{children}</div>
    </div>
  );
}

function engineText(run: TrainingRunDto): string {
  if (run.engine === undefined) return UNKNOWN;
  return run.engine === 'cpu' ? 'CPU' : run.engine === 'webgpu' ? 'WebGPU' : run.engine;
}

function Facts({ run }: { readonly run: TrainingRunDto }) {
  const ended = run.endedMs !== undefined;
  const taken = run.seconds === undefined ? undefined : run.seconds * 1000;
  return (
    <div className="ft-run-facts">
      <Progress
        value={run.state === 'done' ? 100 : run.totalSteps > 0 ? (100 * run.step) / run.totalSteps : 0}
        aria-label="Training progress"
        size={4}
        radius={0}
        {...(run.state === 'paused' ? { color: 'yellow' } : run.state === 'failed' ? { color: 'red' } : {})}
      />
      <div className="ft-figures ft-run-figures">
        <Figure name="State">
          <RunState state={run.state} testId="train-state" />
        </Figure>
        <Figure name="Step">
          {formatNumber(run.step)} <span className="ft-dim ft-small">of {formatNumber(run.totalSteps)}</span>
        </Figure>
        <Figure name="Epoch">
          {formatNumber(run.epoch)}{' '}
          <span className="ft-dim ft-small">of {formatNumber(run.input.epochs)}</span>
        </Figure>
        <Figure name="Steps per second">{formatNumber(run.stepsPerSecond, 0)}</Figure>
        <Figure name="Engine">{engineText(run)}</Figure>
        {ended ? (
          <Figure name="Took">{formatDuration(taken ?? (run.endedMs ?? 0) - run.startedMs)}</Figure>
        ) : (
          <Figure name="Time left">{run.state === 'running' ? formatDuration(run.etaMs) : UNKNOWN}</Figure>
        )}
        {run.restarts > 0 && <Figure name="Worker restarts">{formatNumber(run.restarts)}</Figure>}
      </div>
      {run.error && run.state === 'stopped' && (
        <p className="ft-run-note ft-dim">
          {run.error.message} {run.error.hint}
        </p>
      )}
      {stoppedEarly(run) && (
        <p className="ft-run-note ft-dim">
          Ended early: no better validation loss for {run.input.patience}{' '}
          {run.input.patience === 1 ? 'epoch' : 'epochs'}. The best weights were kept.
        </p>
      )}
      {run.engineNote && (
        <p className={`ft-run-note ${run.input.engine === 'auto' ? 'ft-dim' : 'ft-warn'}`}>
          {run.engineNote}
        </p>
      )}
    </div>
  );
}

function stoppedEarly(run: TrainingRunDto): boolean {
  return run.state === 'done' && run.input.patience > 0 && run.epoch < run.input.epochs;
}

function runTitle(run: TrainingRunDto): string {
  const { symbol, timeframe, family, horizonBars } = run.input;
  return `${symbol} ${timeframe} · ${family.toUpperCase()} · ${horizonBars} bars ahead`;
}

function Watched({ runId }: { readonly runId: string }) {
  // A run that has ended is not followed any more; resuming it begins another round.
  const [round, setRound] = useState(0);
  const { data: run, error } = useWatch(
    (signal) => rpc.training.watch({ runId }, { signal }),
    [runId],
    round,
  );
  const { act, error: actError } = useActions(runId, () => setRound((n) => n + 1));
  const logScale = useTraining((s) => s.logScale);
  useRunCommands(run, act);
  const madeModel = run?.state === 'done' ? run.modelId : undefined;
  useEffect(() => {
    if (madeModel === undefined) return;
    // The model that was just made is what the next steps should work on.
    workspace.getState().setModelId(madeModel);
    invalidate('training.');
  }, [madeModel]);
  if (!run) {
    return (
      <Panel title="Training run">
        {error ? <ErrorState error={error} /> : <LoadingState label="Opening the run" />}
      </Panel>
    );
  }
  return (
    <Panel
      flush
      title={<span className="ft-ellipsis">{runTitle(run)}</span>}
      actions={
        <>
          <Switch
            label="Log scale"
            checked={logScale}
            onChange={(e) => trainingStore.setState({ logScale: e.currentTarget.checked })}
          />
          <Controls state={run.state} act={act} />
        </>
      }
    >
      <div className="ft-run">
        <Facts run={run} />
        {run.error && run.state === 'failed' && <ErrorLine error={errorOf(run.error)} />}
        {error || actError ? <ErrorLine error={error ?? actError} /> : null}
        {run.curve.length > 0 ? (
          <LossChart
            curve={run.curve}
            totalSteps={run.endedMs === undefined ? run.totalSteps : run.step}
            log={logScale}
          />
        ) : (
          <div className="ft-loss" data-testid="loss-chart" data-points={0}>
            {run.state === 'failed' || run.state === 'stopped' ? (
              <EmptyState
                title="No losses were measured"
                text="The run ended before its first chunk of steps."
              />
            ) : (
              <LoadingState label="Preparing features and the graph" />
            )}
          </div>
        )}
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
