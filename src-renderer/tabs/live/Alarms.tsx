import { Button } from '@mantine/core';
import { IconAlertTriangle, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useState } from 'react';
import type { SessionSummary } from '../../../src-shared/contract/live.ts';
import { workspace } from '../../state/workspace.ts';
import { formatNumber } from '../../ui/format.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Live.module.css';

/** Journal and broker do not agree: nothing is more urgent. */
export function UnreconciledAlarm({ session }: { readonly session: SessionSummary }) {
  if (session.unreconciled.length === 0) return null;
  return (
    <div className={styles.alarm} role="alert" data-testid="live-unreconciled">
      <IconAlertTriangle size={17} aria-hidden />
      <strong>
        {session.symbol}: what was journaled and what the broker has do not agree. Nothing is opened until
        they do.
      </strong>
      <ul>
        {session.unreconciled.map((difference) => (
          <li key={difference}>{difference}</li>
        ))}
      </ul>
    </div>
  );
}

/** A session that the engine did not end: it waits to be reconciled and resumed. */
export function InterruptedAlarm({ session }: { readonly session: SessionSummary }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const resume = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await rpc.live.resume({ sessionId: session.id });
      workspace.getState().setSessionId(session.id);
      invalidate('live.');
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={styles.alarm} role="alert" data-testid="live-interrupted">
      <IconAlertTriangle size={17} aria-hidden />
      <span className={styles.alarmText}>
        <strong>
          {session.symbol} {session.timeframe} ({session.badge}) was interrupted
          {session.barTimeMs === undefined ? '.' : ''}
        </strong>{' '}
        {session.barTimeMs !== undefined && (
          <>
            at bar {formatNumber(session.barsDone, 0)} of {formatNumber(session.barsTotal, 0)}, market time{' '}
            <Time ms={session.barTimeMs} />.{' '}
          </>
        )}
        {session.position &&
          `Its ${session.position.direction} position of ${formatNumber(session.position.volumeLots, 2, 2)} lots is still open. `}
        Resuming first compares the journal with the broker, and places nothing twice.
      </span>
      <Button
        variant="filled"
        loading={busy}
        leftSection={<IconPlayerPlayFilled size={12} aria-hidden />}
        onClick={() => void resume()}
        data-testid="live-resume-interrupted"
      >
        Resume (reconciles first)
      </Button>
      {error !== undefined && <ErrorLine error={error} />}
    </div>
  );
}
