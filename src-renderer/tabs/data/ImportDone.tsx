import { ActionIcon, Button, Group } from '@mantine/core';
import { IconArrowBackUp, IconCircleCheck, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { workspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatDuration, formatNumber } from '../../ui/format.ts';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { historyKey, refOf } from './dataStore.ts';
import type { ImportResult } from './importQueue.ts';
import { takeBack } from './undo.ts';

/** Takes the import back, as long as nothing was done to the history since. */
function UndoImport({ result, onUndone }: { readonly result: ImportResult; readonly onUndone: () => void }) {
  const { dataset } = result;
  const { data } = useQuery('data.changes.newest', () => rpc.data.changes({ ...refOf(dataset), limit: 1 }), [
    historyKey(dataset),
    dataset.dataHash,
  ]);
  const [error, setError] = useState<unknown>();
  const newest = data?.[0];
  if (!newest?.undoable || newest.kind !== 'import') return null;
  return (
    <>
      <Button
        leftSection={<IconArrowBackUp size={14} aria-hidden />}
        title={newest.summary}
        onClick={() => takeBack(newest.id).then(onUndone, setError)}
      >
        Undo
      </Button>
      {error !== undefined && <ErrorLine error={error} />}
    </>
  );
}

function Facts({ result }: { readonly result: ImportResult }) {
  const { dataset, quality, seconds } = result;
  const findings = quality.issues.length + quality.issuesLeftOut;
  return (
    <dl className="ft-facts" style={{ marginTop: 6 }}>
      <dt>Bars</dt>
      <dd>
        {formatNumber(dataset.bars)} in {formatDuration(seconds * 1000)}
      </dd>
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
        {formatNumber(quality.score, 1)} of 100, {formatNumber(findings)}{' '}
        {findings === 1 ? 'finding' : 'findings'}
      </dd>
      <dt>Read as</dt>
      <dd>
        {dataset.format}, times in {dataset.zone}, {dataset.priceSide} prices
      </dd>
    </dl>
  );
}

/** What an import has stored, and where to go from here. */
export function ImportDone({
  result,
  onClose,
}: {
  readonly result: ImportResult;
  readonly onClose: () => void;
}) {
  const { dataset, notes } = result;
  const { setTab } = workspace.getState();
  return (
    <div className="ft-card" data-testid="import-result" role="status">
      <Group gap="xs" wrap="nowrap">
        <IconCircleCheck size={17} className="ft-ok" aria-hidden />
        <strong>
          {dataset.symbol} {dataset.timeframe} is stored
        </strong>
        {dataset.synthetic && <SyntheticBadge />}
        <div className="ft-grow" />
        <ActionIcon aria-label="Close the result" onClick={onClose}>
          <IconX size={14} aria-hidden />
        </ActionIcon>
      </Group>
      <Facts result={result} />
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
        <UndoImport result={result} onUndone={onClose} />
      </Group>
    </div>
  );
}
