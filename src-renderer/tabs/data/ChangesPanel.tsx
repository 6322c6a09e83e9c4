import { Button } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowsMaximize,
  IconBandage,
  IconCloudDownload,
  IconFileImport,
  IconHistory,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { ChangeDto } from '../../../src-shared/contract/data.ts';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { historyKey, refOf, useHistory } from './dataStore.ts';
import { dismissUndo, takeBack } from './undo.ts';

const KINDS = {
  import: { icon: IconFileImport, name: 'Import' },
  fetch: { icon: IconCloudDownload, name: 'Download' },
  repair: { icon: IconBandage, name: 'Repair' },
  resample: { icon: IconArrowsMaximize, name: 'Resampling' },
  remove: { icon: IconTrash, name: 'Removal' },
} as const;

function Undo({ change }: { readonly change: ChangeDto }) {
  const [error, setError] = useState<unknown>();
  const [working, setWorking] = useState(false);
  if (change.undoneMs !== null)
    return (
      <span className="ft-dim ft-small">
        taken back <Time ms={change.undoneMs} bare />
      </span>
    );
  if (!change.undoable) return null;
  const undo = async () => {
    setWorking(true);
    setError(undefined);
    try {
      await takeBack(change.id);
      dismissUndo();
    } catch (failure) {
      setError(failure);
    }
    setWorking(false);
  };
  return (
    <>
      <Button
        size="compact-xs"
        disabled={working}
        leftSection={<IconArrowBackUp size={13} aria-hidden />}
        aria-label={`Undo: ${change.summary}`}
        onClick={() => void undo()}
      >
        {working ? 'Undoing…' : 'Undo'}
      </Button>
      {error !== undefined && <ErrorLine error={error} />}
    </>
  );
}

function Change({ change, named }: { readonly change: ChangeDto; readonly named: boolean }) {
  const { icon: Icon, name } = KINDS[change.kind];
  return (
    <li className="ft-change" data-undone={change.undoneMs !== null} data-testid="change-row">
      <Icon size={15} stroke={1.6} aria-label={name} />
      <span className="ft-dim ft-num">
        <Time ms={change.madeMs} bare />
      </span>
      <span className="ft-change-text">
        {named && (
          <strong>
            {change.symbol} {change.timeframe} {change.priceSide}:{' '}
          </strong>
        )}
        {change.summary}
      </span>
      <span className="ft-change-undo">
        <Undo change={change} />
      </span>
    </li>
  );
}

/** What was done to the chosen history, or to all of them; the newest change of each can be taken back. */
export function ChangesPanel() {
  const chosen = useHistory();
  const [all, setAll] = useState(false);
  const of = all || !chosen ? undefined : refOf(chosen);
  const { data, error, reload } = useQuery(
    'data.changes',
    () => rpc.data.changes(of ? { ...of, limit: 200 } : { limit: 200 }),
    [of ? historyKey(of) : ''],
  );
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={reload} />
    ) : (
      <LoadingState label="Reading the changes" />
    );
  return (
    <div className="ft-changes">
      <div className="ft-changes-head">
        <span className="ft-dim ft-small">
          {of
            ? `What was done to ${of.symbol} ${of.timeframe} ${of.priceSide}`
            : 'What was done to all histories'}
        </span>
        {chosen && (
          <Button size="compact-xs" onClick={() => setAll(!all)}>
            {all ? `Only ${chosen.symbol} ${chosen.timeframe}` : 'All histories'}
          </Button>
        )}
      </div>
      {data.length === 0 ? (
        <EmptyState
          icon={<IconHistory size={28} stroke={1.3} aria-hidden />}
          title="No changes yet"
          text="Imports, downloads, repairs, resampling and removals are listed here and can be taken back."
        />
      ) : (
        <ul>
          {data.map((change) => (
            <Change key={change.id} change={change} named={of === undefined} />
          ))}
        </ul>
      )}
    </div>
  );
}
