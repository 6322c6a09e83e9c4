/** Alpaca's historical bars for crypto and stocks, with page tokens. */
import { decimal, type PeerBar } from './market.ts';
import { Peer, type PeerAnswer, type PeerRequest } from './peer.ts';
import type { PeerWorld } from './world.ts';

const TIMEFRAME = {
  M1: '1Min',
  M5: '5Min',
  M15: '15Min',
  M30: '30Min',
  H1: '1Hour',
  H4: '4Hour',
  D1: '1Day',
} as const;

const refusal = (status: number, message: string): PeerAnswer => ({ status, body: { message } });

/** The secret key that goes with a key id. */
export const alpacaSecretOf = (keyId: string): string => `${keyId}-secret`;

/** Starts the peer. @param stampOf the time that a bar is sent with; daily bars of stocks: midnight in New York */
export async function startAlpacaPeer(
  world: PeerWorld,
  stampOf: (bar: PeerBar) => number = (bar) => bar.timeMs,
): Promise<Peer> {
  const peer: Peer = await Peer.start(
    (request) => bars(request, world, stampOf, () => peer.nowMs),
    world.nowMs,
  );
  return peer;
}

function bars(
  request: PeerRequest,
  world: PeerWorld,
  stampOf: (bar: PeerBar) => number,
  nowMs: () => number,
): PeerAnswer {
  const id = request.header('apca-api-key-id');
  if (id === undefined) return refusal(401, 'unauthorized.');
  if (id !== world.key || request.header('apca-api-secret-key') !== alpacaSecretOf(id)) {
    return refusal(403, 'forbidden.');
  }
  const crypto = request.path === '/v1beta3/crypto/us/bars';
  if (!crypto && request.path !== '/v2/stocks/bars') return refusal(404, 'endpoint not found.');
  const { query } = request;
  const limit = Number(query.get('limit') ?? '1000');
  if (!(limit >= 1 && limit <= 10_000)) return refusal(400, 'invalid limit: must be between 1 and 10000');
  if (query.get('timeframe') !== TIMEFRAME[world.timeframe]) return refusal(400, 'invalid timeframe');
  const symbol = query.get('symbols') ?? '';
  const known = symbol.replace('/', '') === world.symbol && symbol.includes('/') === crypto;
  if (!known) return refusal(400, `invalid symbol: ${symbol}`);
  const fromMs = Date.parse(query.get('start') ?? '');
  const toMs = Date.parse(query.get('end') ?? '');
  const found = world.bars.filter((b) => stampOf(b) >= fromMs && stampOf(b) <= toMs && stampOf(b) <= nowMs());
  return page(symbol, found, stampOf, limit, query.get('page_token'));
}

function page(
  symbol: string,
  found: readonly PeerBar[],
  stampOf: (bar: PeerBar) => number,
  limit: number,
  token: string | null,
): PeerAnswer {
  const from = token === null ? 0 : Number(Buffer.from(token, 'base64').toString('utf8').split('|')[1]);
  const to = Math.min(found.length, from + limit);
  const next = to < found.length ? Buffer.from(`${symbol}|${to}`).toString('base64') : null;
  const list = found.slice(from, to).map((bar) => ({
    t: new Date(stampOf(bar)).toISOString().replace('.000Z', 'Z'),
    o: Number(decimal(bar.open)),
    h: Number(decimal(bar.high)),
    l: Number(decimal(bar.low)),
    c: Number(decimal(bar.close)),
    v: bar.volume,
    n: bar.volume,
    vw: Number(decimal(bar.close)),
  }));
  return {
    status: 200,
    body: { bars: list.length > 0 ? { [symbol]: list } : {}, next_page_token: next },
    headers: { 'x-ratelimit-limit': '200', 'x-ratelimit-remaining': '199' },
  };
}
