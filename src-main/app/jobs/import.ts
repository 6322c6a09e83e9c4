import { pathToFileURL } from 'node:url';
import type { QualityDto } from '../../../src-shared/contract/data.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns, PriceSide } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { demoMarketPath, loadDemoMarket } from '../../data/demoMarket.ts';
import { importFile } from '../../data/importer.ts';
import { checkQuality } from '../../data/quality.ts';
import type { JobContext } from '../../jobs/port.ts';
import { resourcesDir } from '../../ops/paths.ts';
import { BarStore, type StoredDataset } from '../../store/bars.ts';
import { homePaths } from '../context.ts';

export interface ImportPayload {
  readonly home: string;
  readonly source:
    | { readonly kind: 'path'; readonly path: string; readonly fileName?: string | undefined }
    | { readonly kind: 'demo' };
  readonly sourceName: string;
  readonly symbol: string;
  readonly timeframe?: Timeframe | undefined;
  readonly zone?: string | undefined;
  readonly priceSide?: PriceSide | undefined;
}

export interface ImportProgressData {
  readonly stage: 'reading' | 'checking' | 'storing';
  readonly rows: number;
}

export interface ImportResultData {
  readonly stored: StoredDataset;
  readonly quality: QualityDto;
  readonly notes: string[];
  readonly format: string;
  readonly zone: string;
}

interface Read {
  readonly symbol: string;
  readonly bars: BarColumns;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  readonly format: string;
  readonly zone: string;
  readonly notes: string[];
}

async function readDemo(): Promise<Read> {
  const { bars, instrument, timeframe, notes } = await loadDemoMarket(
    demoMarketPath(pathToFileURL(`${resourcesDir()}/`)),
  );
  return {
    symbol: instrument.symbol,
    bars,
    timeframe,
    priceSide: 'bid',
    format: 'generated',
    zone: 'UTC',
    notes: [...notes, 'SYNTHETIC: generated data, no real market.'],
  };
}

function tell(context: JobContext, fraction: number, stage: ImportProgressData['stage'], rows: number): void {
  context.report({ fraction, data: { stage, rows } satisfies ImportProgressData });
}

async function read(payload: ImportPayload, context: JobContext): Promise<Read> {
  if (payload.source.kind === 'demo') return readDemo();
  const options = {
    symbol: payload.symbol,
    ...(payload.timeframe === undefined ? {} : { timeframe: payload.timeframe }),
    ...(payload.zone === undefined ? {} : { zone: payload.zone }),
    ...(payload.priceSide === undefined ? {} : { priceSide: payload.priceSide }),
    signal: context.signal,
  };
  const result = await importFile(payload.source.path, options, (p) =>
    tell(context, p.totalBytes > 0 ? (0.7 * p.bytes) / p.totalBytes : 0, 'reading', p.rows),
  );
  return { ...result, symbol: result.instrument.symbol };
}

/** An upload lies under a temporary name that says nothing to the user; the message gets the file's own. */
function namedAsGiven(error: unknown, { source, sourceName }: ImportPayload): unknown {
  if (!(error instanceof FrontierError) || source.kind !== 'path' || !error.message.includes(source.path))
    return error;
  return new FrontierError(error.code, error.message.replaceAll(source.path, sourceName), error.hint, error);
}

/** Reads a file, checks it and stores it; whole or nothing. */
export async function importJob(payload: ImportPayload, context: JobContext): Promise<ImportResultData> {
  const history = await read(payload, context).catch((error: unknown) => {
    throw namedAsGiven(error, payload);
  });
  const rows = history.bars.timeMs.length;
  tell(context, 0.75, 'checking', rows);
  const found = checkQuality(history.bars, instrumentFor(history.symbol), history.timeframe);
  const quality: QualityDto = { ...found, issuesLeftOut: 0 };
  context.signal.throwIfAborted();
  tell(context, 0.85, 'storing', rows);
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const { symbol, timeframe, priceSide } = history;
    const stored = await store.save({ symbol, timeframe, priceSide }, history.bars);
    return { stored, quality, notes: history.notes, format: history.format, zone: history.zone };
  } finally {
    await store.close();
  }
}
