import { Button, Progress } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerStopFilled } from '@tabler/icons-react';
import { useState } from 'react';
import type { StudyDto } from '../../../src-shared/contract/optimize.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatDuration, formatNumber } from '../../ui/format.ts';
import { reportedError } from '../../ui/reported.ts';
import { rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import styles from './Optimise.module.css';
import { STATE_LABELS, stateClass } from './StudyList.tsx';

/** Whether the study still has something to do. */
export function isActive(study: StudyDto): boolean {
  return ['queued', 'running', 'paused', 'stopping'].includes(study.state);
}

/** Backtests that the study will have done: whole generations. */
export function plannedEvaluations(study: StudyDto): number {
  const { evaluations, population } = study.input;
  return Math.ceil(evaluations / population) * population;
}

/** What the study is doing, how far it is and how long still, and the buttons to hold or end it. */
export function StudyHead({ study }: { readonly study: StudyDto }) {
  const planned = plannedEvaluations(study);
  const front = study.trials.filter((t) => t.onFront).length;
  const share = planned > 0 ? Math.min(100, (100 * study.evaluations) / planned) : 0;
  const active = isActive(study);
  return (
    <div className={styles.head} data-testid="study-progress" data-state={study.state}>
      <div className={styles.headLine}>
        <span className={styles.headTitle}>
          {study.symbol} {study.timeframe}
        </span>
        {study.synthetic && <SyntheticBadge />}
        <span className={stateClass(study.state)}>{STATE_LABELS[study.state]}</span>
        <div className="ft-grow" />
        <StudyButtons study={study} />
      </div>
      <div className={styles.headLine}>
        <div className={styles.facts}>
          <span>
            <b>{formatNumber(study.evaluations, 0)}</b>
            <span className="ft-dim"> of {formatNumber(planned, 0)} evaluations</span>
          </span>
          <span>
            <b>{formatNumber(front, 0)}</b>
            <span className="ft-dim"> on the front</span>
          </span>
          <span>
            <b>{formatDuration(study.seconds * 1000)}</b>
            {active && study.etaMs !== undefined && (
              <span className="ft-dim">, {formatDuration(study.etaMs)} left</span>
            )}
          </span>
        </div>
        <div className="ft-grow">
          <Progress
            value={share}
            animated={study.state === 'running'}
            color={study.state === 'paused' ? 'yellow' : 'accent'}
            aria-label="Progress of the study"
          />
        </div>
      </div>
      {study.error && <ErrorLine error={reportedError(study.error)} />}
    </div>
  );
}

function StudyButtons({ study }: { readonly study: StudyDto }) {
  const [error, setError] = useState<unknown>();
  const input = { studyId: study.id };
  const act = (action: () => Promise<void>) => () => {
    setError(undefined);
    action().catch(setError);
  };
  if (!isActive(study)) return null;
  const stopping = study.state === 'stopping';
  return (
    <>
      {error !== undefined && <ErrorLine error={error} />}
      {study.state === 'paused' ? (
        <Button
          leftSection={<IconPlayerPlayFilled size={12} aria-hidden />}
          onClick={act(() => rpc.optimize.resume(input))}
          data-testid="study-resume"
        >
          Resume
        </Button>
      ) : (
        <Button
          leftSection={<IconPlayerPauseFilled size={12} aria-hidden />}
          onClick={act(() => rpc.optimize.pause(input))}
          disabled={stopping}
          data-testid="study-pause"
        >
          Pause
        </Button>
      )}
      <Button
        leftSection={<IconPlayerStopFilled size={12} aria-hidden />}
        onClick={act(() => rpc.optimize.stop(input))}
        disabled={stopping}
        title="Ends the study after this generation; what was found stays."
        data-testid="study-stop"
      >
        Stop
      </Button>
    </>
  );
}
