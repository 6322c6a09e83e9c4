import type { ImportSource } from '../../../src-shared/contract/import.ts';
import type { BlackoutPolicy, NewsProviderDto } from '../../../src-shared/contract/news.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { currenciesOf } from '../../../src-shared/trading/blackouts.ts';
import type { NewsProvider } from '../../news/providers/port.ts';
import { NewsRegistry } from '../../news/providers/registry.ts';
import { type EngineContext, runJob } from '../context.ts';
import { windowsFor } from '../entryRules.ts';
import type { NewsImportPayload } from '../jobs/news.ts';
import { fetchNews } from '../newsFetching.ts';
import type { StoredNews } from '../newsStore.ts';
import type { Implementer } from '../rpc.ts';

/** How headlines name a symbol: itself, the currencies of a pair, a coin alone or against the dollar. */
function namesOf(symbol: string): string[] {
  const instrument = instrumentFor(symbol);
  if (instrument.assetClass === 'fx') return [instrument.symbol, ...currenciesOf(instrument)];
  if (instrument.assetClass !== 'crypto') return [instrument.symbol];
  const coin = instrument.symbol.replace(/(USDT|USDC|USD)$/, '');
  return [instrument.symbol, coin, `${coin}USD`];
}

function fileOf(context: EngineContext, source: ImportSource): { path: string; fileName?: string } {
  if (source.kind === 'demo')
    throw new FrontierError('BAD_INPUT', 'There is no demo calendar.', 'Give a CSV or ICS file.');
  if (source.entry !== undefined)
    throw new FrontierError(
      'BAD_INPUT',
      'Calendars are not read from inside archives.',
      'Unpack the archive and give the file.',
    );
  return source.kind === 'path' ? { path: source.path } : context.uploads.take(source.uploadId);
}

async function importNews(
  context: EngineContext,
  input: { source: ImportSource; zone?: string | undefined },
  signal: AbortSignal | undefined,
): Promise<StoredNews> {
  try {
    const payload: NewsImportPayload = {
      home: context.home,
      ...fileOf(context, input.source),
      zone: input.zone,
      nowMs: context.clock.nowMs(),
    };
    return await runJob<StoredNews>(context, 'news', 'Import news', payload, signal);
  } finally {
    if (input.source.kind === 'upload') context.uploads.remove(input.source.uploadId);
    context.hub.notify('news');
  }
}

function providerDto(provider: NewsProvider, stored: ReadonlySet<string>): NewsProviderDto {
  const { id, name, about, gives, tested } = provider;
  const keys = provider.keys.map(({ secret, label }) => ({ secret, label, stored: stored.has(secret) }));
  return { id, name, about, gives: [...gives], keys, ready: keys.every((k) => k.stored), tested };
}

function blackoutsOf(
  context: EngineContext,
  input: { symbol: string; fromMs: number; toMs: number; policy: BlackoutPolicy },
) {
  const { fromMs, toMs, policy } = input;
  const windows = windowsFor(context.stores.news, instrumentFor(input.symbol), policy, fromMs, toMs);
  return windows.filter((w) => w.untilMs > fromMs && w.fromMs < toMs);
}

export function newsHandlers(os: Implementer, context: EngineContext) {
  const registry = new NewsRegistry();
  const { news } = context.stores;
  return {
    events: os.news.events.handler(({ input }) => news.events(input)),
    headlines: os.news.headlines.handler(({ input: { symbol, ...query } }) =>
      news.headlines({ ...query, symbols: symbol === undefined ? undefined : namesOf(symbol) }),
    ),
    sources: os.news.sources.handler(() => news.sources()),
    import: os.news.import.handler(({ input, signal }) => importNews(context, input, signal)),
    providers: os.news.providers.handler(async () => {
      const stored = new Set(await context.secrets.names());
      return registry.list().map((provider) => providerDto(provider, stored));
    }),
    fetch: os.news.fetch.handler(({ input: { providerId, ...range }, signal }) =>
      fetchNews(context, registry.get(providerId), range, signal),
    ),
    removeSource: os.news.removeSource.handler(({ input }) => {
      news.removeSource(input.source);
      context.hub.notify('news');
    }),
    blackouts: os.news.blackouts.handler(({ input }) => blackoutsOf(context, input)),
  };
}
