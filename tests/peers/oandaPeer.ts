/** OANDA's candle endpoint as documented at developer.oanda.com/rest-live-v20/instrument-ep. */
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import { decimal, type PeerBar } from './market.ts';
import { Peer, type PeerAnswer, type PeerRequest } from './peer.ts';
import type { PeerWorld } from './world.ts';

const GRANULARITY = { M1: 'M1', M5: 'M5', M15: 'M15', M30: 'M30', H1: 'H1', H4: 'H4', D1: 'D' } as const;
const SIDES = { M: ['mid', 0], B: ['bid', -1], A: ['ask', 1] } as const;

const refusal = (status: number, errorMessage: string): PeerAnswer => ({ status, body: { errorMessage } });

/** Starts the peer; the half spread is one point. */
export async function startOandaPeer(world: PeerWorld): Promise<Peer> {
  const peer: Peer = await Peer.start((request) => candles(request, world, () => peer.nowMs), world.nowMs);
  return peer;
}

function candles(request: PeerRequest, world: PeerWorld, nowMs: () => number): PeerAnswer {
  if (request.header('authorization') !== `Bearer ${world.key}`) {
    return refusal(401, 'Insufficient authorization to perform request.');
  }
  const instrument = /^\/v3\/instruments\/([A-Z]{3}_[A-Z]{3})\/candles$/.exec(request.path)?.[1];
  if (instrument === undefined) return refusal(404, 'Not found');
  if (instrument.replace('_', '') !== world.symbol)
    return refusal(400, "Invalid value specified for 'instrument'");
  const { query } = request;
  const count = Number(query.get('count') ?? '500');
  if (count > 5000) return refusal(400, "Maximum value for 'count' exceeded");
  if (query.has('count') && query.has('from') && query.has('to')) {
    return refusal(400, "'count' cannot be specified when 'to' and 'from' are set");
  }
  const side = SIDES[(query.get('price') ?? 'M') as keyof typeof SIDES];
  const granularity = query.get('granularity') ?? 'S5';
  if (side === undefined || granularity !== GRANULARITY[world.timeframe])
    return refusal(400, 'Invalid value');
  const chosen = choose(
    world,
    Date.parse(query.get('from') ?? ''),
    query.get('includeFirst') !== 'false',
    nowMs(),
  );
  return {
    status: 200,
    body: {
      instrument,
      granularity,
      candles: chosen.slice(0, count).map((bar) => candle(bar, world, side, nowMs())),
    },
  };
}

/** Candles that have begun, from the one that covers `from` on. */
function choose(world: PeerWorld, fromMs: number, includeFirst: boolean, nowMs: number): PeerBar[] {
  const lengthMs = timeframeMs(world.timeframe);
  return world.bars.filter((bar) => {
    if (bar.timeMs > nowMs || bar.timeMs + lengthMs <= fromMs) return false;
    return includeFirst || bar.timeMs > fromMs;
  });
}

function candle(bar: PeerBar, world: PeerWorld, side: (typeof SIDES)[keyof typeof SIDES], nowMs: number) {
  const [name, shift] = side;
  const text = (points: number) => decimal(points + shift);
  return {
    complete: bar.timeMs + timeframeMs(world.timeframe) <= nowMs,
    volume: bar.volume,
    time: new Date(bar.timeMs).toISOString().replace(/\.(\d{3})Z$/, '.$1000000Z'),
    [name]: { o: text(bar.open), h: text(bar.high), l: text(bar.low), c: text(bar.close) },
  };
}
