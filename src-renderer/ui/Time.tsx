import { usePreferences } from '../state/preferences.ts';
import { formatTime, formatUtc, type TimeOptions, UNKNOWN } from './format.ts';

interface TimeProps extends Omit<TimeOptions, 'zone'> {
  readonly ms: number | null | undefined;
}

/** A moment in the chosen zone; hovering shows UTC. */
export function Time({ ms, ...options }: TimeProps) {
  const zone = usePreferences((p) => p.zone);
  if (typeof ms !== 'number' || !Number.isFinite(ms)) return <span>{UNKNOWN}</span>;
  return (
    <time className="ft-num" dateTime={new Date(ms).toISOString()} title={formatUtc(ms)}>
      {formatTime(ms, { ...options, zone })}
    </time>
  );
}
