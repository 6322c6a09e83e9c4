/**
 * Alpaca's headlines: `/v1beta1/news`, 50 a page, with page tokens. Each is
 * `{id, headline, summary, author, source, url, symbols, created_at, updated_at}`.
 */
import type { Headline } from '../../../src-shared/contract/news.ts';
import { requiredKey } from '../../data/providers/adapter.ts';
import { ProviderClient } from '../../data/providers/http.ts';
import type { ProviderIo } from '../../data/providers/port.ts';
import { Malformed, readArray, readInstant, readObject, readString } from '../../data/providers/reading.ts';
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

const KEY_ID = { secret: 'alpaca.keyId', label: 'Alpaca API key id' };
const KEY_SECRET = { secret: 'alpaca.secretKey', label: 'Alpaca API secret key' };
const PER_PAGE = 50;
const MOST_PAGES = 200;
const SUBJECT = 'headlines';

interface Page {
  readonly headlines: Headline[];
  readonly nextToken: string | undefined;
}

/** Headlines of stocks and crypto. */
export class AlpacaNews implements NewsProvider {
  readonly id = 'alpaca';
  readonly name = 'Alpaca';
  readonly about =
    'Headlines of US stocks and crypto since 2015, from Benzinga. Needs the keys of any Alpaca account.';
  readonly gives = ['headlines'] as const satisfies NewsProvider['gives'];
  readonly keys = [KEY_ID, KEY_SECRET];
  readonly tested = 'Against a stand-in that speaks the documented protocol; not against the service itself.';
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: NewsProviderOptions = {}) {
    this.#baseUrl = options.baseUrl ?? 'https://data.alpaca.markets';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: [{ requests: 200, perMs: 60_000 }],
      keyHint:
        'Make a new pair of keys in the Alpaca dashboard (paper and live keys differ) and enter both in the settings.',
    });
  }

  async fetch(range: NewsRange, io: ProviderIo): Promise<NewsBatch> {
    const { errors } = this.#client;
    const keyId = await requiredKey(KEY_ID, io, errors);
    const secret = await requiredKey(KEY_SECRET, io, errors);
    const found = new Map<string, Headline>();
    const seen = new Set<string>();
    let token: string | undefined;
    for (let pages = 1; ; pages++) {
      const request = {
        url: this.#url(range, token),
        headers: { 'apca-api-key-id': keyId, 'apca-api-secret-key': secret },
        secrets: [keyId, secret],
        subject: SUBJECT,
      };
      const { body } = await this.#client.getJson(request, io);
      const page = readingNews(SUBJECT, errors, () => readPage(body));
      for (const headline of page.headlines) found.set(headline.id, headline);
      token = page.nextToken;
      if (token === undefined) break;
      if (seen.has(token)) throw errors.broken(SUBJECT, 'it repeats the same page instead of the next');
      seen.add(token);
      if (pages === MOST_PAGES) break;
    }
    const headlines = [...found.values()];
    const notes =
      token === undefined
        ? []
        : [
            `There are more than ${MOST_PAGES * PER_PAGE} headlines in this stretch; the earliest ones were taken.`,
          ];
    return { events: [], headlines, format: 'Alpaca JSON', notes };
  }

  #url(range: NewsRange, token: string | undefined): URL {
    const url = new URL(`${this.#baseUrl}/v1beta1/news`);
    const query: Record<string, string> = {
      start: new Date(range.fromMs).toISOString(),
      end: new Date(range.toMs - 1).toISOString(),
      sort: 'asc',
      limit: String(PER_PAGE),
      include_content: 'false',
    };
    if (token !== undefined) query.page_token = token;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }
}

function readPage(body: unknown): Page {
  const page = readObject(body, 'the answer');
  const token = page.next_page_token;
  if (token === undefined) throw new Malformed('it does not say whether another page follows');
  const news = page.news === null ? [] : readArray(page.news, 'news');
  return {
    headlines: news.map(readHeadline),
    nextToken: token === null || token === '' ? undefined : readString(token, 'next_page_token'),
  };
}

function readHeadline(item: unknown, i: number): Headline {
  const news = readObject(item, `headline ${i}`);
  const title = oneLine(plainText(readString(news.headline, `the text of headline ${i}`)), 500);
  if (title === '') throw new Malformed(`headline ${i} is empty`);
  const id = optionalText(news.id, `the id of headline ${i}`);
  if (id === '') throw new Malformed(`headline ${i} has no id`);
  return {
    id: hashId('hdl', `alpaca ${id}`),
    timeMs: readInstant(news.created_at, `the time of headline ${i}`),
    title,
    summary: oneLine(plainText(optionalText(news.summary, `the summary of headline ${i}`)), 2000),
    source: 'Alpaca',
    url: webAddress(news.url),
    symbols: readArray(news.symbols ?? [], `the symbols of headline ${i}`).map((symbol) =>
      readString(symbol, `a symbol of headline ${i}`).replace('/', '').slice(0, 24),
    ),
    sentiment: null,
  };
}
