import type {
  BarColumnsDto,
  DatasetDto,
  ImportEvent,
  QualityDto,
} from '../../../src-shared/contract/data.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { JobHandle, JobProgress } from '../../jobs/port.ts';
import { type EngineContext, submitJob } from '../context.ts';
import { dropForecastCache, forecastWindow } from '../forecast.ts';
import type { ImportPayload, ImportProgressData, ImportResultData } from '../jobs/import.ts';
import type { Implementer } from '../rpc.ts';
import { fetchHandlers } from './fetch.ts';
import { historyHandlers } from './histories.ts';
import { pending } from './pending.ts';
import { qualityHandlers } from './quality.ts';

const columnsDto = (bars: BarColumns): BarColumnsDto => ({
  timeMs: Array.from(bars.timeMs),
  open: Array.from(bars.open),
  high: Array.from(bars.high),
  low: Array.from(bars.low),
  close: Array.from(bars.close),
  volume: Array.from(bars.volume),
});

/** The data set of a symbol and timeframe. @throws FrontierError NOT_FOUND */
export function datasetOf(
  context: EngineContext,
  symbol: string,
  timeframe: Timeframe,
): { dataset: DatasetDto; quality: QualityDto } {
  const record = context.stores.datasets.find(symbol, timeframe);
  if (record) return record;
  throw new FrontierError('NOT_FOUND', `There is no ${symbol} ${timeframe} history.`, 'Import it first.');
}

type ImportInput = Omit<ImportPayload, 'home' | 'source' | 'sourceName'> & {
  source: { kind: 'upload'; uploadId: string } | { kind: 'path'; path: string } | { kind: 'demo' };
};

function payloadOf(context: EngineContext, input: ImportInput): ImportPayload {
  const { source, ...rest } = input;
  const common = { ...rest, home: context.home };
  if (source.kind === 'demo')
    return { ...common, source: { kind: 'demo' }, sourceName: 'embedded demo market (SYNTHETIC)' };
  if (source.kind === 'path')
    return { ...common, source: { kind: 'path', path: source.path }, sourceName: source.path };
  const { path, fileName } = context.uploads.take(source.uploadId);
  return { ...common, source: { kind: 'path', path, fileName }, sourceName: fileName };
}

/**
 * Registers what an import stored. It does not depend on the caller: one that goes away at the last moment must not
 * leave bars that no list names.
 */
async function register(
  context: EngineContext,
  job: JobHandle,
  source: string,
  startedMs: number,
): Promise<Extract<ImportEvent, { type: 'done' }>> {
  const { stored, quality, notes, format, zone } = (await job.result) as ImportResultData;
  const instrument = instrumentFor(stored.symbol);
  const nowMs = context.clock.nowMs();
  const dataset: DatasetDto = {
    ...stored,
    synthetic: instrument.synthetic,
    source,
    format,
    zone,
    importedMs: nowMs,
    updatedMs: nowMs,
    qualityScore: quality.score,
    issueCount: quality.issues.length,
    digits: instrument.digits,
    pipSize: instrument.pipSize,
    markedBars: 0,
    providerId: null,
  };
  context.stores.datasets.save({ dataset, quality, notes });
  dropForecastCache();
  context.hub.notify('data');
  return { type: 'done', dataset, quality, notes, seconds: (nowMs - startedMs) / 1000 };
}

/** Runs the import in a worker and yields its progress; a caller that goes away stops it. */
async function* importHistory(
  context: EngineContext,
  input: ImportInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportEvent, void, void> {
  const startedMs = context.clock.nowMs();
  const payload = payloadOf(context, input);
  const job = submitJob(context, 'import', `Import ${input.symbol}`, payload);
  const queue: JobProgress[] = [];
  let ended = false;
  let wake = (): void => undefined;
  const stop = (): void => void job.stop();
  signal?.addEventListener('abort', stop);
  job.subscribe((event) => {
    if (event.type === 'progress') queue.push(event.progress);
    wake();
  });
  const registered = register(context, job, payload.sourceName, startedMs).finally(() => {
    if (input.source.kind === 'upload') context.uploads.remove(input.source.uploadId);
    ended = true;
    wake();
  });
  // Whoever waits for the end below hears of a failure; where nobody does any more, nobody is to be told.
  registered.catch(() => undefined);
  try {
    while (!ended || queue.length > 0) {
      const progress = queue.shift();
      if (progress) {
        const { stage, rows } = progress.data as ImportProgressData;
        yield { type: 'progress', stage, rows, fraction: progress.fraction };
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (ended || queue.length > 0) resolve();
        });
      }
    }
    yield await registered;
  } finally {
    signal?.removeEventListener('abort', stop);
    if (!ended) stop();
  }
}

/** The bytes of a piece. Node skips what is not base64, which would store another file than the one sent. */
function bytesOf(base64: string): Buffer {
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return Buffer.from(base64, 'base64');
  throw new FrontierError('BAD_INPUT', 'base64: This is not base64.', 'Choose the file again.');
}

export function dataHandlers(os: Implementer, context: EngineContext) {
  return {
    list: os.data.list.handler(() => context.stores.datasets.list()),
    upload: os.data.upload.handler(({ input }) =>
      context.uploads.receive(input.uploadId, input.fileName, input.offset, bytesOf(input.base64)),
    ),
    discard: os.data.discard.handler(({ input }) => context.uploads.remove(input.uploadId)),
    inspect: os.data.inspect.handler(() => pending()),
    import: os.data.import.handler(({ input, signal }) => importHistory(context, input, signal)),
    quality: os.data.quality.handler(
      ({ input }) => datasetOf(context, input.symbol, input.timeframe).quality,
    ),
    bars: os.data.bars.handler(async ({ input }) => {
      const { dataset } = datasetOf(context, input.symbol, input.timeframe);
      const bars = await (input.endMs === undefined
        ? context.bars.loadTail(input.symbol, input.timeframe, input.count)
        : context.bars.loadWindow(input.symbol, input.timeframe, input.endMs, input.count));
      return {
        bars: columnsDto(bars),
        firstMs: bars.timeMs[0] ?? null,
        lastMs: bars.timeMs.at(-1) ?? null,
        total: dataset.bars,
      };
    }),
    forecast: os.data.forecast.handler(({ input }) =>
      forecastWindow(context, input.modelId, input.endMs, input.count),
    ),
    remove: os.data.remove.handler(async ({ input }) => {
      datasetOf(context, input.symbol, input.timeframe);
      await context.bars.remove(input.symbol, input.timeframe);
      context.stores.datasets.remove(input.symbol, input.timeframe);
      dropForecastCache();
      context.hub.notify('data');
      return { changeId: context.ids.next('chg') };
    }),
    ...historyHandlers(os, context),
    ...qualityHandlers(os, context),
    fetch: fetchHandlers(os, context),
  };
}
