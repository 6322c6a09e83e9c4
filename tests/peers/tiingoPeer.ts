/** Tiingo's FX and crypto prices. Requests name days; whether the last one is included is a setting of the peer. */
import { decimal, type PeerBar } from './market.ts';
import { Peer, type PeerAnswer, type PeerRequest } from './peer.ts';
import type { PeerWorld } from './world.ts';

const DAY_MS = 86_400_000;
const FREQUENCY = {
  M1: '1min',
  M5: '5min',
  M15: '15min',
  M30: '30min',
  H1: '1hour',
  H4: '4hour',
  D1: '1day',
} as const;

const refusal = (status: number, detail: string): PeerAnswer => ({ status, body: { detail } });

/** Starts the peer. */
export async function startTiingoPeer(world: PeerWorld, endIncluded = true): Promise<Peer> {
  const peer: Peer = await Peer.start((r) => prices(r, world, endIncluded, () => peer.nowMs), world.nowMs);
  return peer;
}

function prices(
  request: PeerRequest,
  world: PeerWorld,
  endIncluded: boolean,
  nowMs: () => number,
): PeerAnswer {
  if (request.header('authorization') !== `Token ${world.key}`) return refusal(401, 'Invalid token.');
  const crypto = request.path === '/tiingo/crypto/prices';
  const ticker = crypto
    ? request.query.get('tickers')
    : /^\/tiingo\/fx\/([a-z0-9]+)\/prices$/.exec(request.path)?.[1];
  if (ticker !== world.symbol.toLowerCase())
    return crypto ? { status: 200, body: [] } : refusal(404, 'Not found.');
  if (request.query.get('resampleFreq') !== FREQUENCY[world.timeframe])
    return refusal(400, 'bad resampleFreq');
  const fromMs = Date.parse(request.query.get('startDate') ?? '');
  const toMs = Date.parse(request.query.get('endDate') ?? '') + (endIncluded ? DAY_MS : 0);
  const found = world.bars.filter((b) => b.timeMs >= fromMs && b.timeMs < toMs && b.timeMs <= nowMs());
  if (!crypto) return { status: 200, body: found.map((bar) => fxRow(bar, ticker)) };
  const base = { ticker, baseCurrency: ticker.slice(0, 3), quoteCurrency: ticker.slice(3) };
  return { status: 200, body: [{ ...base, priceData: found.map(cryptoRow) }] };
}

const values = (bar: PeerBar) => ({
  open: Number(decimal(bar.open)),
  high: Number(decimal(bar.high)),
  low: Number(decimal(bar.low)),
  close: Number(decimal(bar.close)),
});

function fxRow(bar: PeerBar, ticker: string) {
  return { date: new Date(bar.timeMs).toISOString(), ticker, ...values(bar) };
}

function cryptoRow(bar: PeerBar) {
  return {
    date: new Date(bar.timeMs).toISOString().replace('.000Z', '+00:00'),
    ...values(bar),
    volume: bar.volume,
    volumeNotional: bar.volume,
    tradesDone: bar.volume,
  };
}
