import { createHash } from 'node:crypto';
import type { Headline, NewsEvent } from '../../src-shared/contract/news.ts';

/** What a file or a provider gave, checked. */
export interface NewsBatch {
  readonly events: readonly NewsEvent[];
  readonly headlines: readonly Headline[];
  /** What it was, in words: `CSV with header`, `iCalendar`. */
  readonly format: string;
  /** What the user should know about how it was read. */
  readonly notes: readonly string[];
}

/** An event before it has an id. */
export type EventDraft = Omit<NewsEvent, 'id' | 'source'>;

const DAY_MS = 86_400_000;

/**
 * NEWS-4: an event is known by its source, currency, title and UTC day, and its number among equal ones of that day:
 * a later import that has the result, or another hour, replaces it.
 */
export function withIds(drafts: readonly EventDraft[], source: string): NewsEvent[] {
  const counts = new Map<string, number>();
  const sorted = [...drafts].sort((a, b) => a.timeMs - b.timeMs);
  return sorted.map((draft) => {
    const day = Math.floor(draft.timeMs / DAY_MS);
    const key = JSON.stringify([source, draft.currency, draft.title, day]);
    const number = (counts.get(key) ?? 0) + 1;
    counts.set(key, number);
    return { ...draft, id: hashId('evt', `${key}${number}`), source };
  });
}

/** An id made of what identifies something. */
export function hashId(prefix: string, text: string): string {
  return `${prefix}_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

/** Text on one line, without control characters, at most so long. */
export function oneLine(text: string, most: number): string {
  const clean = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}

/** A figure as the source writes it; null where it has none. */
export function figure(text: string | undefined): string | null {
  const clean = oneLine(text ?? '', 64);
  return /^(-|–|—|n\/?a|nan|none|null)?$/i.test(clean) ? null : clean;
}
