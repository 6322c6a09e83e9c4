/** The market that peers quote: bars in whole points, so that every protocol can print them exactly. */
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { type Timeframe, timeframeMs } from '../../src-shared/market/timeframes.ts';
import { integerBelow, SeededRng } from '../../src-shared/runtime.ts';

/** Prices in points of `POINT`. */
export interface PeerBar {
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

const DIGITS = 5;

/** A price as the decimal text that protocols send; exact, unlike a division. */
export function decimal(points: number): string {
  const text = String(points).padStart(DIGITS + 1, '0');
  return `${text.slice(0, -DIGITS)}.${text.slice(-DIGITS)}`;
}

/** A random walk with a bar wherever the symbol's calendar is open. Equal arguments give equal bars. */
export function peerBars(symbol: string, timeframe: Timeframe, fromMs: number, toMs: number): PeerBar[] {
  const calendar = calendarOf(instrumentFor(symbol));
  const rng = new SeededRng(7);
  const stepMs = timeframeMs(timeframe);
  const bars: PeerBar[] = [];
  let close = 110_000;
  for (const session of calendar.sessions(fromMs, toMs)) {
    const firstMs = session.openMs + Math.ceil(Math.max(0, fromMs - session.openMs) / stepMs) * stepMs;
    for (let timeMs = firstMs; timeMs < Math.min(session.closeMs, toMs); timeMs += stepMs) {
      const open = close + integerBelow(rng, 5) - 2;
      close = open + integerBelow(rng, 21) - 10;
      const high = Math.max(open, close) + integerBelow(rng, 8);
      const low = Math.min(open, close) - integerBelow(rng, 8);
      bars.push({ timeMs, open, high, low, close, volume: 1 + integerBelow(rng, 90) });
    }
  }
  return bars;
}
