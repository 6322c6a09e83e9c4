import type { TrainLogEntry } from '../../../src-shared/contract/training.ts';

export type LogChoice = 'all' | 'decisions' | 'warnings';

const SHOWN: Readonly<Record<LogChoice, ReadonlySet<TrainLogEntry['level']>>> = {
  all: new Set(['info', 'decision', 'warning', 'error']),
  decisions: new Set(['decision']),
  warnings: new Set(['warning', 'error']),
};

export interface LogLine extends TrainLogEntry {
  /** Place in the log, from 0. */
  readonly seq: number;
}

/** The entries of a kind whose topic or message holds the text, whatever its case. */
export function filterLog(log: readonly TrainLogEntry[], choice: LogChoice, text: string): LogLine[] {
  const wanted = text.trim().toLowerCase();
  return log
    .map((entry, seq) => ({ ...entry, seq }))
    .filter((e) => SHOWN[choice].has(e.level) && `${e.topic} ${e.message}`.toLowerCase().includes(wanted));
}

/** The lines as text, oldest first, times in UTC. */
export function logText(lines: readonly LogLine[]): string {
  return lines
    .toSorted((a, b) => a.seq - b.seq)
    .map(
      (l) =>
        `${new Date(l.timeMs).toISOString()} ${l.level.toUpperCase().padEnd(8)} ${l.topic}: ${l.message}\n`,
    )
    .join('');
}
