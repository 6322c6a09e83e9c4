/** Downloads of histories: one worker per provider at a time, each version that it stores made known at once. */
import type { FetchRunDto, FetchTaskInput, ProviderDto } from '../../src-shared/contract/fetch.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns, PriceSide } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { checkedInstrument } from '../data/providers/adapter.ts';
import { ProviderErrors } from '../data/providers/httpErrors.ts';
import type { BarRequest, HistoryProvider } from '../data/providers/port.ts';
import type { ProviderRegistry } from '../data/providers/registry.ts';
import type { EngineContext } from './context.ts';
import { runJob } from './context.ts';
import { FetchRun } from './fetchRun.ts';
import type { FetchSpanPayload, FetchSpanResult } from './jobs/fetch.ts';
import { keysOf, ProviderKeys } from './providerKeys.ts';
import { productProviders } from './providers.ts';

/** Runs that are remembered after they ended. */
const KEPT_RUNS = 50;
const TESTED =
  'Against a server on this machine that speaks its documented protocol, failures included; never against the real one.';

/** A history to ask a provider for, see `fetchSpan`. */
export type SpanRequest = BarRequest;

/** The downloads of one engine. */
export class FetchRuns {
  readonly #context: EngineContext;
  readonly #providers: ProviderRegistry;
  readonly #keys: ProviderKeys;
  readonly #runs: FetchRun[] = [];
  /** Who downloads from a provider now, and who waits: its limits are kept by one worker. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(context: EngineContext, providers: ProviderRegistry = productProviders()) {
    this.#context = context;
    this.#providers = providers;
    this.#keys = new ProviderKeys(context);
    // A download that waits for its turn must not begin in an engine that closes.
    context.hub.onClose(() => {
      for (const run of this.#runs) run.stop();
    });
  }

  async providers(): Promise<ProviderDto[]> {
    const names = new Set(await this.#context.secrets.names());
    return this.#providers.list().map((provider) => {
      const { assetClasses, timeframes, priceSides } = provider.capabilities;
      const keys = provider.keys.map(({ secret, label }) => ({ secret, label, stored: names.has(secret) }));
      return {
        id: provider.id,
        name: provider.name,
        about: provider.about,
        assetClasses: [...assetClasses],
        timeframes: [...timeframes],
        priceSides: [...priceSides],
        keys,
        ready: provider.keys.every((key) => key.optional === true || names.has(key.secret)),
        tested: TESTED,
      };
    });
  }

  /** Names of secrets that a provider of histories asks for. */
  secretNames(): string[] {
    return this.#providers.list().flatMap((provider) => provider.keys.map((key) => key.secret));
  }

