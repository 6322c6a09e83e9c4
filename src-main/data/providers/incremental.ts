/** Asks a provider for what is missing, and for nothing else. */
import { FrontierError } from '../../../src-shared/errors.ts';
import { barCount } from '../../../src-shared/market/bars.ts';
import { type CheckedPage, PageCheck, type Span } from './pages.ts';
import type { BarRequest, HistoryProvider, ProviderIo } from './port.ts';

/** A page that is ready to be stored, and the stretch that is complete once it is. */
export interface FetchedPage extends CheckedPage {
  /** Add this to the stored spans together with the bars; a stretch without bars counts as known then. */
  readonly span: Span;
}

/** The given spans in order, overlapping and touching ones joined, empty ones left out. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  const ordered = spans.filter((s) => s.fromMs < s.toMs).sort((a, b) => a.fromMs - b.fromMs);
  for (const span of ordered) {
    const last = merged.at(-1);
    if (last === undefined || span.fromMs > last.toMs) merged.push(span);
    else if (span.toMs > last.toMs) merged[merged.length - 1] = { fromMs: last.fromMs, toMs: span.toMs };
  }
  return merged;
}

/** The parts of what is asked that no stored span covers, in order. */
export function missingSpans(stored: readonly Span[], asked: Span): Span[] {
  const missing: Span[] = [];
  let fromMs = asked.fromMs;
  for (const span of mergeSpans(stored)) {
    if (span.toMs <= fromMs) continue;
    if (span.fromMs >= asked.toMs) break;
    if (span.fromMs > fromMs) missing.push({ fromMs, toMs: span.fromMs });
    fromMs = span.toMs;
  }
  if (fromMs < asked.toMs) missing.push({ fromMs, toMs: asked.toMs });
  return missing;
}

/**
 * Fetches the missing parts of a request in time order, checked. The caller stores after every page, so that a
 * fetch that ends early, by an error or a kill, goes on where it stopped when it is started again.
 * @param stored what is already there; see `FetchedPage.span`
 * @throws FrontierError as `HistoryProvider.fetchBars` and `PageCheck.accept`
 */
export async function* fetchMissing(
  provider: HistoryProvider,
  request: BarRequest,
  stored: readonly Span[],
  io: ProviderIo,
): AsyncGenerator<FetchedPage, void, void> {
  let bars = 0;
  for (const span of missingSpans(stored, request)) {
    const part = { ...request, ...span };
    const check = new PageCheck(part, provider.name);
    let fromMs = span.fromMs;
    for await (const page of provider.fetchBars(part, io)) {
      const checked = check.accept(page);
      bars += barCount(checked.bars);
      yield { ...checked, span: { fromMs, toMs: page.coveredToMs } };
      fromMs = page.coveredToMs;
      io.onProgress?.({ kind: 'page', bars, coveredToMs: fromMs });
      if (io.signal.aborted) throw cancelled(provider);
    }
  }
}

/** One of several fetches that run side by side. */
export interface FetchTask {
  readonly request: BarRequest;
  readonly stored: readonly Span[];
}

/** How a task of `fetchAll` ended. */
export interface FetchResult {
  readonly task: FetchTask;
  /** What stopped it; the pages before were handed over. */
  readonly error?: unknown;
}

/**
 * Runs fetches of one provider side by side; its rate limit holds for all together. A symbol that fails does
 * not stop the others.
 * @param onPage stores the page; awaited, so that a slow disk slows the download down instead of filling memory
 * @param parallel tasks at a time
 */
export async function fetchAll(
  provider: HistoryProvider,
  tasks: readonly FetchTask[],
  ioOf: (task: FetchTask) => ProviderIo,
  onPage: (task: FetchTask, page: FetchedPage) => Promise<void>,
  parallel: number,
): Promise<FetchResult[]> {
  const results: FetchResult[] = new Array(tasks.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index]!;
      try {
        const pages = fetchMissing(provider, task.request, task.stored, ioOf(task));
        for await (const page of pages) await onPage(task, page);
        results[index] = { task };
      } catch (error) {
        results[index] = { task, error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(parallel, tasks.length)) }, work));
  return results;
}

function cancelled(provider: HistoryProvider): FrontierError {
  return new FrontierError(
    'CANCELLED',
    `The download from ${provider.name} was stopped.`,
    'Pages that were stored are kept.',
  );
}
