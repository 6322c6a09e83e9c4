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
import type { JobProgress } from '../../jobs/port.ts';
import { type EngineContext, submitJob } from '../context.ts';
import { forecastWindow } from '../forecast.ts';
import type { ImportPayload, ImportProgressData, ImportResultData } from '../jobs/import.ts';
import type { Implementer } from '../rpc.ts';

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

/** Runs the import in a worker and yields its progress; the data set is registered only when it is stored whole. */
async function* importHistory(
  context: EngineContext,
  input: ImportInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportEvent, void, void> {
  const job = submitJob(context, 'import', `Import ${input.symbol}`, payloadOf(context, input));
  const stop = (): void => void job.stop();
  signal?.addEventListener('abort', stop);
  const queue: JobProgress[] = [];
  let wake = (): void => undefined;
  job.subscribe((event) => {
    if (event.type === 'progress') queue.push(event.progress);
    wake();
  });
  let ended = false;
  void job.result
    .catch(() => undefined)
    .then(() => {
      ended = true;
      wake();
    });
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
    const { stored, quality, notes, format, zone } = (await job.result) as ImportResultData;
    const instrument = instrumentFor(stored.symbol);
    const dataset: DatasetDto = {
      ...stored,
      synthetic: instrument.synthetic,
      source: payloadName(input, context),
      format,
      zone,
      importedMs: context.clock.nowMs(),
      qualityScore: quality.score,
      issueCount: quality.issues.length,
      digits: instrument.digits,
      pipSize: instrument.pipSize,
    };
    context.stores.datasets.save({ dataset, quality, notes });
    context.hub.notify('data');
    yield { type: 'done', dataset, quality, notes };
  } finally {
    signal?.removeEventListener('abort', stop);
    if (input.source.kind === 'upload') context.uploads.remove(input.source.uploadId);
  }
}

function payloadName(input: ImportInput, context: EngineContext): string {
  if (input.source.kind === 'demo') return 'embedded demo market (SYNTHETIC)';
  return input.source.kind === 'path'
    ? input.source.path
    : context.uploads.take(input.source.uploadId).fileName;
}

export function dataHandlers(os: Implementer, context: EngineContext) {
  return {
    list: os.data.list.handler(() => context.stores.datasets.list()),
    upload: os.data.upload.handler(({ input }) =>
      context.uploads.receive(
        input.uploadId,
        input.fileName,
        input.offset,
        Buffer.from(input.base64, 'base64'),
      ),
    ),
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
      context.hub.notify('data');
    }),
  };
}
