import { formatBytes } from '../../ui/format.ts';

interface MemoryBarProps {
  readonly label: string;
  readonly usedBytes: number;
  readonly ofBytes: number;
  readonly tone: 'ok' | 'warn' | 'bad' | 'dim';
  /** Draws a line at nine tenths. */
  readonly marked?: boolean;
}

/** How much of a memory is taken. */
export function MemoryBar({ label, usedBytes, ofBytes, tone, marked = false }: MemoryBarProps) {
  const share = ofBytes > 0 ? usedBytes / ofBytes : 0;
  return (
    <span
      className="ft-memory"
      role="img"
      aria-label={`${label}: ${formatBytes(usedBytes)} of ${formatBytes(ofBytes)}`}
    >
      <span
        className={`ft-memory-fill ft-bg-${tone}`}
        style={{ width: `${Math.min(100, Math.max(0.7, 100 * share))}%` }}
      />
      {marked && <span className="ft-memory-mark" title="90 %: above this the run is warned of" />}
    </span>
  );
}
