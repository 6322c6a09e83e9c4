import type { LogRow } from '../../../src-shared/contract/live.ts';

export type LogLevel = LogRow['level'];
const RANK: Readonly<Record<LogLevel, number>> = { info: 0, warning: 1, error: 2 };

/** Rows of at least a level whose message holds the text, whatever its case. */
export function filterLog(rows: readonly LogRow[], least: LogLevel, text: string): LogRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter((row) => RANK[row.level] >= RANK[least] && row.message.toLowerCase().includes(wanted));
}

/** The rows as text, one per line, oldest first, times in UTC. */
export function logText(rows: readonly LogRow[]): string {
  const lines = rows
    .toSorted((a, b) => a.seq - b.seq)
    .map(
      (row) => `${new Date(row.timeMs).toISOString()} ${row.level.toUpperCase().padEnd(7)} ${row.message}`,
    );
  return lines.map((line) => `${line}\n`).join('');
}
