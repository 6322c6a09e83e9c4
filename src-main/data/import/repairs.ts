import type { RowRepairs } from '../../../src-shared/contract/import.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { importError } from './errors.ts';
import type { Examined } from './examine.ts';
import type { RawRows, RowDefect } from './rawRows.ts';

export type RowRepair = RowRepairs[string];

const CELLS: readonly RowRepair[] = ['drop'];
/** What can be done to rows of each kind of defect. */
const CHOICES: Readonly<Record<string, readonly RowRepair[]>> = {
  duplicate_exact: ['keep-first', 'keep-last'],
  duplicate_conflict: ['keep-first', 'keep-last', 'drop'],
  out_of_order: ['move', 'drop'],
};
/** Of ticks nothing is kept for later, so a tick in the wrong place can only be left out. */
const TICK_CHOICES: readonly RowRepair[] = ['drop'];

export function choicesOf(kind: string, content: 'bars' | 'ticks'): readonly RowRepair[] {
  return content === 'ticks' ? TICK_CHOICES : (CHOICES[kind] ?? CELLS);
}

/** Rows of each kind of defect, in the order in which the kinds first occur. */
export function countKinds(
  defects: readonly RowDefect[],
  more: ReadonlyMap<string, number>,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of defects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const [kind, rows] of more) counts.set(kind, (counts.get(kind) ?? 0) + rows);
  return counts;
}

/**
 * Refuses a file unless every kind of its defects has a repair.
 * @throws FrontierError IMPORT_FAILED with the first defect that has none, and how many there are of each kind;
 *   BAD_INPUT for a repair that makes no sense for its kind
 */
export function checkRepairs(
  defects: readonly RowDefect[],
  counts: ReadonlyMap<string, number>,
  repairs: RowRepairs,
  content: 'bars' | 'ticks',
): void {
  for (const [kind, repair] of Object.entries(repairs)) {
    const choices = choicesOf(kind, content);
    if (choices.includes(repair)) continue;
    throw new FrontierError(
      'BAD_INPUT',
      `Rows of kind ${kind} cannot be repaired with ${repair}.`,
      `Choose ${choices.join(' or ')}.`,
    );
  }
  const first = defects.find((d) => repairs[d.kind] === undefined);
  if (!first) return;
  const left = [...counts].filter(([kind]) => repairs[kind] === undefined);
  const total = left.reduce((sum, [, rows]) => sum + rows, 0);
  const message = first.error.message.replace(/ Nothing was imported\.$/, '');
  const listed = left.map(([kind, rows]) => `${rows} ${kind}`).join(', ');
  const all = total > 1 ? ` In all ${total} rows cannot be stored as they are: ${listed}.` : '';
  const choices = left.map(([kind]) => `${kind}: ${choicesOf(kind, content).join(', ')}`).join('; ');
  throw importError(
    `${message}${all}`,
    `${first.error.hint ?? ''} Or say what to do with such rows (${choices}).`.trimStart(),
    first.error,
  );
}

/** Bars with the repairs done. */
export interface Repaired {
  readonly bars: BarColumns;
  /** One mark per bar; undefined where none is marked. */
  readonly marks: Uint8Array | undefined;
}

function pick(bars: BarColumns, rows: readonly number[]): BarColumns {
  const of = (column: Float64Array) => Float64Array.from(rows, (i) => column[i]!);
  const { timeMs, open, high, low, close, volume } = bars;
  return {
    timeMs: of(timeMs),
    open: of(open),
    high: of(high),
    low: of(low),
    close: of(close),
    volume: of(volume),
  };
}

/** Does what was chosen for each kind; call `checkRepairs` before. */
export function applyRepairs(
  raw: RawRows,
  { defects, sound, twins }: Examined,
  repairs: RowRepairs,
): Repaired {
  // Which row stands for the place of each: itself, or a duplicate that was preferred.
  const chosen = new Map(sound.map((row) => [row, row]));
  const moved = new Set<number>();
  for (const { kind, row } of defects) {
    const repair = repairs[kind];
    const twin = twins.get(row);
    if (kind === 'out_of_order' && repair === 'move') {
      moved.add(row);
      chosen.set(row, row);
    } else if (twin !== undefined && chosen.has(twin)) {
      if (repair === 'keep-last') chosen.set(twin, row);
      else if (repair === 'drop') chosen.delete(twin);
    }
  }
  const marked = new Set([...moved].flatMap((row) => chosen.get(row) ?? []));
  const all = [...chosen.values()].sort((a, b) => raw.bars.timeMs[a]! - raw.bars.timeMs[b]!);
  const bars = pick(raw.bars, all);
  if (marked.size === 0) return { bars, marks: undefined };
  return { bars, marks: Uint8Array.from(all, (row) => (marked.has(row) ? MARK.moved : MARK.none)) };
}
