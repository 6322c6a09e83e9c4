/** One request to a provider, with its limits kept, its failures told apart and its secrets kept out of sight. */
import type { FrontierError } from '../../../src-shared/errors.ts';
import { ProviderErrors } from './httpErrors.ts';
import type { ProviderIo, RateLimit, TransportResponse } from './port.ts';
import { RateLimiter } from './rateLimit.ts';
import { askedWaitMs, backoffMs, serverTimeMs } from './retry.ts';
import { BodyTooLarge } from './transport.ts';

const ATTEMPTS = 6;
const TIMEOUT_MS = 30_000;
/** A longer wait is the user's decision: the fetch ends and says when to come back. */
const LONGEST_WAIT_MS = 10 * 60_000;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** What a body with status 200 means when it is no data. */
export type Verdict =
  | { readonly kind: 'data' }
  | { readonly kind: 'throttled'; readonly waitMs: number }
  | { readonly kind: 'error'; readonly error: FrontierError };

/** One GET. */
export interface JsonRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Values that must not appear in any message. */
  readonly secrets: readonly string[];
  /** What is asked for, as the user knows it, for messages: `EURUSD M1`. */
  readonly subject: string;
  /** Reads a body that parsed, for providers that answer failures with status 200. */
  readonly judge?: (body: unknown) => Verdict;
}

/** An answer that is data. */
export interface JsonAnswer {
  readonly body: unknown;
  /** Now by the server's clock where it states it, else by ours. Decides which bars are closed. */
  readonly nowMs: number;
}

/** What a client needs to know about its provider. */
export interface ClientOptions {
  readonly name: string;
  readonly rateLimits: readonly RateLimit[];
  /** What to do about a rejected key, in one sentence. */
  readonly keyHint: string;
  readonly timeoutMs?: number;
}

type Outcome =
  | { readonly kind: 'done'; readonly answer: JsonAnswer }
  | { readonly kind: 'again'; readonly waitMs: number | undefined; readonly why: string };

/** The requests of one provider; parallel ones share its limits. */
export class ProviderClient {
  readonly #limiter: RateLimiter;
  readonly #timeoutMs: number;
  readonly errors: ProviderErrors;

  constructor(options: ClientOptions) {
    this.#limiter = new RateLimiter(options.rateLimits);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.errors = new ProviderErrors(options.name, options.keyHint);
  }

  /**
   * Gets JSON. Retries 429, 5xx, broken connections, time-outs and cut-off bodies; never another 4xx.
   * @throws FrontierError as `HistoryProvider.fetchBars`
   */
  async getJson(request: JsonRequest, io: ProviderIo): Promise<JsonAnswer> {
    let why = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await this.#takeTurn(request, io);
      const outcome = await this.#once(request, io);
      if (outcome.kind === 'done') return outcome.answer;
      why = outcome.why;
      if (attempt === ATTEMPTS - 1) break;
      await this.#waitAgain(outcome, attempt, request, io);
    }
    throw this.errors.gaveUp(request, why, ATTEMPTS);
  }

  async #takeTurn(request: JsonRequest, io: ProviderIo): Promise<void> {
    const nowMs = io.clock.nowMs();
    const expectedMs = this.#limiter.waitMs(nowMs);
    if (expectedMs > LONGEST_WAIT_MS) throw this.errors.limitUsedUp(request, expectedMs);
    const waitMs = this.#limiter.reserve(nowMs);
    if (waitMs > 0) await this.#sleep(waitMs, 'rate limit', io);
    if (io.signal.aborted) throw this.errors.cancelled();
  }

  async #waitAgain(
    outcome: Extract<Outcome, { kind: 'again' }>,
    attempt: number,
    request: JsonRequest,
    io: ProviderIo,
  ): Promise<void> {
    const asked = outcome.waitMs;
    if (asked !== undefined && asked > LONGEST_WAIT_MS) throw this.errors.limitUsedUp(request, asked);
    const waitMs = Math.max(asked ?? 0, backoffMs(attempt, io.rng));
    // What the server asks of one request it asks of all with the same key.
    if (asked !== undefined) this.#limiter.pauseUntil(io.clock.nowMs() + asked);
    await this.#sleep(waitMs, outcome.why, io);
  }

  async #sleep(waitMs: number, reason: string, io: ProviderIo): Promise<void> {
    io.onProgress?.({ kind: 'waiting', waitMs, reason });
    try {
      await io.sleep(waitMs, io.signal);
    } catch (error) {
      if (io.signal.aborted) throw this.errors.cancelled();
      throw error;
    }
  }

  async #once(request: JsonRequest, io: ProviderIo): Promise<Outcome> {
    const deadline = io.deadline(this.#timeoutMs);
    const signal = AbortSignal.any([io.signal, deadline]);
    let response: TransportResponse;
    let text: string;
    try {
      response = await io.transport({
        url: request.url.href,
        headers: { accept: 'application/json', ...request.headers },
        signal,
        maxBodyBytes: MAX_BODY_BYTES,
      });
      text = await response.text();
    } catch (error) {
      if (io.signal.aborted) throw this.errors.cancelled();
      if (error instanceof BodyTooLarge) throw this.errors.tooLarge(request, error.maxBytes);
      const why = deadline.aborted ? `no answer within ${this.#timeoutMs / 1000} s` : networkReason(error);
      return { kind: 'again', waitMs: undefined, why };
    }
    return this.#read(request, response, text, io.clock.nowMs());
  }

  #read(request: JsonRequest, response: TransportResponse, text: string, nowMs: number): Outcome {
    const { status } = response;
    if (status === 429)
      return { kind: 'again', waitMs: askedWaitMs(response, nowMs), why: 'too many requests' };
    if (status >= 500)
      return { kind: 'again', waitMs: askedWaitMs(response, nowMs), why: `status ${status}` };
    if (status < 200 || status >= 300) throw this.errors.ofStatus(request, status, text);
    if (isHtml(response, text)) throw this.errors.html(request);
    const body = parsed(text);
    if (body === undefined) {
      if (!/^\s*[[{]/.test(text) && text.trim() !== '') throw this.errors.notJson(request, text);
      const why = text.trim() === '' ? `an empty answer (status ${status})` : 'the answer is cut off';
      return { kind: 'again', waitMs: undefined, why };
    }
    const verdict = request.judge?.(body.value) ?? { kind: 'data' };
    if (verdict.kind === 'error') throw verdict.error;
    if (verdict.kind === 'throttled')
      return { kind: 'again', waitMs: verdict.waitMs, why: 'too many requests' };
    return { kind: 'done', answer: { body: body.value, nowMs: serverTimeMs(response) ?? nowMs } };
  }
}

function isHtml(response: TransportResponse, text: string): boolean {
  return (response.header('content-type') ?? '').includes('text/html') || /^\s*</.test(text);
}

/** The value in an object, since JSON has a null of its own; undefined for what does not parse. */
function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The code of a network failure only: messages of the platform may hold the address and with it the key. */
function networkReason(error: unknown): string {
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = (e as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return `the connection failed (${code})`;
  }
  return 'the connection failed';
}
