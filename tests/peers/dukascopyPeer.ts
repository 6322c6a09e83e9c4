/**
 * Dukascopy's candle server as dukascopy-node 1.50.0 asks it: finished periods by path, running ones by `?from=`.
 * Columns of differences in points; the first difference is from the base values, times count candles.
 */
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { PeerBar } from './market.ts';
import { Peer, type PeerAnswer, type PeerRequest } from './peer.ts';
import type { PeerWorld } from './world.ts';

const MULTIPLIER = 1e-5;
const PATH =
  /^\/v1\/candles\/(minute|hour)\/([A-Z]{3})-([A-Z]{3})\/(BID|ASK)(?:\/(\d{4})\/(\d{1,2})(?:\/(\d{1,2}))?)?$/;

/** Starts the peer; the half spread is one point. */
export async function startDukascopyPeer(world: PeerWorld): Promise<Peer> {
  const peer: Peer = await Peer.start((request) => candles(request, world, () => peer.nowMs), world.nowMs);
  return peer;
}

const refusal = (status: number, message: string): PeerAnswer => ({ status, body: { message } });

function candles(request: PeerRequest, world: PeerWorld, nowMs: () => number): PeerAnswer {
  const match = PATH.exec(request.path);
  if (!match) return refusal(404, 'Not Found');
  const [, kind, base, quote, side, year, month, day] = match;
  if (`${base}${quote}` !== world.symbol) return refusal(404, 'Unknown instrument');
  if (kind !== (world.timeframe === 'M1' ? 'minute' : 'hour')) return refusal(404, 'Not Found');
  const period = periodOf(request, kind, [year, month, day], nowMs());
  if (period === undefined) return refusal(400, 'Bad Request');
  const shiftMs = timeframeMs(world.timeframe);
  const chosen = world.bars.filter(
    (b) => b.timeMs >= period.fromMs && b.timeMs < period.toMs && b.timeMs <= nowMs(),
  );
  return { status: 200, body: encoded(chosen, shiftMs, side === 'BID' ? -1 : 1, period.fromMs) };
}

/** Undefined for a period that has not ended, which only `?from=` asks for. */
function periodOf(
  request: PeerRequest,
  kind: string | undefined,
  [year, month, day]: readonly (string | undefined)[],
  nowMs: number,
): { fromMs: number; toMs: number } | undefined {
  if (year === undefined) {
    const fromMs = Number(request.query.get('from') ?? Number.NaN);
    return Number.isFinite(fromMs) ? { fromMs, toMs: Number.POSITIVE_INFINITY } : undefined;
  }
  const [y, m, d] = [Number(year), Number(month) - 1, Number(day)];
  if ((kind === 'minute') !== (day !== undefined)) return undefined;
  const fromMs = kind === 'minute' ? Date.UTC(y, m, d) : Date.UTC(y, m);
  const toMs = kind === 'minute' ? Date.UTC(y, m, d + 1) : Date.UTC(y, m + 1);
  return toMs <= nowMs ? { fromMs, toMs } : undefined;
}

function encoded(bars: readonly PeerBar[], shiftMs: number, shift: number, fromMs: number): unknown {
  const first = bars[0];
  const base = { timestamp: first?.timeMs ?? fromMs, multiplier: MULTIPLIER, shift: shiftMs };
  if (first === undefined) {
    return { ...base, times: [], opens: [], highs: [], lows: [], closes: [], volumes: [] };
  }
  const differences = (field: 'open' | 'high' | 'low' | 'close'): number[] =>
    bars.map((bar, i) => bar[field] - (bars[i - 1] ?? first)[field]);
  const price = (points: number): number => Number(((points + shift) * MULTIPLIER).toFixed(5));
  return {
    ...base,
    open: price(first.open),
    high: price(first.high),
    low: price(first.low),
    close: price(first.close),
    times: bars.map((bar, i) => (bar.timeMs - (bars[i - 1] ?? first).timeMs) / shiftMs),
    opens: differences('open'),
    highs: differences('high'),
    lows: differences('low'),
    closes: differences('close'),
    volumes: bars.map((bar) => bar.volume),
  };
}
