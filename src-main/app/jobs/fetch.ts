/** Downloads histories in a worker: several side by side, stored as they come, each as far as it got. */
import type { QualityDto } from '../../../src-shared/contract/data.ts';
import { type ErrorBody, errorBody, FrontierError } from '../../../src-shared/errors.ts';
import { type BarColumns, barCount, type PriceSide } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { Clock } from '../../../src-shared/runtime.ts';
import { type FetchedPage, fetchMissing } from '../../data/providers/incremental.ts';
import {
  type BarRequest,
  type HistoryProvider,
  KeysExpired,
  type ProviderProgress,
} from '../../data/providers/port.ts';
import { checkQuality } from '../../data/quality.ts';
import type { JobContext } from '../../jobs/port.ts';
import { BarStore, type StoredDataset } from '../../store/bars.ts';
import { homePaths } from '../context.ts';
import { joinBars, PageBuffer } from '../fetchBuffer.ts';
import { systemClock } from '../ids.ts';
import { productIo, productProviders } from '../providers.ts';

/** Symbols side by side. What limits them is the provider's own pace. */
const PARALLEL = 4;
/** Between two reports of the same task. */
const REPORT_MS = 150;

/** One history to complete. */
export interface FetchTaskPayload {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  readonly fromMs: number;
  readonly toMs: number;
  /** Hash of the history that the catalogue names; null for none. What is stored beyond it wants to be known. */
  readonly knownHash: string | null;
}

export interface FetchPayload {
  readonly home: string;
  readonly providerId: string;
  readonly tasks: readonly FetchTaskPayload[];
  /** Secrets by name: they come over the process's own channel, never by argument, environment or file. */
  readonly keys: Readonly<Record<string, string>>;
}

/** How a task ended. */
export interface FetchTaskEnd {
  readonly state: 'done' | 'failed' | 'stopped';
  readonly error?: ErrorBody | undefined;
  /** The keys ran out: with renewed ones it can go on. */
  readonly keysExpired?: boolean | undefined;
}

/** What a task tells on its way. */
export type FetchEvent =
  | { readonly type: 'at'; readonly task: number; readonly coveredToMs: number }
  | { readonly type: 'waiting'; readonly task: number; readonly message: string }
  /** A version is on the disk and wants to be known. */
  | {
      readonly type: 'stored';
      readonly task: number;
      readonly stored: StoredDataset;
      readonly quality: QualityDto;
      readonly addedBars: number;
      /** Bars that came and were there already, with these or other values: what is stored stays. */
      readonly keptBars: number;
      readonly missingBars: number;
    }
  | { readonly type: 'ended'; readonly task: number; readonly end: FetchTaskEnd };

/** Ends when every task has ended, each with its own success or failure. */
export async function fetchJob(payload: FetchPayload, context: JobContext): Promise<null> {
  const provider = productProviders().get(payload.providerId);
  const store = new BarStore(homePaths.bars(payload.home), () => systemClock.nowMs());
  const board = new Board(payload.tasks, context);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < payload.tasks.length; index = next++) {
      const task = new Download(provider, payload, index, store, board);
      board.report(index, { type: 'ended', task: index, end: await task.run() });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL, payload.tasks.length) }, work));
    return null;
  } finally {
    await store.close();
  }
}

/** Where the reports of all tasks go, and how far they are together. */
class Board {
  readonly context: JobContext;
  readonly #tasks: readonly FetchTaskPayload[];
  readonly #fractions: number[];

  constructor(tasks: readonly FetchTaskPayload[], context: JobContext) {
    this.context = context;
    this.#tasks = tasks;
    this.#fractions = tasks.map(() => 0);
  }

  report(index: number, event: FetchEvent): void {
    const { fromMs, toMs } = this.#tasks[index]!;
    if (event.type === 'at') this.#fractions[index] = (event.coveredToMs - fromMs) / (toMs - fromMs);
    if (event.type === 'ended') this.#fractions[index] = 1;
    const fraction = this.#fractions.reduce((sum, f) => sum + f, 0) / this.#fractions.length;
    this.context.report({ fraction, data: event });
  }
}

export interface FetchSpanPayload {
  readonly home: string;
  readonly providerId: string;
  readonly request: BarRequest;
  readonly keys: Readonly<Record<string, string>>;
}

export interface FetchSpanResult {
  readonly bars: BarColumns | null;
  readonly end: FetchTaskEnd;
}

/** Bars of a stretch, all or none, without storing them. */
export async function fetchSpanJob(payload: FetchSpanPayload, context: JobContext): Promise<FetchSpanResult> {
  const provider = productProviders().get(payload.providerId);
  const io = productIo({ keys: payload.keys, signal: context.signal });
  const pages: BarColumns[] = [];
  try {
    for await (const page of fetchMissing(provider, payload.request, [], io)) pages.push(page.bars);
    return { bars: joinBars(pages), end: { state: 'done' } };
  } catch (error) {
    return { bars: null, end: endOf(error) };
  }
}

function endOf(error: unknown): FetchTaskEnd {
  // Faults of ours go to the log whole; what crosses the boundary is their message.
  if (!(error instanceof FrontierError)) console.error(error);
  const body = errorBody(error);
  if (body.code === 'CANCELLED') return { state: 'stopped' };
  return { state: 'failed', error: body, keysExpired: error instanceof KeysExpired };
}

