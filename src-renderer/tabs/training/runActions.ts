import { useMemo, useRef, useState } from 'react';
import type { JobStateDto } from '../../../src-shared/contract/common.ts';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { type Command, useCommands } from '../../state/commands.ts';
import { downloadFile } from '../../ui/download.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';

export type RunAction = 'pause' | 'resume' | 'stop' | 'save';
export type ExportFormat = 'json' | 'csv' | 'tensorboard';

/** States from which a run goes on from its last checkpoint. */
const RESUMABLE: ReadonlySet<JobStateDto> = new Set(['paused', 'stopped', 'failed']);

export function isResumable(state: JobStateDto): boolean {
  return RESUMABLE.has(state);
}

/** True while a run may still change. */
export function isActive(state: JobStateDto): boolean {
  return state === 'queued' || state === 'running' || state === 'paused' || state === 'stopping';
}

const LABELS: Readonly<Record<RunAction, string>> = {
  pause: 'Pause training',
  resume: 'Resume training',
  stop: 'Stop training',
  save: 'Save a checkpoint of the training run',
};

/** What can be done with a run now. */
export function actionsOf(state: JobStateDto): readonly RunAction[] {
  if (state === 'running') return ['pause', 'stop', 'save'];
  if (state === 'queued') return ['pause', 'stop'];
  if (state === 'paused') return ['resume', 'stop'];
  return isResumable(state) ? ['resume'] : [];
}

export interface RunActions {
  readonly act: (action: RunAction) => Promise<void>;
  readonly error: unknown;
  /** The action that the engine has not answered yet. */
  readonly busy: RunAction | undefined;
}

export function useRunActions(runId: string, onResumed: () => void): RunActions {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState<RunAction>();
  const resumed = useRef(onResumed);
  resumed.current = onResumed;
  const act = useMemo(
    () => async (action: RunAction) => {
      setError(undefined);
      setBusy(action);
      try {
        await rpc.training[action]({ runId });
        invalidate('training.list');
        if (action === 'resume') resumed.current();
        if (action === 'save') invalidate('training.log');
      } catch (caught) {
        setError(caught);
      } finally {
        setBusy(undefined);
      }
    },
    [runId],
  );
  return { act, error, busy };
}

/** Offers what can be done with the run in the palette. */
export function useRunCommands(state: JobStateDto | undefined, act: RunActions['act']): void {
  const commands = useMemo(
    (): Command[] =>
      (state === undefined ? [] : actionsOf(state)).map((action) => ({
        id: `training.${action}`,
        label: LABELS[action],
        group: 'Training',
        run: () => void act(action),
      })),
    [state, act],
  );
  useCommands(commands);
}

/** Saves curve, readings and log of a run as a file. */
export async function exportRun(run: Pick<TrainingRunDto, 'id'>, format: ExportFormat): Promise<void> {
  downloadFile(await rpc.training.exportRun({ runId: run.id, format }));
}
