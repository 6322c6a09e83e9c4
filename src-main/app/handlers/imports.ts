import type { ImportEvent } from '../../../src-shared/contract/data.ts';
import type { ImportChoices, ImportSource, Inspection } from '../../../src-shared/contract/import.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { JobHandle, JobProgress } from '../../jobs/port.ts';
import { type EngineContext, runJob, submitJob } from '../context.ts';
import { recordChange, withHistoryLock } from '../histories.ts';
import type { FilePayload, ImportPayload, ImportProgressData, ImportResultData } from '../jobs/import.ts';
import type { Implementer } from '../rpc.ts';

type ImportInput = ImportChoices & { readonly source: ImportSource };

/** What a worker needs to find the bytes. */
function sourceOf(
  context: EngineContext,
  source: ImportSource,
): Pick<FilePayload, 'home' | 'source' | 'sourceName'> {
  const { home } = context;
  if (source.kind === 'demo')
    return { home, source: { kind: 'demo' }, sourceName: 'embedded demo market (SYNTHETIC)' };
  const { entry } = source;
  const named = (name: string): string => (entry === undefined ? name : `${name}: ${entry}`);
  if (source.kind === 'path')
    return { home, source: { kind: 'path', path: source.path, entry }, sourceName: named(source.path) };
  const { path, fileName } = context.uploads.take(source.uploadId);
  return { home, source: { kind: 'path', path, fileName, entry }, sourceName: named(fileName) };
}

function summaryOf(
  input: ImportInput,
  { stored, bars, repaired }: ImportResultData,
  sourceName: string,
): string {
  const { symbol, timeframe, priceSide } = stored;
  const done = input.mode === 'merge' ? 'Added' : 'Imported';
  const rows = Object.values(repaired.counts).reduce((sum, n) => sum + n, 0);
  const fixed = rows > 0 ? ` ${rows} ${rows === 1 ? 'row was' : 'rows were'} repaired.` : '';
  const added = 'addedBars' in stored && stored.addedBars < bars ? `${stored.addedBars} of ` : '';
  return `${done} ${added}${bars} bars of ${symbol} ${timeframe} ${priceSide} from ${sourceName}.${fixed}`;
}

/**
 * Registers what an import stored. It does not depend on the caller: one that goes away at the last moment must not
 * leave bars that no list names.
 */
function register(
  context: EngineContext,
  input: ImportInput,
  result: ImportResultData,
  sourceName: string,
  startedMs: number,
): Extract<ImportEvent, { type: 'done' }> {
  const { stored, quality, notes, format, zone, bars, repaired } = result;
  const { repairs = {}, mode = 'replace' } = input;
  const { dataset } = recordChange(context, {
    kind: 'import',
    summary: summaryOf(input, result, sourceName),
    detail: { source: sourceName, format, zone, mode, bars, repairs, repaired },
    stored,
    quality,
    notes,
    source: sourceName,
    format,
    zone,
  });
  return { type: 'done', dataset, quality, notes, seconds: (context.clock.nowMs() - startedMs) / 1000 };
}

/** Events of one import for the one who waits for them. */
class ProgressQueue {
  readonly #queue: JobProgress[] = [];
  #ended = false;
  #wake = (): void => undefined;

  watch(job: JobHandle): void {
    job.subscribe((event) => {
      if (event.type === 'progress') this.#queue.push(event.progress);
      this.#wake();
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  async *events(): AsyncGenerator<ImportEvent, void, void> {
    while (!this.#ended || this.#queue.length > 0) {
      const progress = this.#queue.shift();
      if (progress) {
        const { stage, rows } = progress.data as ImportProgressData;
        yield { type: 'progress', stage, rows, fraction: progress.fraction };
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.#ended || this.#queue.length > 0) resolve();
      });
    }
  }
}

/** Runs the import in a worker and yields its progress; a caller that goes away stops it. */
async function* importHistory(
  context: EngineContext,
  input: ImportInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportEvent, void, void> {
  const startedMs = context.clock.nowMs();
  const { source, ...choices } = input;
  const payload: ImportPayload = { ...choices, ...sourceOf(context, source) };
  const queue = new ProgressQueue();
  const gone = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, gone.signal]) : gone.signal;
  const registered = withHistoryLock(context, input.symbol, async () => {
    if (stopped.aborted) throw new FrontierError('CANCELLED', 'The import was cancelled before it began.');
    const job = submitJob(context, 'import', `Import ${input.symbol}`, payload);
    const stop = (): void => void job.stop();
    stopped.addEventListener('abort', stop);
    queue.watch(job);
    try {
      const result = (await job.result) as ImportResultData;
      return register(context, input, result, payload.sourceName, startedMs);
    } finally {
      stopped.removeEventListener('abort', stop);
    }
  }).finally(() => {
    if (source.kind === 'upload') context.uploads.remove(source.uploadId);
    queue.end();
  });
  // Whoever waits for the end below hears of a failure; where nobody does any more, nobody is to be told.
  registered.catch(() => undefined);
  try {
    yield* queue.events();
    yield await registered;
  } finally {
    if (!queue.hasEnded) gone.abort();
  }
}

/** Looks at a file in a worker; an upload stays, to be imported next. */
async function inspect(
  context: EngineContext,
  input: Omit<ImportChoices, 'symbol'> & {
    readonly symbol?: string | undefined;
    readonly source: ImportSource;
  },
  signal: AbortSignal | undefined,
): Promise<Inspection> {
  const { source, ...choices } = input;
  const payload = { ...choices, ...sourceOf(context, source) };
  return runJob<Inspection>(context, 'inspect', `Look at ${payload.sourceName}`, payload, signal);
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
    inspect: os.data.inspect.handler(({ input, signal }) => inspect(context, input, signal)),
    import: os.data.import.handler(({ input, signal }) => importHistory(context, input, signal)),
  };
}
