import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';
import type { NewsProvider, NewsRange } from '../news/providers/port.ts';
import type { EngineContext } from './context.ts';
import { type StoredNews, storeBatch } from './newsStore.ts';
import { productIo } from './providers.ts';

const DAY_MS = 86_400_000;
const MOST_DAYS = 20 * 366;
const MINUTE_MS = 60_000;

const lastFetchKey = (providerId: string): string => `news.lastFetch.${providerId}`;

function assertRange({ fromMs, toMs }: NewsRange): void {
  if (fromMs < toMs && toMs - fromMs <= MOST_DAYS * DAY_MS) return;
  throw new FrontierError(
    'BAD_INPUT',
    'That stretch of time cannot be asked for.',
    'Ask for at most 20 years, the earlier end first.',
  );
}

/** NEWS-12: a provider that wants to be left alone is, over restarts as well. */
function assertRested(context: Pick<EngineContext, 'stores' | 'clock'>, provider: NewsProvider): void {
  if (provider.leastIntervalMs === undefined) return;
  const last = context.stores.settings.get(lastFetchKey(provider.id), z.number());
  const nowMs = context.clock.nowMs();
  // A clock that was set back must not lock the provider for ever.
  if (last === undefined || last > nowMs || nowMs - last >= provider.leastIntervalMs) return;
  const minutes = Math.ceil((last + provider.leastIntervalMs - nowMs) / MINUTE_MS);
  throw new FrontierError(
    'UNAVAILABLE',
    `${provider.name} is asked at most every ${Math.round(provider.leastIntervalMs / MINUTE_MS)} minutes.`,
    `What it gave is stored; ask again in ${minutes} minutes.`,
  );
}

/** The keys of a provider that the user has stored, by their names. */
async function keysOf(
  context: Pick<EngineContext, 'secrets'>,
  provider: NewsProvider,
): Promise<Record<string, string>> {
  const keys: Record<string, string> = {};
  for (const { secret } of provider.keys) {
    const value = await context.secrets.get(secret);
    if (value !== undefined) keys[secret] = value;
  }
  return keys;
}

/**
 * Asks a provider and stores what it gives, all or none.
 * @throws FrontierError as `NewsProvider.fetch`, BAD_INPUT for an impossible stretch, UNAVAILABLE when the provider
 *   was asked too shortly before
 */
export async function fetchNews(
  context: Pick<EngineContext, 'stores' | 'clock' | 'secrets' | 'hub'>,
  provider: NewsProvider,
  range: NewsRange,
  signal: AbortSignal = new AbortController().signal,
): Promise<StoredNews> {
  assertRange(range);
  assertRested(context, provider);
  const { settings, news } = context.stores;
  const io = productIo({ keys: await keysOf(context, provider), signal });
  // Noted before the question: one that fails was asked as well.
  if (provider.leastIntervalMs !== undefined)
    settings.set(lastFetchKey(provider.id), context.clock.nowMs(), context.clock.nowMs());
  const batch = await provider.fetch(range, io);
  const stored = storeBatch(news, batch, context.clock.nowMs());
  context.hub.notify('news');
  return stored;
}
