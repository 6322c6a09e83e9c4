/** Stretches around scheduled news in which no position is opened (NEWS-20 to NEWS-23 in docs/spec/news.md). */
import type { BlackoutPolicy, BlackoutWindow, NewsEvent } from '../contract/news.ts';
import type { Instrument } from '../market/instruments.ts';

const MINUTE_MS = 60_000;
/** Stable coins of the dollar move with its news. */
const CODES: Readonly<Record<string, string>> = { USDT: 'USD', USDC: 'USD' };
const METALS = ['XAU', 'XAG'];

/**
 * NEWS-20: the currencies whose news move an instrument: both of an FX pair, the quote of metals and crypto, the
 * currency of a stock or of generated data.
 */
export function currenciesOf(
  instrument: Pick<Instrument, 'symbol' | 'assetClass' | 'quoteCurrency'>,
): string[] {
  const { symbol, assetClass, quoteCurrency } = instrument;
  const quote = CODES[quoteCurrency] ?? quoteCurrency;
  const base = symbol.slice(0, 3);
  return assetClass === 'fx' && !METALS.includes(base) && base !== quote ? [base, quote] : [quote];
}

/** Whether an event makes a blackout under a policy. NEWS-22: all-day events and holidays never do. */
function counts(event: NewsEvent, currencies: readonly string[], policy: BlackoutPolicy): boolean {
  if (event.allDay || event.impact === 'holiday') return false;
  if (event.impact !== 'high' && event.impact !== policy.impact) return false;
  return event.currency === 'ALL' || currencies.includes(event.currency);
}

/**
 * The blackout windows [fromMs, untilMs) of an instrument, in order. Windows that overlap or touch are one, with the
 * titles of all its events.
 * @param events in any order; those of other currencies or lower impact are left out
 */
export function blackoutWindows(
  events: readonly NewsEvent[],
  instrument: Pick<Instrument, 'symbol' | 'assetClass' | 'quoteCurrency'>,
  policy: BlackoutPolicy,
): BlackoutWindow[] {
  const currencies = currenciesOf(instrument);
  const relevant = events.filter((event) => counts(event, currencies, policy));
  relevant.sort((a, b) => a.timeMs - b.timeMs || (a.title < b.title ? -1 : 1));
  const windows: { fromMs: number; untilMs: number; reasons: string[] }[] = [];
  for (const event of relevant) {
    const fromMs = event.timeMs - policy.beforeMin * MINUTE_MS;
    const untilMs = event.timeMs + policy.afterMin * MINUTE_MS;
    if (untilMs <= fromMs) continue;
    const reason = `${event.currency} ${event.title} (${event.impact} impact)`;
    const last = windows.at(-1);
    if (last && fromMs <= last.untilMs) {
      last.untilMs = Math.max(last.untilMs, untilMs);
      if (!last.reasons.includes(reason)) last.reasons.push(reason);
    } else windows.push({ fromMs, untilMs, reasons: [reason] });
  }
  return windows;
}