  /**
   * Starts a download; it goes on when the caller leaves.
   * @throws FrontierError NOT_FOUND for no such provider, BAD_INPUT for what it cannot deliver, REFUSED without its
   *   keys
   */
  async start(providerId: string, inputs: readonly FetchTaskInput[]): Promise<string> {
    const provider = this.#providers.get(providerId);
    const nowMs = this.#context.clock.nowMs();
    const tasks = inputs.map((input) => taskOf(provider, input, nowMs));
    const names = tasks.map((t) => `${t.symbol} ${t.timeframe} ${t.priceSide}`);
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) {
      throw new FrontierError('BAD_INPUT', `${twice} is asked for twice.`, 'Name every history once.');
    }
    await keysOf(this.#context, provider);
    const run = new FetchRun(this.#context, provider, tasks, this.#keys);
    this.#runs.unshift(run);
    this.#forgetOld();
    this.#context.hub.notify('fetch');
    void run.run((signal) => this.#turn(providerId, signal));
    return run.id;
  }

  /**
   * Asks each history's provider for what came since its last bar.
   * @throws FrontierError NOT_FOUND for no such history, BAD_INPUT for one that came from no provider, as `start`
   */
  async update(
    histories: readonly { symbol: string; timeframe: Timeframe; priceSide: PriceSide }[],
  ): Promise<string[]> {
    const byProvider = new Map<string, FetchTaskInput[]>();
    for (const { symbol, timeframe, priceSide } of histories) {
      const dataset = this.#context.stores.datasets.find(symbol, timeframe, priceSide)?.dataset;
      const name = `${symbol} ${timeframe} ${priceSide}`;
      if (!dataset) throw new FrontierError('NOT_FOUND', `There is no ${name} history.`, 'Fetch it first.');
      if (dataset.providerId === null) {
        throw new FrontierError(
          'BAD_INPUT',
          `${name} came from ${dataset.source}, which cannot be asked for more.`,
          'Import a newer file, or fetch it from a provider.',
        );
      }
      const tasks = byProvider.get(dataset.providerId) ?? [];
      tasks.push({ symbol, timeframe, priceSide, fromMs: dataset.toMs });
      byProvider.set(dataset.providerId, tasks);
    }
    const ids: string[] = [];
    for (const [providerId, tasks] of byProvider) ids.push(await this.start(providerId, tasks));
    return ids;
  }

  /** Stops a download; what was stored stays. @throws FrontierError NOT_FOUND for one that is not known */
  stop(fetchId: string): void {
    const run = this.#runs.find((r) => r.id === fetchId);
    if (!run)
      throw new FrontierError('NOT_FOUND', 'There is no such download.', 'See the list of downloads.');
    run.stop();
  }

  /** The newest first. */
  list(): FetchRunDto[] {
    return this.#runs.map((run) => run.dto());
  }

  /**
   * Bars of a stretch as the provider has them now, all or none; nothing is stored. May be called under the lock of
   * the history.
   * @throws FrontierError as `HistoryProvider.fetchBars`
   */
  async span(providerId: string, request: SpanRequest, signal?: AbortSignal): Promise<BarColumns> {
    const provider = this.#providers.get(providerId);
    checkedInstrument(provider, request, new ProviderErrors(provider.name, ''));
    const done = await this.#turn(providerId, signal);
    try {
      return await this.#keys.use(provider, async (keys) => {
        const { home } = this.#context;
        const payload: FetchSpanPayload = { home, providerId, request, keys };
        const title = `Fetch ${request.symbol} ${request.timeframe}`;
        const { bars, end } = await runJob<FetchSpanResult>(
          this.#context,
          'fetchSpan',
          title,
          payload,
          signal,
        );
        if (bars) return { value: bars };
        if (end.keysExpired && end.error) return { expired: end.error };
        const { code, message, hint } = end.error ?? {
          code: 'CANCELLED' as const,
          message: 'The download was stopped.',
        };
        throw new FrontierError(code, message, hint);
      });
    } finally {
      done();
    }
  }

  /** Waits until nobody else downloads from a provider. @returns ends the turn */
  async #turn(providerId: string, signal: AbortSignal | undefined): Promise<() => void> {
    const before = this.#turns.get(providerId) ?? Promise.resolve();
    const { promise: mine, resolve: done } = Promise.withResolvers<void>();
    const place = before.then(() => mine);
    this.#turns.set(providerId, place);
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    signal?.addEventListener('abort', () => stop(), { once: true });
    if (signal?.aborted) stop();
    await Promise.race([before, stopped]);
    if (!signal?.aborted) return done;
    done();
    throw new FrontierError('CANCELLED', 'The download was stopped before it began.');
  }

  #forgetOld(): void {
    const ended = this.#runs.filter((run) => run.ended);
    for (const run of ended.slice(KEPT_RUNS)) this.#runs.splice(this.#runs.indexOf(run), 1);
  }
}

/** @throws FrontierError BAD_INPUT for what the provider cannot deliver */
function taskOf(provider: HistoryProvider, input: FetchTaskInput, nowMs: number) {
  const { timeframe, priceSide, fromMs } = input;
  const symbol = instrumentFor(input.symbol).symbol;
  const task = { symbol, timeframe, priceSide, fromMs, toMs: input.toMs ?? nowMs };
  checkedInstrument(provider, task, new ProviderErrors(provider.name, ''));
  return task;
}

const runsOf = new WeakMap<EngineContext, FetchRuns>();

/** The downloads of an engine; made when first asked for. */
export function fetchRunsOf(context: EngineContext): FetchRuns {
  const runs = runsOf.get(context) ?? new FetchRuns(context);
  runsOf.set(context, runs);
  return runs;
}

/** See `FetchRuns.span`. */
export function fetchSpan(
  context: EngineContext,
  providerId: string,
  request: SpanRequest,
  signal?: AbortSignal,
): Promise<BarColumns> {
  return fetchRunsOf(context).span(providerId, request, signal);
}
