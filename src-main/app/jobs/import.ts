import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { QualityDto } from '../../../src-shared/contract/data.ts';
import type { ImportChoices } from '../../../src-shared/contract/import.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { demoMarketPath, loadDemoMarket } from '../../data/demoMarket.ts';
import { type ImportResult, importFile } from '../../data/importer.ts';
import { checkQuality } from '../../data/quality.ts';
import type { JobContext } from '../../jobs/port.ts';
import { resourcesDir } from '../../ops/paths.ts';
import { BarStore, type MergedDataset, type SavedDataset } from '../../store/bars.ts';
import { homePaths } from '../context.ts';

/** A file for a worker to look at or to store. */
export interface FilePayload extends Omit<ImportChoices, 'symbol'> {
  readonly home: string;
  readonly source:
    | {
        readonly kind: 'path';
        readonly path: string;
        readonly fileName?: string | undefined;
        readonly entry?: string | undefined;
      }
    | { readonly kind: 'demo' };
  readonly sourceName: string;
}

export interface ImportPayload extends FilePayload {
  readonly symbol: string;
}

export interface ImportProgressData {
  readonly stage: 'reading' | 'checking' | 'storing';
  readonly rows: number;
}

export interface ImportResultData {
  /** A merge also says how many bars were new. */
  readonly stored: SavedDataset | MergedDataset;
  readonly quality: QualityDto;
  readonly notes: string[];
  readonly format: string;
  readonly zone: string;
  /** Bars of the file, before they were merged with others. */
  readonly bars: number;
  readonly repaired: ImportResult['repaired'];
}

type Read = Omit<ImportResult, 'instrument' | 'rows'> & { readonly symbol: string };

async function readDemo(): Promise<Read> {
  const { bars, instrument, timeframe, notes } = await loadDemoMarket(
    demoMarketPath(pathToFileURL(`${resourcesDir()}/`)),
  );
  return {
    symbol: instrument.symbol,
    bars,
    marks: undefined,
    timeframe,
    priceSide: 'bid',
    format: 'generated',
    zone: 'UTC',
    notes: [...notes, 'SYNTHETIC: generated data, no real market.'],
    repaired: { counts: {}, rows: [] },
  };
}

function tell(context: JobContext, fraction: number, stage: ImportProgressData['stage'], rows: number): void {
  context.report({ fraction, data: { stage, rows } satisfies ImportProgressData });
}

/** How often an import says how far it is: each message costs the reading a little. */
const TELL_EVERY_MS = 50;

/** What is unpacked lies with the uploads, which a start of the engine clears. */
export function fileOptions(payload: FilePayload, context: JobContext) {
  const { timeframe, zone, priceSide, columns, repairs, source, home } = payload;
  const file = source.kind === 'path' ? source : undefined;
  return {
    timeframe,
    zone,
    priceSide,
    columns,
    repairs,
    entry: file?.entry,
    fileName: file?.fileName,
    workFolder: join(homePaths.uploads(home), 'work'),
    signal: context.signal,
  };
}

async function read(payload: ImportPayload, context: JobContext): Promise<Read> {
  if (payload.source.kind === 'demo') return readDemo();
  let toldMs = 0;
  const options = { symbol: payload.symbol, ...fileOptions(payload, context) };
  const result = await importFile(payload.source.path, options, (p) => {
    const nowMs = performance.now();
    if (nowMs - toldMs < TELL_EVERY_MS) return;
    toldMs = nowMs;
    tell(context, p.totalBytes > 0 ? (0.7 * p.bytes) / p.totalBytes : 0, 'reading', p.rows);
  });
  return { ...result, symbol: result.instrument.symbol };
}

/** An upload lies under a temporary name that says nothing to the user; the message gets the file's own. */
export function namedAsGiven(error: unknown, { source, sourceName }: FilePayload): unknown {
  if (!(error instanceof FrontierError) || source.kind !== 'path' || !error.message.includes(source.path))
    return error;
  return new FrontierError(error.code, error.message.replaceAll(source.path, sourceName), error.hint, error);
}

function check(history: Read, bars: BarColumns, marks: Uint8Array | undefined): QualityDto {
  return checkQuality(bars, instrumentFor(history.symbol), history.timeframe, { marks });
}

/** The check needs nothing of the store: it goes on while DuckDB writes. */
async function replace(store: BarStore, history: Read) {
  const { symbol, timeframe, priceSide, bars, marks } = history;
  const saving = store.save({ symbol, timeframe, priceSide }, bars, { marks });
  // A failing check must not leave a save behind that nobody waits for.
  saving.catch(() => undefined);
  const quality = check(history, bars, marks);
  return { stored: await saving, quality };
}

async function merge(store: BarStore, history: Read) {
  const { symbol, timeframe, priceSide, bars, marks } = history;
  const stored = await store.merge({ symbol, timeframe, priceSide }, bars, { marks, onConflict: 'refuse' });
  const whole = await store.loadMarked(symbol, timeframe, {}, priceSide);
  return { stored, quality: check(history, whole.bars, whole.marks) };
}

/** Reads a file, checks it and stores it; whole or nothing. */
export async function importJob(payload: ImportPayload, context: JobContext): Promise<ImportResultData> {
  const history = await read(payload, context).catch((error: unknown) => {
    throw namedAsGiven(error, payload);
  });
  const bars = history.bars.timeMs.length;
  context.signal.throwIfAborted();
  tell(context, 0.75, 'storing', bars);
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const { stored, quality } = await (payload.mode === 'merge' ? merge : replace)(store, history);
    const { notes, format, zone, repaired } = history;
    return { stored, quality, notes, format, zone, bars, repaired };
  } finally {
    await store.close();
  }
}
