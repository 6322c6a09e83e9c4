import type { Impact } from '../../../src-shared/contract/news.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { resolveUserPath } from '../home.ts';
import type { CommonOptions } from '../options.ts';
import { day, table } from '../output.ts';
import { instantOf } from './calendar.ts';
import { withEngine } from './common.ts';

const DAY_MS = 86_400_000;

interface Imported {
  readonly events: number;
  readonly headlines: number;
  readonly known: number;
  readonly format: string;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly notes: readonly string[];
}

function text(r: Imported): string {
  const span = r.firstMs === null ? '' : `, ${day(r.firstMs)} to ${day(r.lastMs ?? r.firstMs)} UTC`;
  return [
    `${r.events} events and ${r.headlines} headlines, ${r.known} known (${r.format}${span})`,
    ...r.notes,
  ].join('\n');
}

export async function newsImport(file: string, options: CommonOptions & { zone?: string }): Promise<void> {
  const source = { kind: 'path' as const, path: resolveUserPath(file) };
  await withEngine(
    options,
    ({ client, signal }) => client.news.import({ source, zone: options.zone }, { signal }),
    text,
  );
}

export interface NewsListOptions extends CommonOptions {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly currency?: string | undefined;
  readonly impact?: Impact | undefined;
}

/** Events from now for a week unless told otherwise. */
function rangeOf(options: NewsListOptions): { fromMs: number; toMs: number } {
  const fromMs = options.from === undefined ? Date.now() : instantOf(options.from);
  return { fromMs, toMs: options.to === undefined ? fromMs + 7 * DAY_MS : instantOf(options.to) };
}

export async function newsList(options: NewsListOptions): Promise<void> {
  const currencies = options.currency
    ?.toUpperCase()
    .split(',')
    .map((code) => code.trim());
  const impacts = options.impact === undefined ? undefined : [options.impact];
  await withEngine(
    options,
    async ({ client }) => ({
      events: await client.news.events({ ...rangeOf(options), currencies, impacts }),
      sources: await client.news.sources(),
    }),
    ({ events, sources }) =>
      events.length > 0
        ? table(
            events.map((e) => [
              e.allDay ? `${day(e.timeMs).slice(0, 10)} all day` : day(e.timeMs),
              e.currency,
              e.impact,
              e.title,
              e.actual ?? '',
              e.forecast ?? '',
              e.previous ?? '',
            ]),
          )
        : sources.length === 0
          ? 'No news yet. Bring some with `frontier news import FILE`, or `frontier news fetch forexfactory`.'
          : 'No events in this stretch.',
  );
}

export async function newsFetch(
  providerId: string | undefined,
  options: CommonOptions & { from?: string; to?: string },
): Promise<void> {
  await withEngine<Imported | { providers: readonly { id: string; about: string; ready: boolean }[] }>(
    options,
    async ({ client, signal }) => {
      if (providerId === undefined) return { providers: await client.news.providers() };
      const toMs = options.to === undefined ? Date.now() + 7 * DAY_MS : instantOf(options.to);
      const fromMs = options.from === undefined ? toMs - 14 * DAY_MS : instantOf(options.from);
      if (fromMs >= toMs)
        throw new FrontierError('BAD_INPUT', 'The stretch has no length.', 'Let --from be before --to.');
      return client.news.fetch({ providerId, fromMs, toMs }, { signal });
    },
    (r) =>
      'providers' in r
        ? table(r.providers.map((p) => [p.id, p.ready ? 'ready' : 'needs a key', p.about]))
        : text(r),
  );
}
