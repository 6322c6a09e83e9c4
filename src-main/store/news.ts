import { z } from 'zod';
import type { Headline, Impact, NewsEvent } from '../../src-shared/contract/news.ts';
import type { Sqlite } from './database.ts';
import { decode, encode } from './json.ts';

/** What an upsert did. */
export interface UpsertCounts {
  readonly added: number;
  /** Known with other values. */
  readonly changed: number;
  /** Known and equal. */
  readonly known: number;
}

/** Which events, [fromMs, toMs). */
export interface EventQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** Events of `ALL` currencies are among them whatever is named. */
  readonly currencies?: readonly string[] | undefined;
  readonly impacts?: readonly Impact[] | undefined;
  readonly limit: number;
}

/** Which headlines, [fromMs, toMs). */
export interface HeadlineQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** Words that must all occur in title or summary; case does not matter. */
  readonly search?: string | undefined;
  /** Symbols or currencies of which the headline names at least one. */
  readonly symbols?: readonly string[] | undefined;
  readonly limit: number;
}

/** What is stored of a source. */
export interface NewsSource {
  readonly source: string;
  readonly events: number;
  readonly headlines: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly updatedMs: number;
}

interface EventRow {
  readonly id: string;
  readonly time_ms: number;
  readonly currency: string;
  readonly impact: string;
  readonly title: string;
  readonly actual: string | null;
  readonly forecast: string | null;
  readonly previous: string | null;
  readonly all_day: number;
  readonly source: string;
}

interface HeadlineRow {
  readonly id: string;
  readonly time_ms: number;
  readonly title: string;
  readonly summary: string;
  readonly source: string;
  readonly url: string | null;
  readonly symbols: string;
  readonly sentiment: number | null;
}

const eventOf = (row: EventRow): NewsEvent => ({
  id: row.id,
  timeMs: row.time_ms,
  currency: row.currency,
  // The column has a CHECK.
  impact: row.impact as Impact,
  title: row.title,
  actual: row.actual,
  forecast: row.forecast,
  previous: row.previous,
  allDay: row.all_day === 1,
  source: row.source,
});

const headlineOf = (row: HeadlineRow): Headline => ({
  id: row.id,
  timeMs: row.time_ms,
  title: row.title,
  summary: row.summary,
  source: row.source,
  url: row.url,
  symbols: decode(z.array(z.string()), row.symbols, `headline ${row.id}`),
  sentiment: row.sentiment,
});

/** A word as a LIKE pattern that finds it anywhere. */
const pattern = (word: string): string => `%${word.replace(/[\\%_]/g, '\\$&')}%`;

const list = (values: readonly string[] | undefined): string | null =>
  values === undefined || values.length === 0 ? null : encode(values);

