/**
 * Alpha Vantage `NEWS_SENTIMENT`: `time_from` and `time_to` as `YYYYMMDDTHHMM`, at most 1,000 articles a request.
 * `{feed: [{title, url, time_published, summary, source, overall_sentiment_score, ticker_sentiment: [{ticker}]}]}`.
 * Its times state no zone and are taken as UTC, which its documentation does not confirm.
 */
import type { Headline } from '../../../src-shared/contract/news.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { requiredKey } from '../../data/providers/adapter.ts';
import { ProviderClient, type Verdict } from '../../data/providers/http.ts';
import { type ProviderErrors, quoted } from '../../data/providers/httpErrors.ts';
import type { ProviderIo } from '../../data/providers/port.ts';
import { Malformed, readArray, readDecimal, readObject, readString } from '../../data/providers/reading.ts';
import { hashId, type NewsBatch, oneLine } from '../types.ts';
import {
  type NewsProvider,
  type NewsProviderOptions,
  type NewsRange,
  optionalText,
  plainText,
  readingNews,
  webAddress,
} from './port.ts';

const KEY = { secret: 'alphavantage.apiKey', label: 'Alpha Vantage API key' };
const MOST_ARTICLES = 1000;
const SUBJECT = 'headlines';
const NOTHING = /no articles found/i;
const STAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?$/;

const stampOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');

/** Headlines with sentiment. */
export class AlphaVantageNews implements NewsProvider {
  readonly id = 'alphavantage';
  readonly name = 'Alpha Vantage';
  readonly about =
    'Headlines with a sentiment from -1 to 1, at most 1,000 a request. Needs a key; free ones allow 25 requests a day.';
  readonly gives = ['headlines'] as const satisfies NewsProvider['gives'];
  readonly keys = [KEY];
  readonly tested =
    'Against a stand-in that speaks the format of public clients; not against the service itself. Its times are taken as UTC.';
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: NewsProviderOptions = {}) {
    this.#baseUrl = options.baseUrl ?? 'https://www.alphavantage.co';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: [{ requests: 1, perMs: 1000 }],
      keyHint: 'Enter the key that Alpha Vantage sent you; free keys allow 25 requests a day.',
    });
  }

  async fetch(range: NewsRange, io: ProviderIo): Promise<NewsBatch> {
    const { errors } = this.#client;
    const key = await requiredKey(KEY, io, errors);
    const url = new URL(`${this.#baseUrl}/query`);
    const query = {
      function: 'NEWS_SENTIMENT',
      time_from: stampOf(range.fromMs),
      time_to: stampOf(range.toMs - 1),
      sort: 'LATEST',
      limit: String(MOST_ARTICLES),
      apikey: key,
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const judge = (body: unknown): Verdict => judged(body, key, errors);
    const { body } = await this.#client.getJson(
      { url, headers: {}, secrets: [key], subject: SUBJECT, judge },
      io,
    );
    const headlines = readingNews(SUBJECT, errors, () => articlesOf(body).map(readArticle));
    const more = headlines.length >= MOST_ARTICLES;
    return {
      events: [],
      headlines,
      format: 'Alpha Vantage JSON',
      notes: more
        ? [`There are ${MOST_ARTICLES} headlines or more in this stretch; the latest were taken.`]
        : [],
    };
  }
}

/** The list of articles; a sentence stands in its place where there are none. */
function articlesOf(body: unknown): readonly unknown[] {
  const { feed, Information: told } = readObject(body, 'the answer');
  return typeof told === 'string' && feed === undefined ? [] : readArray(feed, 'feed');
}

/** Alpha Vantage answers limits and errors with status 200 and one sentence. */
function judged(body: unknown, key: string, errors: ProviderErrors): Verdict {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { kind: 'data' };
  const fields = body as Readonly<Record<string, unknown>>;
  const told = fields['Error Message'] ?? fields.Information ?? fields.Note;
  if (typeof told !== 'string') return { kind: 'data' };
  const says = quoted(told, [key]);
  if (NOTHING.test(says)) return { kind: 'data' };
  if (/apikey|api key/i.test(says) && /invalid|missing|demo/i.test(says))
    return { kind: 'error', error: errors.rejectedKey(says) };
  if (/per second|per minute/i.test(says)) return { kind: 'throttled', waitMs: 60_000 };
  const error = new FrontierError(
    'UNAVAILABLE',
    `Alpha Vantage answered with a message instead of headlines: ${says}`,
    'Try again tomorrow, or use a plan with a higher limit.',
  );
  return { kind: 'error', error };
}

function readStamp(value: unknown, what: string): number {
  const match = typeof value === 'string' ? STAMP.exec(value) : null;
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1).map((part) => Number(part ?? 0));
  if (match === null) throw new Malformed(`${what} is not a time`);
  const timeMs = Date.UTC(year!, month! - 1, day, hour, minute, second);
  if (stampOf(timeMs).slice(0, 13) !== String(value).slice(0, 13))
    throw new Malformed(`${what} does not exist`);
  return timeMs;
}

function tickersOf(value: unknown, i: number): string[] {
  return readArray(value ?? [], `the symbols of headline ${i}`).map((item) => {
    const ticker = readString(
      readObject(item, `a symbol of headline ${i}`).ticker,
      `a symbol of headline ${i}`,
    );
    return ticker.replace(/^(FOREX|CRYPTO):/, '').slice(0, 24);
  });
}

function readArticle(item: unknown, i: number): Headline {
  const article = readObject(item, `headline ${i}`);
  const title = oneLine(plainText(readString(article.title, `the text of headline ${i}`)), 500);
  if (title === '') throw new Malformed(`headline ${i} is empty`);
  const score = article.overall_sentiment_score;
  const sentiment =
    score === undefined || score === null ? null : readDecimal(score, `the sentiment of headline ${i}`);
  if (sentiment !== null && Math.abs(sentiment) > 1)
    throw new Malformed(`the sentiment of headline ${i} is beyond 1`);
  const timeMs = readStamp(article.time_published, `the time of headline ${i}`);
  const url = webAddress(article.url);
  return {
    id: hashId('hdl', `alphavantage ${timeMs} ${url ?? title}`),
    timeMs,
    title,
    summary: oneLine(plainText(optionalText(article.summary, `the summary of headline ${i}`)), 2000),
    source: 'Alpha Vantage',
    url,
    symbols: tickersOf(article.ticker_sentiment, i),
    sentiment,
  };
}
