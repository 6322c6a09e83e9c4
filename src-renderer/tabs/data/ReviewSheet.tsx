import { ActionIcon, Button, Progress } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { Inspection } from '../../../src-shared/contract/import.ts';
import { useDatasets } from '../../state/markets.ts';
import { formatBytes } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { describeError } from '../../ui/rpc.ts';
import { ErrorLine, LoadingState } from '../../ui/states.tsx';
import { dataView } from './dataStore.ts';
import { blockersOf, storedOf, suggestedMode } from './importChoices.ts';
import { type ImportItem, isBusy, isImporting, useImportQueue } from './importQueue.ts';
import { inspect, isReady, startImports, stopItem } from './importWork.ts';
import { ReviewColumns } from './ReviewColumns.tsx';
import { ReviewFacts } from './ReviewFacts.tsx';
import { ReviewFields } from './ReviewFields.tsx';
import { ReviewFindings } from './ReviewFindings.tsx';

/** What went wrong, where it went wrong: a file that cannot be read in place of its content. */
function Failure({ item, of }: { readonly item: ImportItem; readonly of: 'inspect' | 'import' }) {
  if (item.phase.name !== 'failed' || item.phase.at !== of) return null;
  const { at, error } = item.phase;
  const again = at === 'inspect' ? () => void inspect(item.id) : undefined;
  return (
    <div data-testid="import-result">
      <ErrorLine error={error} onRetry={again} />
      {/* Refused files say so themselves. */}
      {at === 'import' && describeError(error).code !== 'IMPORT_FAILED' && (
        <p className="ft-dim ft-small ft-flat">Nothing of {item.name} was stored.</p>
      )}
    </div>
  );
}

function Looking({ item }: { readonly item: ImportItem }) {
  if (item.seen || item.phase.name === 'failed') return null;
  if (item.phase.name === 'uploading')
    return (
      <div className="ft-review-wait">
        <span className="ft-dim">Bringing {item.name}…</span>
        <Progress value={item.phase.fraction * 100} aria-label={`Bringing ${item.name}`} />
      </div>
    );
  return (
    <LoadingState
      label={item.phase.name === 'waiting' ? 'Waits for the file before it' : 'Looking at the file'}
    />
  );
}

function buttonText(item: ImportItem, seen: Inspection | undefined, mode: string | undefined): string {
  if (isImporting(item.phase)) return 'Importing…';
  if (item.phase.name === 'failed' && item.phase.at === 'import' && seen) return 'Try again';
  if (mode === 'replace') return 'Replace and import';
  return mode === 'merge' ? 'Add to the history' : 'Import';
}

/** Why the file cannot be imported yet, the failure of the last try, and the button. */
function Foot({ item }: { readonly item: ImportItem }) {
  const { data } = useDatasets();
  const { seen, choices, phase } = item;
  const blockers = seen && !isBusy(item) ? blockersOf(choices, seen) : [];
  const stored = seen && data ? storedOf(choices, seen, data) : undefined;
  const mode = stored && seen && (choices.mode === 'auto' ? suggestedMode(seen, stored) : choices.mode);
  return (
    <div className="ft-review-foot">
      <Failure item={item} of="import" />
      <div className="ft-review-go">
        <span className={blockers.length > 0 ? 'ft-warn ft-grow' : 'ft-dim ft-grow'} role="status">
          {blockers.length > 0
            ? blockers.join(' ')
            : seen && !isBusy(item)
              ? 'Nothing is stored before you import.'
              : ''}
        </span>
        {(isImporting(phase) || phase.name === 'uploading') && (
          <Button onClick={() => stopItem(item.id)}>Stop</Button>
        )}
        <Button
          variant="filled"
          data-testid="import-start"
          disabled={!isReady(item)}
          onClick={() => startImports([item.id], data ?? [])}
        >
          {buttonText(item, seen, mode)}
        </Button>
      </div>
      {phase.name === 'importing' && (
        <Progress value={phase.fraction * 100} aria-label={`Import of ${item.name}`} />
      )}
    </div>
  );
}

/** What a file holds and how it will be read, to be confirmed or corrected before anything is stored. */
export function ReviewSheet() {
  const item = useImportQueue((q) => q.items.find((i) => i.id === q.shown));
  if (!item?.file) return null;
  const { seen } = item;
  return (
    <Panel
      flush
      title={
        <>
          <span className="ft-ellipsis" title={item.name}>
            {item.name}
          </span>
          <span className="ft-dim ft-small ft-num">{formatBytes(item.file.size)}</span>
        </>
      }
      actions={
        <>
          {isBusy(item) && seen && <span className="ft-dim ft-small">Looking again…</span>}
          <ActionIcon
            aria-label="Back to the stored histories"
            title="Back to the stored histories; the file stays in the list"
            onClick={() => dataView.setState({ main: 'catalogue' })}
          >
            <IconX size={15} aria-hidden />
          </ActionIcon>
        </>
      }
    >
      <div className="ft-column" data-testid="import-sheet" data-phase={item.phase.name}>
        <div className="ft-review">
          <ReviewFields item={item} />
          <Failure item={item} of="inspect" />
          <Looking item={item} />
          {seen && <ReviewFacts item={item} seen={seen} />}
          {seen && <ReviewColumns item={item} seen={seen} />}
          {seen && <ReviewFindings item={item} seen={seen} />}
        </div>
        <Foot item={item} />
      </div>
    </Panel>
  );
}
