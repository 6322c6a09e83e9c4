/** What all adapters do alike: check the question, find the key, leave out what is not closed, say what is covered. */
import type { Bar } from '../../../src-shared/market/bars.ts';
import { type Instrument, instrumentFor } from '../../../src-shared/market/instruments.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import type { ProviderErrors } from './httpErrors.ts';
import type { BarRequest, HistoryProvider, ProviderIo, ProviderKey } from './port.ts';
import { Malformed } from './reading.ts';

const HOUR_MS = 3_600_000;
/** Printable ASCII without the space: anything else fails in a header, with a message that quotes it. */
const USABLE_KEY = /^[\x21-\x7e]{1,512}$/;

/** Settings that every adapter takes. */
export interface AdapterOptions {
  /** Where the provider is; tests point it at a peer. Without a slash at the end. */
  readonly baseUrl?: string;
  readonly timeoutMs?: number;
}

/** How a request is named in messages. */
export function subjectOf(request: BarRequest): string {
  return `${request.symbol} ${request.timeframe}`;
}

/**
 * The instrument of a request that the provider can deliver.
 * @throws FrontierError BAD_INPUT for a kind of symbol, timeframe, price side or range that it cannot
 */
export function checkedInstrument(
  provider: Pick<HistoryProvider, 'capabilities'>,
  request: BarRequest,
  errors: ProviderErrors,
): Instrument {
  const { assetClasses, timeframes, priceSides } = provider.capabilities;
  const instrument = instrumentFor(request.symbol);
  if (!assetClasses.includes(instrument.assetClass)) {
    throw errors.unsupported(
      `${instrument.assetClass} symbols such as ${instrument.symbol}`,
      assetClasses.join(', '),
    );
  }
  if (!timeframes.includes(request.timeframe)) {
    throw errors.unsupported(`${request.timeframe} bars`, timeframes.join(', '));
  }
  if (!priceSides.includes(request.priceSide)) {
    throw errors.unsupported(`${request.priceSide} prices`, priceSides.join(', '));
  }
  const { fromMs, toMs } = request;
  if (!(Number.isInteger(fromMs) && Number.isInteger(toMs) && fromMs < toMs)) {
    throw errors.unsupported(`bars from ${fromMs} to ${toMs}`, 'bars between two instants in time order');
  }
  return instrument;
}

/** @throws FrontierError REFUSED without the key, BAD_INPUT for one that cannot be sent */
export async function requiredKey(key: ProviderKey, io: ProviderIo, errors: ProviderErrors): Promise<string> {
  const value = (await io.key(key.secret))?.trim();
  if (value === undefined || value === '') throw errors.missingKey(key.label);
  if (!USABLE_KEY.test(value)) throw errors.unusableKey(key.label);
  return value;
}

/** Runs a reader of untrusted data and names provider and subject when it is not as documented. */
export function reading<T>(request: BarRequest, errors: ProviderErrors, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) throw errors.broken(subjectOf(request), error.message);
    throw error;
  }
}

/** Bars that have ended: one still in progress would be stored with a wrong close for ever. */
export function closedRows(rows: readonly Bar[], timeframe: Timeframe, nowMs: number): Bar[] {
  const lengthMs = timeframeMs(timeframe);
  return rows.filter((row) => row.timeMs + lengthMs <= nowMs);
}

/** Rows whose open is in [fromMs, toMs), for providers that answer in whole days or pages. */
export function rowsWithin(rows: readonly Bar[], fromMs: number, toMs: number): Bar[] {
  return rows.filter((row) => row.timeMs >= fromMs && row.timeMs < toMs);
}

/**
 * Up to where a complete answer covers the request. An old stretch is settled whether or not it has bars. Near
 * the present a provider may lag, so only what is before the last bar delivered counts; the rest is asked again.
 * @param lastMs open of the last bar delivered so far
 */
export function coveredByAll(request: BarRequest, lastMs: number | undefined, nowMs: number): number {
  const settledMs = nowMs - Math.max(HOUR_MS, 2 * timeframeMs(request.timeframe));
  if (request.toMs <= settledMs) return request.toMs;
  return Math.max(request.fromMs, coveredBy(lastMs) ?? request.fromMs);
}

/** Up to where pages that end with this bar cover. */
export function coveredBy(lastMs: number | undefined): number | undefined {
  // Not the bar's end: on the day that clocks change the next daily bar opens an hour before it.
  return lastMs === undefined ? undefined : lastMs + 1;
}

/** Ends a fetch in which the provider repeats itself for ever. */
export class ProgressGuard {
  readonly #request: BarRequest;
  readonly #errors: ProviderErrors;
  #idle = 0;

  constructor(request: BarRequest, errors: ProviderErrors) {
    this.#request = request;
    this.#errors = errors;
  }

  /** @throws FrontierError CORRUPT when three answers in a row brought nothing new */
  note(advanced: boolean): void {
    this.#idle = advanced ? 0 : this.#idle + 1;
    if (this.#idle >= 3) {
      throw this.#errors.broken(subjectOf(this.#request), 'it repeats the same page instead of the next');
    }
  }
}

/** The two currencies of a pair such as EURUSD or BTCUSDT. */
export function pairOf(instrument: Instrument): { base: string; quote: string } {
  const quote = /(USDT|USDC)$/.exec(instrument.symbol)?.[1] ?? instrument.symbol.slice(-3);
  return { base: instrument.symbol.slice(0, -quote.length), quote };
}
