/**
 * Financial Modeling Prep: `/stable/economic-calendar?from&to&apikey`, at most 90 days a request. A list of
 * `{date, country, event, currency, previous, estimate, actual, impact, unit}`, dates in UTC.
 */
import type { FrontierError } from '../../../src-shared/errors.ts';
import { requiredKey } from '../../data/providers/adapter.ts';
import { ProviderClient, type Verdict } from '../../data/providers/http.ts';
import { type ProviderErrors, quoted } from '../../data/providers/httpErrors.ts';
import type { ProviderIo } from '../../data/providers/port.ts';
import { Malformed, readArray, readObject, readString, readUtcStamp } from '../../data/providers/reading.ts';
import { type EventDraft, figure, type NewsBatch, oneLine, withIds } from '../types.ts';
import { currencyOf, impactOf } from '../words.ts';
import {
  type NewsProvider,
  type NewsProviderOptions,
  type NewsRange,
  optionalText,
  readingNews,
} from './port.ts';

const DAY_MS = 86_400_000;
const DAYS_PER_REQUEST = 90;
const KEY = { secret: 'fmp.apiKey', label: 'Financial Modeling Prep API key' };

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** FMP's economic calendar. */
export class FmpNews implements NewsProvider {
  readonly id = 'fmp';
  readonly name = 'Financial Modeling Prep';
  readonly about = 'Economic calendar with results, years back and weeks ahead. Needs a key of a paid plan.';
  readonly gives = ['events'] as const satisfies NewsProvider['gives'];
  readonly keys = [KEY];
  readonly tested =
    'Against a stand-in that speaks the format of public clients; not against the service itself.';
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: NewsProviderOptions = {}) {
    this.#baseUrl = options.baseUrl ?? 'https://financialmodelingprep.com';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: [{ requests: 4, perMs: 1000 }],
      keyHint: 'Enter the key of your account; the economic calendar needs a paid plan.',
    });
  }

  async fetch(range: NewsRange, io: ProviderIo): Promise<NewsBatch> {
    const key = await requiredKey(KEY, io, this.#client.errors);
    const drafts: EventDraft[] = [];
    let [skipped, unrated] = [0, 0];
    const lastDay = Math.floor((range.toMs - 1) / DAY_MS) * DAY_MS;
    const chunkMs = DAYS_PER_REQUEST * DAY_MS;
    for (let from = Math.floor(range.fromMs / DAY_MS) * DAY_MS; from <= lastDay; from += chunkMs) {
      for (const event of await this.#chunk(from, Math.min(lastDay, from + chunkMs - DAY_MS), key, io)) {
        if (event === undefined) skipped++;
        else {
          if (!event.rated) unrated++;
          drafts.push(event.draft);
        }
      }
    }
    const notes = [
      skipped > 0 ? `${skipped} events of countries without a known currency were left out.` : '',
      unrated > 0 ? `${unrated} events state no impact and count as low.` : '',
    ].filter((note) => note !== '');
    return { events: withIds(drafts, this.name), headlines: [], format: 'FMP JSON', notes };
  }

  /** @param toMs last day, included */
  async #chunk(fromMs: number, toMs: number, key: string, io: ProviderIo): Promise<(Read | undefined)[]> {
    const { errors } = this.#client;
    const url = new URL(`${this.#baseUrl}/stable/economic-calendar`);
    url.searchParams.set('from', isoDay(fromMs));
    url.searchParams.set('to', isoDay(toMs));
    url.searchParams.set('apikey', key);
    const subject = `the calendar from ${isoDay(fromMs)} to ${isoDay(toMs)}`;
    const judge = (body: unknown): Verdict => judged(body, key, errors);
    const { body } = await this.#client.getJson({ url, headers: {}, secrets: [key], subject, judge }, io);
    return readingNews(subject, errors, () => readArray(body, 'the calendar').map(readEvent));
  }
}

/** FMP says what is wrong in a field of its own, sometimes with status 200. */
function judged(body: unknown, key: string, errors: ProviderErrors): Verdict {
  const wrong =
    typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Readonly<Record<string, unknown>>)['Error Message']
      : undefined;
  if (typeof wrong !== 'string') return { kind: 'data' };
  if (/limit reach/i.test(wrong)) return { kind: 'throttled', waitMs: 60_000 };
  const error: FrontierError = errors.rejectedKey(quoted(wrong, [key]));
  return { kind: 'error', error };
}

interface Read {
  readonly draft: EventDraft;
  readonly rated: boolean;
}

function readEvent(item: unknown, i: number): Read | undefined {
  const event = readObject(item, `event ${i}`);
  const title = oneLine(readString(event.event, `the name of event ${i}`), 300);
  if (title === '') throw new Malformed(`event ${i} has no name`);
  const currency =
    currencyOf(optionalText(event.currency, `the currency of event ${i}`)) ??
    currencyOf(optionalText(event.country, `the country of event ${i}`));
  if (currency === undefined) return undefined;
  const impact = impactOf(optionalText(event.impact, `the impact of event ${i}`));
  const unit = optionalText(event.unit, `the unit of event ${i}`);
  const value = (name: string): string | null => {
    const text = figure(optionalText(event[name], `${name} of event ${i}`));
    return text === null ? null : figure(`${text}${unit}`);
  };
  const draft: EventDraft = {
    timeMs: readUtcStamp(readString(event.date, `the date of event ${i}`), `the date of event ${i}`),
    allDay: impact === 'holiday',
    currency,
    impact: impact ?? 'low',
    title,
    actual: value('actual'),
    forecast: value('estimate'),
    previous: value('previous'),
  };
  return { draft, rated: impact !== undefined };
}
