import type { DatasetDto, ImportEvent } from '../../../src-shared/contract/data.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import type { JobHandle, JobProgress } from '../../jobs/port.ts';
import { type EngineContext, submitJob } from '../context.ts';
import { dropForecastCache } from '../forecast.ts';
import type { ImportPayload, ImportProgressData, ImportResultData } from '../jobs/import.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

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

/** Files that are brought, looked at and stored. */
export function importHandlers(os: Implementer, context: EngineContext) {
  return {
    upload: os.data.upload.handler(({ input }) =>
      context.uploads.receive(input.uploadId, input.fileName, input.offset, bytesOf(input.base64)),
    ),
    discard: os.data.discard.handler(({ input }) => context.uploads.remove(input.uploadId)),
    inspect: os.data.inspect.handler(() => pending()),
    import: os.data.import.handler(({ input, signal }) => importHistory(context, input, signal)),
  };
}