/** One history on its way. */
class Download {
  readonly #provider: HistoryProvider;
  readonly #task: FetchTaskPayload;
  readonly #payload: FetchPayload;
  readonly #index: number;
  readonly #store: BarStore;
  readonly #board: Board;
  readonly #clock: Clock = systemClock;
  readonly #buffer: PageBuffer;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #missingBars = 0;
  #isAnnounced = false;
  /** The version that this download made last: one step of the same change. */
  #supersede: string | undefined;

  constructor(
    provider: HistoryProvider,
    payload: FetchPayload,
    index: number,
    store: BarStore,
    board: Board,
  ) {
    this.#provider = provider;
    this.#payload = payload;
    this.#index = index;
    this.#task = payload.tasks[index]!;
    this.#store = store;
    this.#board = board;
    this.#buffer = new PageBuffer(this.#clock.nowMs());
  }

  /** Stores what came, whatever happens then. */
  async run(): Promise<FetchTaskEnd> {
    let end: FetchTaskEnd = { state: 'done' };
    try {
      await this.#download();
    } catch (error) {
      end = endOf(error);
    }
    try {
      await this.#flush();
    } catch (error) {
      return end.state === 'failed' ? end : endOf(error);
    }
    return end.state === 'done' ? await this.#checkBrought() : end;
  }

  async #download(): Promise<void> {
    const { symbol, timeframe, priceSide } = this.#task;
    if (this.#board.context.signal.aborted) throw new FrontierError('CANCELLED', 'The download was stopped.');
    const stored = await this.#store.find(symbol, timeframe, priceSide);
    // What another provider answered for is asked again: this one may have what that one lacks.
    const spans = (stored?.spans ?? []).filter((s) => s.providerId === this.#provider.id);
    const io = productIo({
      keys: this.#payload.keys,
      signal: this.#board.context.signal,
      onProgress: (progress) => this.#tell(progress),
    });
    for await (const page of fetchMissing(this.#provider, this.#task, spans, io)) await this.#take(page);
  }

  async #take(page: FetchedPage): Promise<void> {
    for (const gap of page.gaps) this.#missingBars += gap.missingBars;
    if (!this.#buffer.follows(page.span)) await this.#flush();
    this.#buffer.add(page);
    if (this.#buffer.isDue(this.#clock.nowMs())) await this.#flush();
  }

  async #flush(): Promise<void> {
    const { bars, span } = this.#buffer.peek();
    if (span === undefined) return;
    const { symbol, timeframe, priceSide } = this.#task;
    const key = { symbol, timeframe, priceSide };
    // A stretch without bars can be noted only where there is a history.
    if (barCount(bars) === 0 && !(await this.#store.find(symbol, timeframe, priceSide))) return;
    const startedMs = this.#clock.nowMs();
    const merged = await this.#store.merge(key, bars, {
      span: { providerId: this.#provider.id, ...span },
      onConflict: 'keep',
      ...(this.#supersede === undefined ? {} : { supersede: this.#supersede }),
    });
    if (merged.addedBars > 0) {
      this.#supersede = merged.version;
      await this.#announce(merged, merged.addedBars, barCount(bars) - merged.addedBars);
    }
    this.#buffer.clear(startedMs, this.#clock.nowMs());
  }

  async #announce(merged: StoredDataset, addedBars: number, keptBars: number): Promise<void> {
    this.#isAnnounced = true;
    const { symbol, timeframe, priceSide } = this.#task;
    const { bars, marks } = await this.#store.loadMarked(symbol, timeframe, {}, priceSide);
    const quality = checkQuality(bars, instrumentFor(symbol), timeframe, { marks });
    this.#report({
      type: 'stored',
      task: this.#index,
      stored: storedOf(merged),
      quality,
      addedBars,
      keptBars,
      missingBars: this.#missingBars,
    });
    this.#missingBars = 0;
  }

  /** Makes known what an engine that was killed had stored and not listed. */
  async #checkBrought(): Promise<FetchTaskEnd> {
    const { symbol, timeframe, priceSide, knownHash } = this.#task;
    const stored = await this.#store.find(symbol, timeframe, priceSide);
    if (stored) {
      const isKnown = this.#isAnnounced || stored.dataHash === knownHash;
      if (!isKnown) await this.#announce(stored, stored.bars, 0);
      return { state: 'done' };
    }
    return endOf(
      new FrontierError(
        'NOT_FOUND',
        `${this.#provider.name} has no ${symbol} ${timeframe} bars in this stretch.`,
        'Ask for other dates, or choose another provider.',
      ),
    );
  }

  #tell(progress: ProviderProgress): void {
    if (progress.kind === 'waiting') {
      const message = `waits ${Math.ceil(progress.waitMs / 1000)} s: ${progress.reason}`;
      // Pauses of the pace itself are no news.
      if (progress.waitMs >= 1000) this.#report({ type: 'waiting', task: this.#index, message });
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#reportedMs < REPORT_MS) return;
    this.#reportedMs = nowMs;
    this.#report({ type: 'at', task: this.#index, coveredToMs: progress.coveredToMs });
  }

  #report(event: FetchEvent): void {
    this.#board.report(this.#index, event);
  }
}

function storedOf(merged: StoredDataset): StoredDataset {
  const { symbol, timeframe, priceSide, dataHash, bars, fromMs, toMs, version, markedBars, spans } = merged;
  return { symbol, timeframe, priceSide, dataHash, bars, fromMs, toMs, version, markedBars, spans };
}
