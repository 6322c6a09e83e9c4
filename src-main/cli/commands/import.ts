import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { ImportEvent } from '../../../src-shared/contract/data.ts';
import {
  COLUMN_ROLES,
  type ColumnRole,
  type ImportSource,
  ROW_REPAIRS,
  type RowRepairs,
} from '../../../src-shared/contract/import.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { guessSymbol } from '../../data/import/suggest.ts';
import { resolveUserPath } from '../home.ts';
import type { CommonOptions } from '../options.ts';
import { bodyOf, day, exitStatus, num } from '../output.ts';
import { type CommandTools, timeframeOf, withEngine } from './common.ts';
import { qualityOutput, qualityText } from './qualityOutput.ts';

export interface FileOptions extends CommonOptions {
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  readonly zone?: string | undefined;
  readonly side?: PriceSide | undefined;
  readonly columns?: string | undefined;
  readonly entry?: string | undefined;
}

export interface ImportOptions extends FileOptions {
  readonly repair?: readonly string[] | undefined;
  readonly merge?: boolean | undefined;
}

/** @throws FrontierError BAD_INPUT */
function columnsOf(text: string | undefined): ColumnRole[] | undefined {
  return text?.split(',').map((word) => {
    const role = COLUMN_ROLES.find((r) => r === word.trim().toLowerCase());
    if (role) return role;
    throw new FrontierError('BAD_INPUT', `"${word}" is no column.`, `Use ${COLUMN_ROLES.join(', ')}.`);
  });
}

/** Reads `kind=choice`. @throws FrontierError BAD_INPUT */
function repairsOf(words: readonly string[] | undefined): RowRepairs | undefined {
  if (!words) return undefined;
  const repairs: RowRepairs = {};
  for (const word of words) {
    const [kind, choice] = word.split('=');
    const repair = ROW_REPAIRS.find((r) => r === choice);
    if (!kind || !repair) {
      throw new FrontierError(
        'BAD_INPUT',
        `"${word}" is no repair.`,
        `Write KIND=CHOICE, for example duplicate_exact=keep-first; choices are ${ROW_REPAIRS.join(', ')}.`,
      );
    }
    repairs[kind] = repair;
  }
  return repairs;
}

/** What is said about a file, as the engine takes it: without what was left out. */
function choices(options: ImportOptions) {
  const all = {
    timeframe: options.timeframe,
    zone: options.zone,
    priceSide: options.side,
    columns: columnsOf(options.columns),
    repairs: repairsOf(options.repair),
    mode: options.merge ? ('merge' as const) : undefined,
  };
  return all;
}

function sourceOf(file: string, entry: string | undefined): ImportSource {
  if (file === 'demo') return { kind: 'demo' };
  return { kind: 'path', path: resolveUserPath(file), ...(entry === undefined ? {} : { entry }) };
}

function symbolOf(file: string, options: ImportOptions): string {
  const symbol = options.symbol ?? (file === 'demo' ? 'SYNFX' : guessSymbol(basename(file)));
  if (symbol) return symbol;
  throw new FrontierError(
    'BAD_INPUT',
    `Which symbol is ${file}?`,
    'Add --symbol, for example --symbol EURUSD.',
  );
}

type Done = Extract<ImportEvent, { type: 'done' }>;

async function importOne(
  tools: CommandTools,
  file: string,
  symbol: string,
  options: ImportOptions,
): Promise<Done> {
  const { client, progress, signal } = tools;
  const input = { source: sourceOf(file, options.entry), symbol, ...choices(options) };
  for await (const event of await client.data.import(input, { signal })) {
    if (event.type === 'done') return event;
    progress.update(file, event.fraction * 0.99, `${event.stage} ${event.rows} rows`);
  }
  throw new FrontierError('IMPORT_FAILED', 'The import ended without a result.');
}

