import { ActionIcon, Button, Group, Progress } from '@mantine/core';
import { IconCircleCheck, IconX } from '@tabler/icons-react';
import { workspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber } from '../../ui/format.ts';
import { describeError } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { cancelImport, dismissImport, type ImportTask, startImport, useImport } from './importTask.ts';

const STAGES = {
  uploading: 'Bringing',
  reading: 'Reading',
  checking: 'Checking',
  storing: 'Storing',
} as const;

function Running({ task }: { readonly task: Extract<ImportTask, { rows: number }> }) {
  const percent = Math.round(task.fraction * 100);
  return (
    <div className="ft-card" role="status">
      <Group gap="xs" wrap="nowrap">
        <span className="ft-grow ft-ellipsis">
          {STAGES[task.phase]} {task.what}
        </span>
        <span className="ft-num ft-dim">
          {task.rows > 0 ? `${formatNumber(task.rows)} rows · ` : ''}
          {percent} %
        </span>
        <Button size="compact-xs" onClick={cancelImport}>
          Stop
        </Button>
      </Group>
      <Progress mt={8} value={percent} aria-label={`${STAGES[task.phase]} ${task.what}`} />
    </div>
  );
}

function Done({ task }: { readonly task: Extract<ImportTask, { phase: 'done' }> }) {
  const { dataset, quality, notes } = task;
  const setTab = workspace.getState().setTab;
  return (
    <div className="ft-card" data-testid="import-result" role="status">
      <Group gap="xs" wrap="nowrap">
        <IconCircleCheck size={17} className="ft-ok" aria-hidden />
        <strong>
          {dataset.symbol} {dataset.timeframe} is stored
        </strong>
        {dataset.synthetic && <SyntheticBadge />}
        <div className="ft-grow" />
        <ActionIcon aria-label="Close the result" onClick={dismissImport}>
          <IconX size={14} aria-hidden />
        </ActionIcon>
      </Group>
      <dl className="ft-facts" style={{ marginTop: 6 }}>
        <dt>Bars</dt>
        <dd>{formatNumber(dataset.bars)}</dd>
        <dt>From</dt>
        <dd>
          <Time ms={dataset.fromMs} />
        </dd>
        <dt>To</dt>
        <dd>
          <Time ms={dataset.toMs} />
        </dd>
        <dt>Quality</dt>
        <dd>
          {formatNumber(quality.score, 1)} of 100, {formatNumber(quality.issues.length)}{' '}
          {quality.issues.length === 1 ? 'finding' : 'findings'}
        </dd>
        <dt>Read as</dt>
        <dd>
          {dataset.format}, times in {dataset.zone}, {dataset.priceSide} prices
        </dd>
      </dl>
      {notes.length > 0 && (
        <ul className="ft-notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <Group gap="xs" mt="sm">
        <Button onClick={() => setTab('chart')}>Show the chart</Button>
        <Button onClick={() => setTab('training')}>Train a model</Button>
      </Group>
    </div>
  );
}

/** What the import is doing, has done, or why it did not. */
export function ImportProgress() {
  const task = useImport((s) => s.task);
  if (task.phase === 'idle') return null;
  if (task.phase === 'done') return <Done task={task} />;
  if (task.phase === 'failed') {
    return (
      <div data-testid="import-result">
        <ErrorLine error={task.error} onRetry={task.what === 'the demo market' ? undefined : startImport} />
        {/* Refused files say so themselves. */}
        {describeError(task.error).code !== 'IMPORT_FAILED' && (
          <p className="ft-dim ft-small">Nothing of {task.what} was stored.</p>
        )}
      </div>
    );
  }
  return <Running task={task} />;
}
