import { Button, Progress } from '@mantine/core';
import {
  IconEqual,
  IconEqualNot,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerStopFilled,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { DeploymentDto, SessionDto } from '../../../src-shared/contract/live.ts';
import { SessionBadge, SyntheticBadge } from '../../ui/Badge.tsx';
import { useConfirm } from '../../ui/confirm.tsx';
import { formatNumber } from '../../ui/format.ts';
import { ParameterHash } from '../../ui/ParameterHash.tsx';
import { ReportButton } from '../../ui/ReportButton.tsx';
import { reportedError } from '../../ui/reported.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Live.module.css';
import { SpeedSlider } from './StartForm.tsx';
import { isOngoing, SESSION_LABELS, sessionClass } from './session.ts';

interface SessionHeadProps {
  readonly session: SessionDto;
  readonly deployment: DeploymentDto | undefined;
}

/** Which session this is, on what account and feed, how far it is, and the controls to hold or end it. */
export function SessionHead({ session, deployment }: SessionHeadProps) {
  const share = session.barsTotal > 0 ? (100 * session.barsDone) / session.barsTotal : 0;
  return (
    <div className={styles.head}>
      <div className={styles.headLine}>
        <span className={styles.headTitle}>
          {session.symbol} {session.timeframe}
        </span>
        <SessionBadge badge={session.badge} />
        {session.synthetic && <SyntheticBadge />}
        <span
          className={`${styles.state} ${sessionClass(session.state)}`}
          data-testid="live-state"
          data-state={session.state}
        >
          {SESSION_LABELS[session.state]}
        </span>
        <span className={`${styles.feed} ft-dim ft-ellipsis`} title={`${session.broker}, ${session.feed}`}>
          {session.broker}, {session.feed}
        </span>
        <HashPair session={session} deployment={deployment} />
        <Controls session={session} />
        {deployment && !isOngoing(session.state) && (
          <ReportButton
            sources={{
              modelId: deployment.modelId,
              studyId: deployment.studyId,
              sessionId: session.id,
            }}
          />
        )}
      </div>
      <div className={styles.headLine}>
        <span className="ft-num">
          Bar {formatNumber(session.barsDone, 0)} of {formatNumber(session.barsTotal, 0)}
        </span>
        <div className="ft-grow">
          <Progress value={share} aria-label="Bars replayed" />
        </div>
        <span className="ft-dim">
          market time <Time ms={session.barTimeMs} />
        </span>
      </div>
      {session.error && <ErrorLine error={reportedError(session.error)} />}
    </div>
  );
}

function HashPair({ session, deployment }: SessionHeadProps) {
  const equal = deployment?.parameterHash === session.parameterHash;
  const Icon = equal ? IconEqual : IconEqualNot;
  return (
    <span className="ft-cell-line" data-testid="live-hash" data-equal={deployment ? equal : 'unknown'}>
      <ParameterHash hash={session.parameterHash} />
      {deployment && (
        <span className={equal ? 'ft-cell-line ft-ok' : 'ft-cell-line ft-bad'}>
          <Icon size={13} aria-hidden />
          {equal ? 'deployment' : 'not the deployment’s'}
        </span>
      )}
    </span>
  );
}

function Controls({ session }: { readonly session: SessionDto }) {
  const [error, setError] = useState<unknown>();
  const confirm = useConfirm();
  const input = { sessionId: session.id };
  const act = (action: () => Promise<void>) => {
    setError(undefined);
    action().then(() => invalidate('live.list'), setError);
  };
  const stop = async () => {
    const { position } = session;
    const sure =
      position === undefined ||
      (await confirm({
        title: 'Stop the session and leave the position open?',
        text: `${session.symbol} ${position.direction} ${formatNumber(position.volumeLots, 2, 2)} lots stays open on the ${session.badge} account, and this session no longer watches it. To close it as well, use Flatten & stop.`,
        confirmLabel: 'Stop, leave it open',
        cancelLabel: 'Keep running',
        danger: true,
        testId: 'live-stop-confirm',
      }));
    if (sure) act(() => rpc.live.stop(input));
  };
  if (!isOngoing(session.state)) return error === undefined ? null : <ErrorLine error={error} />;
  const waiting = session.state === 'stopping' || session.state === 'starting';
  return (
    <>
      {error !== undefined && <ErrorLine error={error} />}
      <span className="ft-dim ft-num" style={{ minWidth: 62, textAlign: 'right' }}>
        {session.speed > 0
          ? `${formatNumber(session.speed, 0)} ${session.speed === 1 ? 'bar' : 'bars'}/s`
          : 'full speed'}
      </span>
      <div style={{ width: 120 }}>
        <SpeedSlider
          speed={session.speed}
          onChange={(speed) => act(() => rpc.live.setSpeed({ ...input, speed }))}
        />
      </div>
      {session.state === 'paused' ? (
        <Button
          leftSection={<IconPlayerPlayFilled size={12} aria-hidden />}
          onClick={() => act(() => rpc.live.resume(input))}
          data-testid="live-resume"
        >
          Resume
        </Button>
      ) : (
        <Button
          leftSection={<IconPlayerPauseFilled size={12} aria-hidden />}
          onClick={() => act(() => rpc.live.pause(input))}
          disabled={waiting}
          data-testid="live-pause"
        >
          Pause
        </Button>
      )}
      <Button
        leftSection={<IconPlayerStopFilled size={12} aria-hidden />}
        onClick={() => void stop()}
        disabled={session.state === 'stopping'}
        data-testid="live-stop"
      >
        Stop
      </Button>
    </>
  );
}
