/** A signed-in account of cTrader: connects, signs in, asks again after failures, and keeps the request limits. */
import type { FrontierError } from '../../../../src-shared/errors.ts';
import { quoted } from '../httpErrors.ts';
import { KeysExpired, type ProviderIo, type RateLimit } from '../port.ts';
import { RateLimiter } from '../rateLimit.ts';
import { Malformed } from '../reading.ts';
import { backoffMs } from '../retry.ts';
import { CTraderFault, type FaultKind } from './faults.ts';
import type { Payload, PayloadType } from './messages.ts';
import { type Credentials, type SignedIn, type SignInOptions, signIn } from './signIn.ts';

const ATTEMPTS = 6;
/** A longer wait is the user's decision. */
const LONGEST_WAIT_MS = 10 * 60_000;
/** After these the account has to be signed in again, on a new connection. */
const SESSION_OVER: readonly FaultKind[] = ['lost', 'unauthorised', 'token', 'client'];
const GENERAL_LIMIT: readonly RateLimit[] = [{ requests: 50, perMs: 1000 }];

export interface SessionOptions extends SignInOptions {
  readonly historyLimits: readonly RateLimit[];
}

/** A question about an account. */
export interface Question {
  readonly type: PayloadType;
  readonly expected: PayloadType;
  /** The fields without the account, which is added. */
  readonly payload: Payload;
  /** What is asked for, as the user knows it. */
  readonly subject: string;
  /** Whether the limit of historical requests holds for it. */
  readonly isHistory: boolean;
}

/** One per process and provider: parallel users share its connection and its limits. */
export class CTraderSession {
  readonly #options: SessionOptions;
  readonly #general = new RateLimiter(GENERAL_LIMIT);
  readonly #history: RateLimiter;
  #signedIn: Promise<SignedIn> | undefined;
  #current: SignedIn | undefined;
  #users = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#history = new RateLimiter(options.historyLimits);
  }

  /** Keeps the connection open until the returned function was called by everyone who uses it. */
  use(): () => void {
    this.#users++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      if (--this.#users === 0) this.#drop();
    };
  }

  /**
   * Asks about the account; signs in first where needed. Asks again what failed for a passing reason.
   * @throws FrontierError as `HistoryProvider.fetchBars`; KeysExpired when the access token ran out
   */
  async ask(question: Question, credentials: Credentials, io: ProviderIo): Promise<Payload> {
    const { errors } = this.#options;
    let why = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return await this.#once(question, credentials, io);
      } catch (error) {
        const fault = this.#passing(error, question, credentials, io);
        why = fault.errorCode;
        if (attempt === ATTEMPTS - 1) break;
        await this.#wait(fault, attempt, question, io);
      }
    }
    throw errors.gaveUp(question, why, ATTEMPTS);
  }

  async #once(question: Question, credentials: Credentials, io: ProviderIo): Promise<Payload> {
    if (io.signal.aborted) throw this.#options.errors.cancelled();
    const signedIn = await abortable(this.#ready(question, credentials, io), io.signal);
    await this.#takeTurn(question, io);
    try {
      return await this.#exchange(question, signedIn, io);
    } catch (error) {
      // Not whatever connection is in use by now: a parallel user may have opened a new one.
      if (error instanceof CTraderFault && SESSION_OVER.includes(error.kind)) signedIn.connection.close();
      throw error;
    }
  }

  async #exchange(question: Question, { connection, accountId }: SignedIn, io: ProviderIo): Promise<Payload> {
    const { type, expected } = question;
    const payload = { ctidTraderAccountId: accountId, ...question.payload };
    const answer = await connection.request(type, payload, expected, this.#options.timeoutMs, io.signal);
    if (Number(answer.ctidTraderAccountId) === accountId) return answer;
    throw new CTraderFault('lost', 'an answer of another account');
  }

  async #takeTurn(question: Question, io: ProviderIo): Promise<void> {
    const { errors } = this.#options;
    for (const limiter of question.isHistory ? [this.#general, this.#history] : [this.#general]) {
      const nowMs = io.clock.nowMs();
      if (limiter.waitMs(nowMs) > LONGEST_WAIT_MS) throw errors.limitUsedUp(question, limiter.waitMs(nowMs));
      const waitMs = limiter.reserve(nowMs);
      if (waitMs > 0) await this.#sleep(waitMs, 'rate limit', io);
    }
    if (io.signal.aborted) throw errors.cancelled();
  }

  /** @returns the fault when it may pass; @throws FrontierError when it will not */
  #passing(error: unknown, question: Question, credentials: Credentials, io: ProviderIo): CTraderFault {
    const { errors } = this.#options;
    if (io.signal.aborted) throw errors.cancelled();
    if (error instanceof Malformed) throw errors.broken(question.subject, error.message);
    if (!(error instanceof CTraderFault)) throw error;
    if (error.kind === 'again' || error.kind === 'lost' || error.kind === 'unauthorised') return error;
    throw this.#refusal(error, question, credentials);
  }

  #refusal(fault: CTraderFault, question: Question, credentials: Credentials): FrontierError {
    const { errors } = this.#options;
    const says = quoted(`${fault.errorCode} ${fault.says}`, [
      credentials.clientId,
      credentials.clientSecret,
      credentials.accessToken,
    ]);
    if (fault.kind === 'client') return errors.rejectedKey(says);
    if (fault.kind === 'token') {
      const error = errors.rejectedKey(says);
      return new KeysExpired(
        error.message,
        'The access of this application ran out: sign in at cTrader again and enter the new access and refresh token.',
      );
    }
    if (fault.kind === 'symbol') return errors.unknownSymbol(question.subject);
    return errors.refusedRequest(question.subject, says);
  }

  async #wait(fault: CTraderFault, attempt: number, question: Question, io: ProviderIo): Promise<void> {
    const asked = fault.waitMs;
    if (asked !== undefined && asked > LONGEST_WAIT_MS)
      throw this.#options.errors.limitUsedUp(question, asked);
    // What the server asks of one request it asks of all on this connection.
    if (asked !== undefined) this.#history.pauseUntil(io.clock.nowMs() + asked);
    await this.#sleep(Math.max(asked ?? 0, backoffMs(attempt, io.rng)), fault.errorCode, io);
  }

  async #sleep(waitMs: number, reason: string, io: ProviderIo): Promise<void> {
    io.onProgress?.({ kind: 'waiting', waitMs, reason });
    try {
      await io.sleep(waitMs, io.signal);
    } catch (error) {
      if (io.signal.aborted) throw this.#options.errors.cancelled();
      throw error;
    }
  }

  #drop(): void {
    this.#current?.connection.close();
    this.#current = undefined;
    this.#signedIn = undefined;
  }

  /** Parallel users wait for one sign-in. */
  #ready(question: Question, credentials: Credentials, io: ProviderIo): Promise<SignedIn> {
    if (this.#current?.connection.lost !== undefined) this.#drop();
    this.#signedIn ??= signIn(this.#options, credentials, question.subject, io).then(
      (signedIn) => {
        this.#current = signedIn;
        return signedIn;
      },
      (error: unknown) => {
        this.#signedIn = undefined;
        throw error;
      },
    );
    return this.#signedIn;
  }
}

/** Gives up waiting when the signal fires; what is waited for goes on for others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new CTraderFault('refused', 'CANCELLED'));
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([promise, stopped]).finally(() => signal.removeEventListener('abort', stop));
}
