/** The news providers' servers: their documented answers, refusals included. Tests change the world while they run. */
import { Peer, type PeerAnswer, type PeerRequest } from './peer.ts';

export interface PeerEvent {
  readonly timeMs: number;
  readonly currency: string;
  readonly country: string;
  readonly impact: string;
  readonly title: string;
  readonly actual?: number | null;
}

export interface PeerHeadline {
  readonly id: number;
  readonly timeMs: number;
  readonly text: string;
  readonly symbols: readonly string[];
}

export interface NewsWorld {
  events: readonly PeerEvent[];
  headlines: readonly PeerHeadline[];
  key: string;
}

const json = (body: unknown, status = 200): PeerAnswer => ({ status, body });

/** As ForexFactory writes instants: New York's offset in winter. */
const newYork = (ms: number): string => `${new Date(ms - 5 * 3_600_000).toISOString().slice(0, 19)}-05:00`;

/** ForexFactory's weekly file. */
export function startForexFactoryPeer(world: NewsWorld, nowMs: number): Promise<Peer> {
  return Peer.start((request) => {
    if (request.path !== '/ff_calendar_thisweek.json') return { status: 404, body: 'not found' };
    return json(
      world.events.map((e) => ({
        title: e.title,
        country: e.currency,
        date: newYork(e.timeMs),
        impact: e.impact,
        forecast: '170K',
        previous: '',
      })),
    );
  }, nowMs);
}

/** Financial Modeling Prep. More than 90 days are refused. */
export function startFmpPeer(world: NewsWorld, nowMs: number): Promise<Peer> {
  return Peer.start(({ path, query }) => {
    if (path !== '/stable/economic-calendar') return { status: 404, body: '[]' };
    if (query.get('apikey') !== world.key) {
      const message = 'Invalid API KEY. Please retry or visit our documentation to create one FREE';
      return json({ 'Error Message': `${message}: ${query.get('apikey')}` }, 401);
    }
    const from = Date.parse(`${query.get('from')}T00:00:00Z`);
    const to = Date.parse(`${query.get('to')}T00:00:00Z`) + 86_400_000;
    if (!(to > from && to - from <= 90 * 86_400_000))
      return json({ 'Error Message': 'Maximum 90 days' }, 400);
    const found = world.events.filter((e) => e.timeMs >= from && e.timeMs < to);
    return json(
      found.map((e) => ({
        date: new Date(e.timeMs).toISOString().slice(0, 19).replace('T', ' '),
        country: e.country,
        event: e.title,
        currency: e.currency === '' ? null : e.currency,
        previous: 3.7,
        estimate: null,
        actual: e.actual ?? null,
        change: 0,
        impact: e.impact,
        changePercentage: 0,
        unit: '%',
      })),
    );
  }, nowMs);
}

function alpacaPage(world: NewsWorld, { header, query, path }: PeerRequest): PeerAnswer {
  if (path !== '/v1beta1/news') return json({ message: 'endpoint not found.' }, 404);
  if (header('apca-api-key-id') !== world.key || header('apca-api-secret-key') !== `${world.key}-secret`)
    return json({ message: 'forbidden.' }, 403);
  const limit = Number(query.get('limit'));
  if (!(limit >= 1 && limit <= 50)) return json({ message: 'invalid limit' }, 400);
  const [from, to] = [Date.parse(query.get('start') ?? ''), Date.parse(query.get('end') ?? '')];
  const all = world.headlines.filter((h) => h.timeMs >= from && h.timeMs <= to);
  const start = Number(query.get('page_token') ?? '0');
  const next = start + limit < all.length ? String(start + limit) : null;
  return json({
    news: all.slice(start, start + limit).map((h) => ({
      id: h.id,
      headline: h.text,
      author: 'Desk',
      created_at: new Date(h.timeMs).toISOString().replace('.000Z', 'Z'),
      updated_at: new Date(h.timeMs).toISOString(),
      summary: '<p>Summary &amp; more</p>',
      content: '',
      url: `https://www.benzinga.com/${h.id}`,
      images: [],
      symbols: h.symbols,
      source: 'benzinga',
    })),
    next_page_token: next,
  });
}

/** Alpaca's headlines, with page tokens. */
export function startAlpacaNewsPeer(world: NewsWorld, nowMs: number): Promise<Peer> {
  return Peer.start((request) => alpacaPage(world, request), nowMs);
}

const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');

/** Alpha Vantage's headlines; refusals come with status 200. */
export function startAlphaVantageNewsPeer(world: NewsWorld, nowMs: number): Promise<Peer> {
  return Peer.start(({ query }) => {
    if (query.get('apikey') !== world.key)
      return json({
        'Error Message': 'the parameter apikey is invalid or missing. Please claim your free API key.',
      });
    const [from, to] = [query.get('time_from') ?? '', query.get('time_to') ?? ''];
    if (!/^\d{8}T\d{4}$/.test(from) || !/^\d{8}T\d{4}$/.test(to))
      return json({ Information: 'Invalid inputs. Please refer to the API documentation.' });
    const found = world.headlines.filter(
      (h) => stamp(h.timeMs).slice(0, 13) >= from && stamp(h.timeMs).slice(0, 13) <= to,
    );
    if (found.length === 0) return json({ Information: 'No articles found. Please adjust the time range.' });
    return json({
      items: String(found.length),
      sentiment_score_definition: 'x <= -0.35: Bearish',
      feed: found.map((h) => ({
        title: h.text,
        url: `https://example.com/${h.id}`,
        time_published: stamp(h.timeMs),
        authors: [],
        summary: 'A summary',
        banner_image: null,
        source: 'Example',
        overall_sentiment_score: 0.25,
        overall_sentiment_label: 'Somewhat-Bullish',
        ticker_sentiment: h.symbols.map((ticker) => ({ ticker: `FOREX:${ticker}`, relevance_score: '0.5' })),
      })),
    });
  }, nowMs);
}
