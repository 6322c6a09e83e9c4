import { Loader } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { formatNumber } from '../../ui/format.ts';
import { useOnce } from '../../ui/once.ts';
import { rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import styles from './Live.module.css';

/** Whether the session did what the backtester would have done with the same bars. */
export function Adherence({ sessionId }: { readonly sessionId: string }) {
  const { data, error, reload } = useOnce('live.adherence', () => rpc.live.adherence({ sessionId }), [
    sessionId,
  ]);
  if (error !== undefined) return <ErrorLine error={error} onRetry={reload} />;
  if (!data) {
    return (
      <div className={styles.adherence} role="status">
        <Loader size={14} /> Replaying the session through the backtester…
      </div>
    );
  }
  return (
    <section className={styles.adherence} aria-label="Adherence" data-testid="live-adherence">
      <strong>Adherence to the backtester</strong>
      <Score name="Decisions" equal={data.decisionsEqual} compared={data.decisionsCompared} />
      <Score name="Fills" equal={data.fillsEqual} compared={data.fillsCompared} />
      {data.differences.length === 0 ? (
        <span className="ft-dim">no differences</span>
      ) : (
        <ul>
          {data.differences.map((difference) => (
            <li key={difference}>{difference}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface ScoreProps {
  readonly name: string;
  readonly equal: number;
  readonly compared: number;
}

function Score({ name, equal, compared }: ScoreProps) {
  const all = equal === compared;
  const Icon = all ? IconCircleCheck : IconCircleX;
  return (
    <span className="ft-cell-line">
      <span className={all ? 'ft-ok' : 'ft-bad'} style={{ display: 'inline-flex' }}>
        <Icon size={14} aria-hidden />
      </span>
      {name}: {formatNumber(equal, 0)} of {formatNumber(compared, 0)} equal
    </span>
  );
}
