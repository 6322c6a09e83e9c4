import { FrontierError } from '../../../src-shared/errors.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { AnyTimeframe, Timeframe } from '../../../src-shared/market/timeframes.ts';
import { resolveUserPath } from '../home.ts';
import type { CommonOptions } from '../options.ts';
import { day, num, table } from '../output.ts';
import { timeframeOf, withEngine } from './common.ts';
import { qualityOutput, qualityText } from './qualityOutput.ts';

export async function dataList(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => ({ datasets: await client.data.list() }),
    ({ datasets }) =>
      datasets.length === 0
        ? 'No history yet. Bring some with `frontier import FILE --symbol S`, or `frontier import demo`.'
        : table(
            datasets.map((d) => [
              d.symbol,
              d.timeframe,
              d.bars,
              day(d.fromMs),
              day(d.toMs),
              d.priceSide,
              `quality ${num(d.qualityScore, 0)}`,
              d.synthetic ? 'SYNTHETIC' : '',
            ]),
          ),
  );
}

/** Names a stored history on the command line. */
export interface HistoryOptions extends CommonOptions {
  readonly side?: PriceSide | undefined;
}

const refOf = (symbol: string, timeframe: string, side: PriceSide | undefined) => ({
  symbol,
  timeframe: timeframeOf(timeframe),
  ...(side === undefined ? {} : { priceSide: side }),
});

/** What the check of a stored history found, in the same shape as of a file. */
export async function dataQuality(symbol: string, timeframe: string, options: HistoryOptions): Promise<void> {
  await withEngine(
    options,
    ({ client }) => client.data.quality(refOf(symbol, timeframe, options.side)),
    (quality) => qualityText(quality),
    qualityOutput,
  );
}

export async function dataRemove(symbol: string, timeframe: string, options: HistoryOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      const { changeId } = await client.data.remove(refOf(symbol, timeframe, options.side));
      return { removed: { symbol: symbol.toUpperCase(), timeframe: timeframeOf(timeframe) }, changeId };
    },
    ({ removed, changeId }) =>
      `Removed ${removed.symbol} ${removed.timeframe}. Bring it back with \`frontier data undo ${changeId}\`.`,
  );
}

export async function dataChanges(
  symbol: string | undefined,
  options: HistoryOptions & { readonly timeframe?: Timeframe | undefined; readonly limit: number },
): Promise<void> {
  const { timeframe, side, limit } = options;
  await withEngine(
    options,
    async ({ client }) => ({
      changes: await client.data.changes({ symbol, timeframe, priceSide: side, limit }),
    }),
    ({ changes }) =>
      changes.length === 0
        ? 'No history was changed yet.'
        : table(
            changes.map((c) => [
              c.id,
              new Date(c.madeMs).toISOString().slice(0, 16).replace('T', ' '),
              c.kind,
              c.summary,
              c.undoneMs === null ? (c.undoable ? 'can be taken back' : '') : 'taken back',
            ]),
          ),
  );
}

export async function dataUndo(changeId: string, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => ({ dataset: await client.data.undo({ changeId }) }),
    ({ dataset: d }) =>
      d === null
        ? 'Taken back. There was no such history before.'
        : `Taken back: ${d.symbol} ${d.timeframe} ${d.priceSide} has ${d.bars} bars again, ${day(d.fromMs)} to ${day(d.toMs)} UTC.`,
  );
}

export async function dataResample(
  symbol: string,
  timeframe: string,
  target: string,
  options: HistoryOptions,
): Promise<void> {
  await withEngine(
    options,
    ({ client, signal }) =>
      client.data.resample(
        { ...refOf(symbol, timeframe, options.side), target: timeframeOf(target) },
        { signal },
      ),
    ({ dataset: d }) =>
      `${d.symbol} ${d.timeframe} ${d.priceSide}: ${d.bars} bars, ${day(d.fromMs)} to ${day(d.toMs)} UTC, ${d.source}`,
  );
}

/** An instant of the user's: a day or a time in ISO 8601, UTC where no zone is stated. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const isIso = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text);
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10));
  const timeMs = isIso
    ? Date.parse(`${text.replace(' ', 'T')}${text.length > 10 && !hasZone ? 'Z' : ''}`)
    : Number.NaN;
  if (Number.isFinite(timeMs)) return timeMs;
  throw new FrontierError(
    'BAD_INPUT',
    `"${text}" is no day or time.`,
    'Write it as 2024-03-01 or 2024-03-01T14:30Z.',
  );
}

export interface ExportOptions extends HistoryOptions {
  readonly as?: AnyTimeframe | undefined;
  readonly format?: 'csv' | 'parquet' | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly overwrite?: boolean | undefined;
}

export async function dataExport(
  symbol: string,
  timeframe: string,
  file: string,
  options: ExportOptions,
): Promise<void> {
  const path = resolveUserPath(file);
  const format = options.format ?? (/\.parquet$/i.test(path) ? 'parquet' : 'csv');
  const input = {
    ...refOf(symbol, timeframe, options.side),
    as: options.as,
    format,
    fromMs: instantOf(options.from),
    toMs: instantOf(options.to),
    path,
    overwrite: options.overwrite === true,
  };
  await withEngine(
    options,
    async ({ client, signal }) => {
      const { exportId: _, ...written } = await client.data.export(input, { signal });
      return { ...written, format };
    },
    (written) => `${written.path}: ${written.bars} bars, ${written.bytes} bytes.`,
  );
}
