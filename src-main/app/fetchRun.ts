/** One download of one or several histories as the engine sees it. */
import type { FetchRunDto } from '../../src-shared/contract/fetch.ts';
import { type ErrorBody, errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { HistoryProvider } from '../data/providers/port.ts';
import type { JobEvent, JobHandle } from '../jobs/port.ts';
import type { StoredDataset } from '../store/bars.ts';
import { type EngineContext, submitJob } from './context.ts';
import { recordFetched, type StoredEvent } from './fetchRecord.ts';
import { withHistoryLock } from './histories.ts';
import type { FetchEvent, FetchPayload, FetchTaskEnd, FetchTaskPayload } from './jobs/fetch.ts';
import type { Keys, Outcome, ProviderKeys } from './providerKeys.ts';

type TaskDto = FetchRunDto['tasks'][number];
/** What is asked for. */
type FetchTaskRequest = Omit<FetchTaskPayload, 'knownHash'>;
type EndState = FetchTaskEnd['state'];

interface Task {
  readonly payload: FetchTaskRequest;
  dto: TaskDto;
  /** The history before this download, which undoing it brings back. */
  before: StoredDataset | undefined;
  changeId: string | undefined;
  missingBars: number;
  keptBars: number;
}

/** Its state is read by `dto`; changes are announced on the hub's topic `fetch`. */
export class FetchRun {
  readonly id: string;
  readonly #context: EngineContext;
  readonly #provider: HistoryProvider;
  readonly #keys: ProviderKeys;
  readonly #tasks: Task[];
  readonly #stop = new AbortController();
  readonly #startedMs: number;
  #endedMs: number | null = null;
  #job: JobHandle | undefined;

  constructor(
    context: EngineContext,
    provider: HistoryProvider,
    tasks: readonly FetchTaskRequest[],
    keys: ProviderKeys,
  ) {
    this.id = context.ids.next('fetch');
    this.#context = context;
    this.#provider = provider;
    this.#keys = keys;
    this.#startedMs = context.clock.nowMs();
    this.#tasks = tasks.map((payload) => ({
      payload,
      dto: {
        ...payload,
        state: 'waiting',
        bars: 0,
        coveredToMs: payload.fromMs,
        fraction: 0,
        message: null,
        error: null,
      },
      before: undefined,
      changeId: undefined,
      missingBars: 0,
      keptBars: 0,
    }));
  }

  get ended(): boolean {
    return this.#endedMs !== null;
  }

  dto(): FetchRunDto {
    const states = this.#tasks.map((t) => t.dto.state);
    return {
      id: this.id,
      providerId: this.#provider.id,
      state: this.#state(states),
      startedMs: this.#startedMs,
      endedMs: this.#endedMs,
      tasks: this.#tasks.map((t) => t.dto),
    };
  }

  #state(states: readonly TaskDto['state'][]): FetchRunDto['state'] {
    if (!this.ended) return this.#stop.signal.aborted ? 'stopping' : 'running';
    if (states.includes('failed')) return 'failed';
    return states.includes('stopped') ? 'stopped' : 'done';
  }

  /** Asks the download to end; it stores what came first. */
  stop(): void {
    if (this.ended || this.#stop.signal.aborted) return;
    this.#stop.abort();
    void this.#job?.stop();
    this.#changed();
  }

  /**
   * Runs to the end; never throws: every history has its own success or failure.
   * @param turn waits until the provider is free. Locks of histories come before it: a repair holds one while it asks
   *   the provider
   */
  async run(turn: (signal: AbortSignal) => Promise<() => void>): Promise<void> {
    const locks: (() => void)[] = [];
    try {
      const symbols = [...new Set(this.#tasks.map((t) => t.payload.symbol))].sort();
      for (const symbol of symbols) {
        this.#say(`waits for other work on ${symbol}`);
        locks.push(await this.#lock(symbol));
      }
      this.#say(`waits for another download from ${this.#provider.name}`);
      const done = await turn(this.#stop.signal);
      try {
        this.#say(null);
        await this.#download();
      } finally {
        done();
      }
    } catch (error) {
      this.#endOpen(error);
    } finally {
      for (const release of locks) release();
      this.#endedMs = this.#context.clock.nowMs();
      this.#changed();
    }
  }

  /** Takes the lock of a symbol and keeps it. @returns releases it */
  async #lock(symbol: string): Promise<() => void> {
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const keep = (): Promise<void> => {
      hold();
      return released;
    };
    void withHistoryLock(this.#context, symbol, keep, undefined, true);
    await Promise.race([held, aborted(this.#stop.signal)]);
    if (!this.#stop.signal.aborted) return release;
    release();
    throw new FrontierError('CANCELLED', 'The download was stopped before it began.');
  }

  async #download(): Promise<void> {
    for (const task of this.#tasks) {
      const { symbol, timeframe, priceSide } = task.payload;
      task.before = await this.#context.bars.find(symbol, timeframe, priceSide);
    }
    await this.#keys.use(this.#provider, (keys) => this.#work(keys));
  }

  /** One worker for everything that is not done yet. */
  async #work(keys: Keys): Promise<Outcome<void>> {
    const open = this.#tasks.filter((t) => t.dto.state === 'waiting');
    let expired: ErrorBody | undefined;
    const { home } = this.#context;
    const tasks = open.map((t) => ({ ...t.payload, knownHash: this.#knownHash(t.payload) }));
    const payload: FetchPayload = { home, providerId: this.#provider.id, tasks, keys };
    const names = open.map((t) => t.payload.symbol).join(', ');
    const job = submitJob(this.#context, 'fetch', `Fetch ${names} from ${this.#provider.name}`, payload);
    this.#job = job;
    job.subscribe((event) => {
      const failed = this.#onJob(event, open);
      expired ??= failed;
    });
    if (this.#stop.signal.aborted) void job.stop();
    await job.result;
    if (!expired) return { value: undefined };
    return { expired };
  }

  #knownHash({ symbol, timeframe, priceSide }: FetchTaskRequest): string | null {
    return this.#context.stores.datasets.find(symbol, timeframe, priceSide)?.dataset.dataHash ?? null;
  }

  /** @returns the error of a task whose keys ran out; the task is open again then */
  #onJob(event: JobEvent, open: readonly Task[]): ErrorBody | undefined {
    if (event.type === 'restarted') {
      for (const task of open)
        if (isOpen(task)) task.dto = { ...task.dto, message: 'the worker was lost; goes on' };
      this.#changed();
    }
    if (event.type !== 'progress' || event.progress.data === undefined) return undefined;
    const data = event.progress.data as FetchEvent;
    const task = open[data.task];
    if (!task) return undefined;
    const failed = this.#onTask(task, data);
    this.#changed();
    return failed;
  }

  #onTask(task: Task, event: FetchEvent): ErrorBody | undefined {
    if (event.type === 'at') {
      const { coveredToMs } = event;
      task.dto = {
        ...task.dto,
        state: 'running',
        message: null,
        coveredToMs,
        fraction: fractionOf(task, coveredToMs),
      };
    } else if (event.type === 'waiting') {
      task.dto = { ...task.dto, state: 'running', message: event.message };
    } else if (event.type === 'stored') {
      this.#record(task, event);
    } else if (event.end.keysExpired && event.end.error) {
      task.dto = { ...task.dto, state: 'waiting', message: 'renews the access' };
      return event.end.error;
    } else {
      this.#end(task, event.end.state, event.end.error);
    }
    return undefined;
  }

  /** Makes a version known at once: one that is not is put back when Frontier starts again. */
  #record(task: Task, event: StoredEvent): void {
    task.dto = { ...task.dto, state: 'running', bars: task.dto.bars + event.addedBars };
    task.missingBars += event.missingBars;
    task.keptBars += event.keptBars;
    const { payload, before, changeId, missingBars, keptBars } = task;
    const addedBars = task.dto.bars;
    const made = { payload, before, changeId, addedBars, missingBars, keptBars };
    task.changeId = recordFetched(this.#context, this.#provider, made, event);
  }

  #end(task: Task, state: EndState, error: ErrorBody | undefined): void {
    const isDone = state === 'done';
    task.dto = {
      ...task.dto,
      state,
      message: null,
      ...(isDone ? { fraction: 1, coveredToMs: task.payload.toMs } : {}),
      error: error === undefined ? null : { message: error.message, hint: error.hint ?? null },
    };
  }

  /** Ends everything that has not ended by itself. */
  #endOpen(error: unknown): void {
    const body = errorBody(error);
    if (!(error instanceof FrontierError)) this.#context.log('A download failed unexpectedly.', error);
    const isStopped = body.code === 'CANCELLED' || this.#stop.signal.aborted;
    for (const task of this.#tasks) {
      if (isOpen(task)) this.#end(task, isStopped ? 'stopped' : 'failed', isStopped ? undefined : body);
    }
  }

  #say(message: string | null): void {
    for (const task of this.#tasks) task.dto = { ...task.dto, message };
    this.#changed();
  }

  #changed(): void {
    this.#context.hub.notify('fetch');
  }
}

const isOpen = (task: Task): boolean => task.dto.state === 'waiting' || task.dto.state === 'running';

function fractionOf({ payload }: Task, coveredToMs: number): number {
  return Math.min(1, Math.max(0, (coveredToMs - payload.fromMs) / (payload.toMs - payload.fromMs)));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
