/** Alpha Vantage's FX functions: everything in one answer, newest first, and failures with status 200. */
import { decimal } from './market.ts';
import { Peer, type PeerAnswer, type PeerRequest } from './peer.ts';
import type { PeerWorld } from './world.ts';

const INTERVAL = { M1: '1min', M5: '5min', M15: '15min', M30: '30min', H1: '60min', H4: '', D1: '' } as const;

const ok = (body: unknown): PeerAnswer => ({ status: 200, body });

/** The sentences that Alpha Vantage sends in place of data. */
export const alphaVantageMessages = {
  perMinute: ok({
    Note: 'Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 25 calls per day.',
  }),
  perDay: (key: string) =>
    ok({
      Information: `We have detected your API key as ${key} and our standard API rate limit is 25 requests per day.`,
    }),
  premium: ok({ Information: 'Thank you for using Alpha Vantage! This is a premium endpoint.' }),
};

/** Starts the peer. */
export async function startAlphaVantagePeer(world: PeerWorld): Promise<Peer> {
  const peer: Peer = await Peer.start((request) => query(request, world, () => peer.nowMs), world.nowMs);
  return peer;
}

function query(request: PeerRequest, world: PeerWorld, nowMs: () => number): PeerAnswer {
  const get = (name: string) => request.query.get(name) ?? '';
  if (get('apikey') !== world.key) {
    return ok({
      'Error Message': 'the parameter apikey is invalid or missing. Please claim your free API key.',
    });
  }
  const daily = get('function') === 'FX_DAILY';
  const interval = INTERVAL[world.timeframe];
  const asked = daily
    ? world.timeframe === 'D1'
    : get('function') === 'FX_INTRADAY' && get('interval') === interval;
  if (request.path !== '/query' || !asked || get('from_symbol') + get('to_symbol') !== world.symbol) {
    return ok({
      'Error Message': `Invalid API call. Please retry or visit the documentation for ${get('function')}.`,
    });
  }
  const full = get('outputsize') === 'full';
  const begun = world.bars.filter((bar) => bar.timeMs <= nowMs());
  const rows = (full ? begun : begun.slice(-100)).toReversed().map((bar) => {
    const text = new Date(bar.timeMs).toISOString();
    return [daily ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 19)}`, values(bar)];
  });
  return ok({
    'Meta Data': meta(world.symbol, daily, interval),
    [`Time Series FX (${daily ? 'Daily' : interval})`]: Object.fromEntries(rows),
  });
}

function values(bar: { open: number; high: number; low: number; close: number }) {
  return {
    '1. open': decimal(bar.open),
    '2. high': decimal(bar.high),
    '3. low': decimal(bar.low),
    '4. close': decimal(bar.close),
  };
}

function meta(symbol: string, daily: boolean, interval: string): Record<string, string> {
  const start = { '2. From Symbol': symbol.slice(0, 3), '3. To Symbol': symbol.slice(3) };
  if (daily) {
    return {
      '1. Information': 'Forex Daily Prices (open, high, low, close)',
      ...start,
      '6. Time Zone': 'UTC',
    };
  }
  return {
    '1. Information': `FX Intraday (${interval}) Time Series`,
    ...start,
    '5. Interval': interval,
    '7. Time Zone': 'UTC',
  };
}
