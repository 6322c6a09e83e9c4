import { lstat, mkdir, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import type { DatasetRef } from '../../src-shared/contract/data.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { AnyTimeframe } from '../../src-shared/market/timeframes.ts';
import { type EngineContext, homePaths, runJob } from './context.ts';
import { historyOf } from './histories.ts';
import type { ExportPayload, ExportResultData } from './jobs/export.ts';

const PIECE_BYTES = 1_048_576;
/** Files made for fetching are kept for so long. */
const KEPT_MS = 86_400_000;

interface ExportInput extends DatasetRef {
  readonly as?: AnyTimeframe | undefined;
  readonly format: 'csv' | 'parquet';
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly path?: string | undefined;
  readonly overwrite: boolean;
}

/** Where the user's own file goes. The data folder's files are not to be written over, however they are named. */
async function userPath(home: string, path: string): Promise<string> {
  if (!isAbsolute(path)) {
    throw new FrontierError('BAD_INPUT', `${path} is not a full path.`, 'Name the file with its folder.');
  }
  const folder = await realpath(dirname(path)).catch((cause: unknown) => {
    throw new FrontierError(
      'NOT_FOUND',
      `There is no folder ${dirname(path)}.`,
      'Make it, or choose another.',
      cause,
    );
  });
  const own = await realpath(home);
  if (folder === own || folder.startsWith(own + sep)) {
    throw new FrontierError(
      'REFUSED',
      'Files cannot be exported into the data folder.',
      'Choose a folder outside it.',
    );
  }
  const file = join(folder, basename(path));
  // Finished files are renamed into place, which would put one in the place of a device or a pipe too.
  const there = await lstat(file).catch(() => undefined);
  if (there && !there.isFile() && !there.isSymbolicLink())
    throw new FrontierError('BAD_INPUT', `${path} is no file.`, 'Name a file to write.');
  return file;
}

async function removeOld(folder: string, nowMs: number): Promise<void> {
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    if (nowMs - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

async function ownPath(context: EngineContext, exportId: string, name: string): Promise<string> {
  const root = homePaths.exports(context.home);
  await mkdir(join(root, exportId), { recursive: true });
  await removeOld(root, context.clock.nowMs());
  return join(root, exportId, name);
}

/**
 * Writes a history to the user's file, or to one under `exports` that `readExport` gives out in pieces.
 * @throws FrontierError NOT_FOUND without the history or the folder, CONFLICT when the file exists, REFUSED inside
 *   the data folder, and as `exportJob`
 */
export async function exportHistory(
  context: EngineContext,
  input: ExportInput,
  signal: AbortSignal | undefined,
): Promise<{ exportId: string | null; path: string; bars: number; bytes: number }> {
  const { dataset } = historyOf(context, input.symbol, input.timeframe, input.priceSide);
  const { symbol, timeframe, priceSide } = dataset;
  const { as, format, fromMs, toMs, overwrite } = input;
  const name = `${symbol}_${as ?? timeframe}_${priceSide}.${format}`;
  const { exportId, path } = await outputPath(context, input.path, name);
  const payload: ExportPayload = {
    home: context.home,
    symbol,
    timeframe,
    priceSide,
    as,
    format,
    fromMs,
    toMs,
    path,
    overwrite,
  };
  const title = `Export ${symbol} ${as ?? timeframe}`;
  const { bars, bytes } = await runJob<ExportResultData>(context, 'export', title, payload, signal);
  return { exportId, path, bars, bytes };
}

/** Where a file goes: the user's own path, or one under `exports` that `readExport` gives out in pieces. */
export async function outputPath(
  context: EngineContext,
  path: string | undefined,
  name: string,
): Promise<{ exportId: string | null; path: string }> {
  if (path !== undefined) return { exportId: null, path: await userPath(context.home, path) };
  const exportId = context.ids.next('exp');
  return { exportId, path: await ownPath(context, exportId, name) };
}

/** A piece of an exported file, at most 1 MiB. @throws FrontierError NOT_FOUND, BAD_INPUT for an id that is none */
export async function readExport(
  home: string,
  exportId: string,
  offset: number,
): Promise<{ base64: string; total: number }> {
  if (!/^exp_[A-Za-z0-9]+$/.test(exportId)) {
    throw new FrontierError('BAD_INPUT', `${exportId} is no export.`, 'Export the history again.');
  }
  const folder = join(homePaths.exports(home), exportId);
  const name = (await readdir(folder).catch(() => [])).find((entry) => !entry.startsWith('.'));
  if (name === undefined) {
    throw new FrontierError('NOT_FOUND', `There is no export ${exportId}.`, 'Export the history again.');
  }
  const file = await open(join(folder, name), 'r');
  try {
    const { size } = await file.stat();
    const piece = Buffer.alloc(Math.max(0, Math.min(PIECE_BYTES, size - offset)));
    const { bytesRead } = await file.read(piece, 0, piece.length, offset);
    return { base64: piece.toString('base64', 0, bytesRead), total: size };
  } finally {
    await file.close();
  }
}
