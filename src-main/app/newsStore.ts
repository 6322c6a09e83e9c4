import type { Headline, NewsEvent } from '../../src-shared/contract/news.ts';
import type { NewsBatch } from '../news/types.ts';
import type { NewsRepository } from '../store/news.ts';

/** What came of a file or a download, as the contract has it. */
export interface StoredNews {
  /** New, or known with other values. */
  readonly events: number;
  readonly headlines: number;
  readonly known: number;
  readonly format: string;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly notes: string[];
}

function spanOf(items: readonly (NewsEvent | Headline)[]): Pick<StoredNews, 'firstMs' | 'lastMs'> {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { timeMs } of items) {
    first = Math.min(first, timeMs);
    last = Math.max(last, timeMs);
  }
  return items.length === 0 ? { firstMs: null, lastMs: null } : { firstMs: first, lastMs: last };
}

/** Stores a batch and counts what was new. */
export function storeBatch(news: NewsRepository, batch: NewsBatch, nowMs: number): StoredNews {
  const events = news.upsertEvents(batch.events, nowMs);
  const headlines = news.upsertHeadlines(batch.headlines, nowMs);
  return {
    events: events.added + events.changed,
    headlines: headlines.added + headlines.changed,
    known: events.known + headlines.known,
    format: batch.format,
    ...spanOf([...batch.events, ...batch.headlines]),
    notes: [...batch.notes],
  };
}