/** The economic calendar and headlines, as their sources gave them. */
export class NewsRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Adds events, or replaces those with the same id; all or none. */
  upsertEvents(events: readonly NewsEvent[], nowMs: number): UpsertCounts {
    const find = this.#db.prepare<[string], EventRow>('SELECT * FROM news_events WHERE id = ?');
    const put = this.#db.prepare(
      `INSERT INTO news_events (id, time_ms, currency, impact, title, actual, forecast, previous, all_day, source,
         updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET time_ms = excluded.time_ms, currency = excluded.currency,
         impact = excluded.impact, title = excluded.title, actual = excluded.actual, forecast = excluded.forecast,
         previous = excluded.previous, all_day = excluded.all_day, source = excluded.source,
         updated_ms = excluded.updated_ms`,
    );
    return this.#upsert(
      events,
      (id) => {
        const row = find.get(id);
        return row && eventOf(row);
      },
      (e) =>
        put.run(
          e.id,
          e.timeMs,
          e.currency,
          e.impact,
          e.title,
          e.actual,
          e.forecast,
          e.previous,
          e.allDay ? 1 : 0,
          e.source,
          nowMs,
        ),
    );
  }

  /** Adds headlines, or replaces those with the same id; all or none. */
  upsertHeadlines(headlines: readonly Headline[], nowMs: number): UpsertCounts {
    const find = this.#db.prepare<[string], HeadlineRow>('SELECT * FROM headlines WHERE id = ?');
    const put = this.#db.prepare(
      `INSERT INTO headlines (id, time_ms, title, summary, source, url, symbols, sentiment, updated_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET time_ms = excluded.time_ms, title = excluded.title,
         summary = excluded.summary, source = excluded.source, url = excluded.url, symbols = excluded.symbols,
         sentiment = excluded.sentiment, updated_ms = excluded.updated_ms`,
    );
    return this.#upsert(
      headlines,
      (id) => {
        const row = find.get(id);
        return row && headlineOf(row);
      },
      (h) =>
        put.run(h.id, h.timeMs, h.title, h.summary, h.source, h.url, encode(h.symbols), h.sentiment, nowMs),
    );
  }

  #upsert<T extends { readonly id: string }>(
    items: readonly T[],
    find: (id: string) => T | undefined,
    put: (item: T) => unknown,
  ): UpsertCounts {
    return this.#db.transaction(() => {
      let [added, changed, known] = [0, 0, 0];
      for (const item of items) {
        const stored = find(item.id);
        if (stored && sameValues(stored, item)) {
          known++;
          continue;
        }
        put(item);
        if (stored) changed++;
        else added++;
      }
      return { added, changed, known };
    })();
  }

  /** By time, the earliest first. */
  events(query: EventQuery): NewsEvent[] {
    return this.#db
      .prepare<unknown[], EventRow>(
        `SELECT * FROM news_events WHERE time_ms >= $from AND time_ms < $to
           AND ($currencies IS NULL OR currency = 'ALL' OR currency IN (SELECT value FROM json_each($currencies)))
           AND ($impacts IS NULL OR impact IN (SELECT value FROM json_each($impacts)))
         ORDER BY time_ms, currency, id LIMIT $limit`,
      )
      .all({
        from: query.fromMs,
        to: query.toMs,
        currencies: list(query.currencies),
        impacts: list(query.impacts),
        limit: query.limit,
      })
      .map(eventOf);
  }

  /** The newest first. */
  headlines(query: HeadlineQuery): Headline[] {
    const words = (query.search ?? '').split(/\s+/).filter((word) => word !== '');
    return this.#db
      .prepare<unknown[], HeadlineRow>(
        `SELECT * FROM headlines h WHERE time_ms >= $from AND time_ms < $to
           AND NOT EXISTS (SELECT 1 FROM json_each($words) w
             WHERE h.title || ' ' || h.summary NOT LIKE w.value ESCAPE '\\')
           AND ($symbols IS NULL OR EXISTS (SELECT 1 FROM json_each(h.symbols) s
             WHERE s.value IN (SELECT value FROM json_each($symbols))))
         ORDER BY time_ms DESC, id LIMIT $limit`,
      )
      .all({
        from: query.fromMs,
        to: query.toMs,
        words: encode(words.map(pattern)),
        symbols: list(query.symbols),
        limit: query.limit,
      })
      .map(headlineOf);
  }

  /** What is stored of each source, by name. */
  sources(): NewsSource[] {
    return this.#db
      .prepare<[], NewsSource>(
        `SELECT source, sum(event) AS events, sum(1 - event) AS headlines, min(time_ms) AS firstMs,
           max(time_ms) AS lastMs, max(updated_ms) AS updatedMs
         FROM (SELECT source, 1 AS event, time_ms, updated_ms FROM news_events
               UNION ALL SELECT source, 0, time_ms, updated_ms FROM headlines)
         GROUP BY source ORDER BY source`,
      )
      .all();
  }

  /** Forgets everything of one source. @returns how many events and headlines that were */
  removeSource(source: string): number {
    return this.#db.transaction(
      () =>
        this.#db.prepare('DELETE FROM news_events WHERE source = ?').run(source).changes +
        this.#db.prepare('DELETE FROM headlines WHERE source = ?').run(source).changes,
    )();
  }
}

/** Equal in every member of `given`; members are text, numbers, flags, null or lists of text. */
function sameValues<T extends object>(stored: T, given: T): boolean {
  return (Object.keys(stored) as (keyof T)[]).every((key) => encode(stored[key]) === encode(given[key]));
}
