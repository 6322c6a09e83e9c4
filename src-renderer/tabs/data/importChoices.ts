import { symbolSchema } from '../../../src-shared/contract/common.ts';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ColumnRole, Inspection, RowRepairs } from '../../../src-shared/contract/import.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { guessFromFileName } from './guess.ts';

/** What the user says about a file. Whatever is left open is what was detected. */
export interface Choices {
  readonly symbol: string;
  readonly timeframe: Timeframe | 'detect';
  /** Empty: what the file states, else UTC. */
  readonly zone: string;
  readonly priceSide: PriceSide | 'detect';
  /** Roles by column; absent: as detected. */
  readonly columns: readonly ColumnRole[] | undefined;
  readonly repairs: RowRepairs;
  /** What happens to a stored history of the same name; `auto` follows `suggestedMode`. */
  readonly mode: 'auto' | 'replace' | 'merge';
  /** A file inside an archive. */
  readonly entry: string | undefined;
}

export const NO_CHOICES: Choices = {
  symbol: '',
  timeframe: 'detect',
  zone: '',
  priceSide: 'detect',
  columns: undefined,
  repairs: {},
  mode: 'auto',
  entry: undefined,
};

/** Choices whose change makes another table of the file, so that it must be looked at again. */
const READ_WITH: ReadonlySet<keyof Choices> = new Set([
  'symbol',
  'timeframe',
  'zone',
  'priceSide',
  'columns',
  'entry',
]);

/** True when a change needs another look at the file. */
export function changesReading(change: Partial<Choices>): boolean {
  return Object.keys(change).some((key) => READ_WITH.has(key as keyof Choices));
}

/** What is sent along when a file is looked at. */
export function inspectOptions(c: Choices) {
  const symbol = symbolSchema.safeParse(c.symbol);
  return {
    ...(symbol.success ? { symbol: symbol.data } : {}),
    ...(c.timeframe === 'detect' ? {} : { timeframe: c.timeframe }),
    ...(c.zone === '' ? {} : { zone: c.zone }),
    ...(c.priceSide === 'detect' ? {} : { priceSide: c.priceSide }),
    ...(c.columns === undefined ? {} : { columns: [...c.columns] }),
  };
}

/** The choices after a file was looked at: what the user has not said is filled in. */
export function fillIn(c: Choices, touched: ReadonlySet<keyof Choices>, seen: Inspection): Choices {
  const name = guessFromFileName(c.entry ?? seen.fileName);
  const outer = guessFromFileName(seen.fileName);
  const symbol = seen.symbolGuess ?? name.symbol ?? outer.symbol ?? '';
  const side = seen.priceSideGuess ?? name.priceSide ?? outer.priceSide;
  const zone = seen.statedZone === null && seen.suggestedZone ? seen.suggestedZone.zone : '';
  return {
    ...c,
    symbol: touched.has('symbol') || symbol === '' ? c.symbol : symbol,
    priceSide: touched.has('priceSide') || side === undefined ? c.priceSide : side,
    zone: touched.has('zone') ? c.zone : zone,
  };
}

/** The timeframe of the bars that will be stored; undefined while nobody knows it. */
export function timeframeOf(c: Choices, seen: Inspection): Timeframe | undefined {
  if (c.timeframe !== 'detect') return c.timeframe;
  return seen.timeframe ?? (seen.content === 'ticks' ? 'M1' : undefined);
}

/** The stored history that the import would add to or replace. */
export function storedOf(
  c: Choices,
  seen: Inspection,
  datasets: readonly DatasetDto[],
): DatasetDto | undefined {
  const timeframe = timeframeOf(c, seen);
  const side = c.priceSide === 'detect' ? (seen.priceSideGuess ?? 'bid') : c.priceSide;
  const symbol = symbolSchema.safeParse(c.symbol);
  return datasets.find(
    (d) => symbol.success && d.symbol === symbol.data && d.timeframe === timeframe && d.priceSide === side,
  );
}

/** A file that reaches over the whole stored history takes its place; any other adds to it. */
export function suggestedMode(seen: Inspection, stored: DatasetDto | undefined): 'replace' | 'merge' {
  if (!stored || seen.firstMs === null || seen.lastMs === null) return 'replace';
  return seen.firstMs <= stored.fromMs && seen.lastMs >= stored.toMs ? 'replace' : 'merge';
}

/** Rows that cannot be stored as they are and that nothing was chosen for. */
export function undecided(c: Choices, seen: Inspection): Inspection['repairable'] {
  return seen.repairable.filter(({ kind, rows }) => rows > 0 && c.repairs[kind] === undefined);
}

/** What keeps a file that was looked at from being imported, in words; empty when nothing does. */
export function blockersOf(c: Choices, seen: Inspection): string[] {
  const blockers: string[] = [];
  if (c.symbol.trim() === '') blockers.push('Name the symbol.');
  else if (!symbolSchema.safeParse(c.symbol).success)
    blockers.push('A symbol has letters, digits, dot, dash or underscore, at most 24.');
  if (timeframeOf(c, seen) === undefined)
    blockers.push('Choose the timeframe: it cannot be told from the times.');
  const open = undecided(c, seen);
  const rows = open.reduce((sum, { rows: n }) => sum + n, 0);
  if (open.length > 0)
    blockers.push(
      `Choose what happens with ${rows === 1 ? '1 row' : `${rows} rows`} that cannot be stored as they are.`,
    );
  return blockers;
}

/**
 * What happens to a stored history when the file is confirmed now. A history that comes into being only afterwards,
 * by the file before in the same batch for instance, was not shown to the user: it is added to, never replaced.
 */
export function confirmedMode(
  c: Choices,
  seen: Inspection,
  stored: DatasetDto | undefined,
): 'replace' | 'merge' {
  if (c.mode !== 'auto') return c.mode;
  return stored ? suggestedMode(seen, stored) : 'merge';
}

/** What is sent to store the file. */
export function importOptions(
  c: Choices,
  seen: Inspection,
  stored: DatasetDto | undefined,
  mode: 'replace' | 'merge',
) {
  const repairs = Object.fromEntries(
    seen.repairable.flatMap(({ kind }) => {
      const repair = c.repairs[kind];
      return repair === undefined ? [] : [[kind, repair] as const];
    }),
  );
  const timeframe = timeframeOf(c, seen);
  return {
    ...inspectOptions(c),
    symbol: symbolSchema.parse(c.symbol),
    ...(timeframe === undefined || c.timeframe === 'detect' ? {} : { timeframe }),
    ...(Object.keys(repairs).length === 0 ? {} : { repairs }),
    ...(stored ? { mode } : {}),
  };
}
