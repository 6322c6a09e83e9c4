import { Button, Group, Progress } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconClock, IconPlayerStop } from '@tabler/icons-react';
import type { FetchRunDto, ProviderDto } from '../../../src-shared/contract/fetch.ts';
import { formatDate, formatDuration, formatNumber } from '../../ui/format.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { useFetchRuns } from './fetchFeed.ts';
import { type FetchTask, runFraction, runs, taskOpen, timeLeft } from './fetchRuns.ts';
import { stopFetch } from './historyActions.ts';

const STATES: Readonly<Record<FetchRunDto['state'], string>> = {
  running: 'running',
  stopping: 'stopping',
  done: 'done',
  failed: 'failed',
  stopped: 'stopped',
};

function TaskMark({ task }: { readonly task: FetchTask }) {
  if (task.state === 'done') return <IconCircleCheck size={14} className="ft-ok" aria-label="done" />;
  if (task.state === 'failed') return <IconAlertTriangle size={14} className="ft-bad" aria-label="failed" />;
  if (task.state === 'stopped') return <IconPlayerStop size={14} className="ft-dim" aria-label="stopped" />;
  return <IconClock size={14} className="ft-dim" aria-label={task.state} />;
}

function Task({ task }: { readonly task: FetchTask }) {
  const said = task.bars === 1 ? '1 new bar' : `${formatNumber(task.bars)} new bars`;
  const upTo = task.coveredToMs > task.fromMs ? `, to ${formatDate(task.coveredToMs, 'utc')}` : '';
  return (
    <li className="ft-fetch-task" data-testid="fetch-task" data-state={task.state}>
      <TaskMark task={task} />
      <span>
        <strong>{task.symbol}</strong> {task.timeframe} {task.priceSide}
      </span>
      <span className="ft-dim ft-num ft-fetch-said">
        {said}
        {upTo}
      </span>
      {taskOpen(task) && (
        <Progress
          className="ft-fetch-bar"
          value={task.fraction * 100}
          aria-label={`Download of ${task.symbol} ${task.timeframe}`}
        />
      )}
      {task.message && taskOpen(task) && <span className="ft-dim ft-small ft-fetch-why">{task.message}</span>}
      {task.error && (
        <span className="ft-fetch-why ft-small" role="alert">
          <span className="ft-bad">{task.error.message}</span> {task.error.hint}
        </span>
      )}
    </li>
  );
}

function Run({ run, name }: { readonly run: FetchRunDto; readonly name: string }) {
  const working = runs(run);
  const left = working ? timeLeft(run.startedMs, runFraction(run), Date.now()) : undefined;
  return (
    <section
      className="ft-card ft-fetch"
      aria-label={`Download from ${name}`}
      data-testid="fetch-run"
      data-state={run.state}
    >
      <Group gap="xs" wrap="nowrap">
        <strong>{name}</strong>
        <span className="ft-dim ft-small ft-grow ft-ellipsis">
          {STATES[run.state]}
          {left === undefined ? '' : `, about ${formatDuration(left)} left`}
          {run.endedMs !== null && (
            <>
              {' '}
              at <Time ms={run.endedMs} date={false} bare />
            </>
          )}
        </span>
        {working && (
          <Button
            size="compact-xs"
            disabled={run.state === 'stopping'}
            title="What has been stored stays; starting again goes on from there."
            onClick={() => void stopFetch(run.id)}
          >
            {run.state === 'stopping' ? 'Stopping…' : 'Stop'}
          </Button>
        )}
      </Group>
      <ul>
        {run.tasks.map((task) => (
          <Task key={`${task.symbol} ${task.timeframe} ${task.priceSide} ${task.fromMs}`} task={task} />
        ))}
      </ul>
    </section>
  );
}

/** Downloads since the engine started, the newest first. They go on when the tab is left. */
export function FetchRuns({ providers }: { readonly providers: readonly ProviderDto[] }) {
  const { runs: all, error } = useFetchRuns();
  return (
    <>
      {error !== undefined && error !== null && <ErrorLine error={error} />}
      {all.map((run) => (
        <Run
          key={run.id}
          run={run}
          name={providers.find((p) => p.id === run.providerId)?.name ?? run.providerId}
        />
      ))}
    </>
  );
}