/** Imports a file that a model is to be trained on, replacing what is stored of it. */
export async function importForTraining(
  tools: CommandTools,
  file: string,
  options: Pick<FileOptions, 'symbol' | 'zone'> & { readonly timeframe?: string | undefined },
): Promise<{ symbol: string; timeframe: string }> {
  const timeframe = options.timeframe === undefined ? undefined : timeframeOf(options.timeframe);
  const chosen: ImportOptions = {
    home: '',
    json: true,
    symbol: options.symbol,
    zone: options.zone,
    timeframe,
  };
  const { dataset } = await importOne(tools, file, symbolOf(file, chosen), chosen);
  return { symbol: dataset.symbol, timeframe: dataset.timeframe };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');

/** The figures of an import for machines. */
function outputOf({ dataset, quality, notes, seconds }: Done) {
  return {
    rows: dataset.bars,
    first: iso(dataset.fromMs),
    last: iso(dataset.toMs),
    format: dataset.format,
    zone: dataset.zone,
    seconds,
    dataset,
    quality: { score: quality.score, issues: quality.issues },
    notes,
  };
}

type Output = ReturnType<typeof outputOf>;

function textOf({ dataset: d, quality, notes, seconds }: Output): string {
  return [
    `${d.symbol} ${d.timeframe}${d.synthetic ? ' [SYNTHETIC]' : ''}: ${d.bars} bars, ${day(d.fromMs)} to ${day(d.toMs)} UTC (${d.format}, ${d.zone}), ${num(seconds, 1)} s`,
    `quality ${num(quality.score, 0)}/100, ${quality.issues.length} findings`,
    ...quality.issues.slice(0, 10).map((i) => `  ${i.severity.padEnd(8)} ${day(i.timeMs)}  ${i.message}`),
    ...notes,
  ].join('\n');
}

type FileResult = { readonly file: string } & (
  | Output
  | { readonly error: ReturnType<typeof bodyOf>; readonly status: number }
);

/** One file after the other; one that fails does not stop the rest. */
async function importSeveral(tools: CommandTools, files: readonly string[], options: ImportOptions) {
  const results: FileResult[] = [];
  for (const file of files) {
    try {
      tools.signal.throwIfAborted();
      const done = await importOne(tools, file, symbolOf(file, options), options);
      results.push({ file, ...outputOf(done) });
    } catch (error) {
      results.push({ file, error: bodyOf(error), status: exitStatus(error) });
    }
  }
  return { files: results, failed: results.filter((r) => 'error' in r).length };
}

/**
 * `frontier data import FILE…`. Several files are of one symbol, or of the symbols that their names tell.
 * @throws FrontierError what the engine refuses one file for; of several the first failure is the exit status
 */
export async function importCommand(files: readonly string[], options: ImportOptions): Promise<void> {
  const [file] = files;
  if (files.length === 1 && file !== undefined) {
    const symbol = symbolOf(file, options);
    const run = async (tools: CommandTools) => outputOf(await importOne(tools, file, symbol, options));
    await withEngine(options, run, textOf);
    return;
  }
  const line = (result: FileResult): string =>
    `${result.file}: ${'error' in result ? `${result.error.message} ${result.error.hint ?? ''}` : textOf(result)}`;
  await withEngine(
    options,
    async (tools) => {
      const all = await importSeveral(tools, files, options);
      const first = all.files.find((r) => 'error' in r);
      if (first && 'error' in first) process.exitCode = first.status;
      return all;
    },
    ({ files: all, failed }) =>
      [...all.map(line), ...(failed > 0 ? [`${failed} of ${all.length} failed.`] : [])].join('\n'),
  );
}

/** Whether an argument of `data quality` names a file. */
export function isFile(argument: string): boolean {
  return /[\\/.]/.test(argument) || existsSync(resolveUserPath(argument));
}

/** `frontier data quality FILE`: the check of a file that is not stored, line by line. */
export async function fileQuality(file: string, options: FileOptions): Promise<void> {
  const { timeframe, zone, priceSide, columns } = choices(options);
  const said = { source: sourceOf(file, options.entry), timeframe, zone, priceSide, columns };
  const input = { ...said, ...(options.symbol === undefined ? {} : { symbol: options.symbol }) };
  await withEngine(
    options,
    ({ client, signal }) => client.data.inspect(input, { signal }),
    ({ format, zone: read, quality, notes }) =>
      [`${format}, ${read}`, qualityText(quality), ...notes].join('\n'),
    ({ quality }) => qualityOutput(quality),
  );
}
