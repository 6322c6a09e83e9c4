/**
 * The weekly calendar of ForexFactory: `ff_calendar_thisweek.json`, a list of
 * `{title, country, date, impact, forecast, previous}` where `country` is a currency and `date` has its offset.
 * Not an official service: it is asked at most once an hour.
 */
import { ProviderClient } from '../../data/providers/http.ts';
import type { ProviderIo } from '../../data/providers/port.ts';
import { Malformed, readArray, readInstant, readObject, readString } from '../../data/providers/reading.ts';
import { type EventDraft, figure, type NewsBatch, oneLine, withIds } from '../types.ts';
import { currencyOf, impactOf } from '../words.ts';
import {
  type NewsProvider,
  type NewsProviderOptions,
  type NewsRange,
  optionalText,
  readingNews,
} from './port.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SUBJECT = 'the calendar of this week';

/** ForexFactory's events of the current week. */
export class ForexFactoryNews implements NewsProvider {
  readonly id = 'forexfactory';
  readonly name = 'ForexFactory';
  readonly about =
    'Scheduled events of the current week, all majors, without results. Free, no key, unofficial: asked at most once an hour.';
  readonly gives = ['events'] as const satisfies NewsProvider['gives'];
  readonly keys = [];
  readonly tested = 'Against a stand-in that speaks the published format; not against the service itself.';
  readonly leastIntervalMs = HOUR_MS;
  readonly #url: string;
  readonly #client: ProviderClient;

  constructor(options: NewsProviderOptions = {}) {
    this.#url = `${options.baseUrl ?? 'https://nfs.faireconomy.media'}/ff_calendar_thisweek.json`;
    this.#client = new ProviderClient({
      name: this.name,
      // A failure may be tried once more; then an hour passes.
      rateLimits: [{ requests: 2, perMs: HOUR_MS }],
      keyHint: 'It needs no key; try again in an hour.',
    });
  }

  async fetch(_range: NewsRange, io: ProviderIo): Promise<NewsBatch> {
    const request = { url: new URL(this.#url), headers: {}, secrets: [], subject: SUBJECT };
    const { body } = await this.#client.getJson(request, io);
    const drafts = readingNews(SUBJECT, this.#client.errors, () =>
      readArray(body, 'the calendar').map(readEvent),
    );
    return {
      events: withIds(drafts, this.name),
      headlines: [],
      format: 'ForexFactory JSON',
      notes: ['ForexFactory gives the current week only, whatever stretch is asked for.'],
    };
  }
}

function readEvent(item: unknown, i: number): EventDraft {
  const event = readObject(item, `event ${i}`);
  const title = oneLine(readString(event.title, `the title of event ${i}`), 300);
  const country = readString(event.country, `the country of event ${i}`);
  const word = readString(event.impact, `the impact of event ${i}`);
  const impact = impactOf(word);
  const currency = currencyOf(country);
  if (title === '') throw new Malformed(`event ${i} has no title`);
  if (impact === undefined) throw new Malformed(`"${word.slice(0, 20)}" of event ${i} is no impact`);
  if (currency === undefined) throw new Malformed(`"${country.slice(0, 20)}" of event ${i} is no currency`);
  const timeMs = readInstant(event.date, `the date of event ${i}`);
  const allDay = impact === 'holiday';
  return {
    // Holidays are stamped with their local midnight; the day is what counts.
    timeMs: allDay ? Math.round(timeMs / DAY_MS) * DAY_MS : timeMs,
    allDay,
    currency,
    impact,
    title,
    actual: figure(optionalText(event.actual, `the result of event ${i}`)),
    forecast: figure(optionalText(event.forecast, `the forecast of event ${i}`)),
    previous: figure(optionalText(event.previous, `the previous value of event ${i}`)),
  };
}
