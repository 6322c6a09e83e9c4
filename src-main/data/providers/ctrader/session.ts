/** A signed-in account of cTrader: connects, signs in, asks again after failures, and keeps the request limits. */
import type { FrontierError } from '../../../../src-shared/errors.ts';
import type { ProviderErrors } from '../httpErrors.ts';
import { quoted } from '../httpErrors.ts';
import { KeysExpired, type ProviderIo, type RateLimit } from '../port.ts';
import { RateLimiter } from '../rateLimit.ts';
import { Malformed, readArray, readObject } from '../reading.ts';
import { backoffMs } from '../retry.ts';
import { SocketRefused } from '../socket.ts';
import { CTraderConnection } from './connection.ts';
import { CTraderFault, type FaultKind } from './faults.ts';
import { PAYLOAD, type Payload, type PayloadType, readWhole } from './messages.ts';

const ATTEMPTS = 6;
/** A longer wait is the user's decision. */
const LONGEST_WAIT_MS = 10 * 60_000;
/** After these the account has to be signed in again, on a new connection. */
const SESSION_OVER: readonly FaultKind[] = ['lost', 'unauthorised', 'token', 'client'];
const GENERAL_LIMIT: readonly RateLimit[] = [{ requests: 50, perMs: 1000 }];

/** What signs in. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accessToken: string;
  /** Login number or id of the account to use; the first one of the server without it. */
  readonly account: string | undefined;
}

/** Where the two kinds of accounts are; a connection serves one kind only. */
export interface CTraderServers {
  readonly demo: string;
  readonly live: string;
}

export interface SessionOptions {
  readonly servers: CTraderServers;
  readonly timeoutMs: number;
  readonly historyLimits: readonly RateLimit[];
  readonly errors: ProviderErrors;
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

interface SignedIn {
  readonly connection: CTraderConnection;
  readonly accountId: number;
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
    this.#signedIn ??= this.#signIn(question, credentials, io).then(
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

  async #signIn(question: Question, credentials: Credentials, io: ProviderIo): Promise<SignedIn> {
    const demo = await this.#connect(this.#options.servers.demo, credentials, question, io);
    const accounts = await this.#accounts(demo, credentials);
    const account = chosen(accounts, credentials.account);
    if (account === undefined) {
      demo.close();
      throw this.#options.errors.noAccount(credentials.account);
    }
    let connection = demo;
    if (account.isLive) {
      demo.close();
      connection = await this.#connect(this.#options.servers.live, credentials, question, io);
    }
    await this.#handshake(connection, PAYLOAD.accountAuthReq, PAYLOAD.accountAuthRes, {
      ctidTraderAccountId: account.id,
      accessToken: credentials.accessToken,
    });
    connection.subscribe((frame) => {
      // The token was replaced or the account's session ended: the next question signs in again.
      if (frame.payloadType === PAYLOAD.tokenInvalidatedEvent) connection.close();
      if (frame.payloadType === PAYLOAD.accountDisconnectEvent) connection.close();
    });
    return { connection, accountId: account.id };
  }

  async #connect(
    url: string,
    credentials: Credentials,
    question: Question,
    io: ProviderIo,
  ): Promise<CTraderConnection> {
    const connection = await this.#open(url, question, io);
    const { clientId, clientSecret } = credentials;
    await this.#handshake(connection, PAYLOAD.applicationAuthReq, PAYLOAD.applicationAuthRes, {
      clientId,
      clientSecret,
    });
    return connection;
  }

  async #open(url: string, question: Question, io: ProviderIo): Promise<CTraderConnection> {
    const { errors, timeoutMs } = this.#options;
    const address = new URL(url);
    try {
      return await CTraderConnection.open(url, io, timeoutMs);
    } catch (error) {
      if (error instanceof CTraderFault) throw error;
      if (!(error instanceof SocketRefused)) throw new CTraderFault('lost', networkReason(error));
      if (error.status >= 500) throw new CTraderFault('lost', `status ${error.status}`);
      if (error.status === 429) throw new CTraderFault('again', 'too many connections');
      if (error.status >= 300 && error.status < 400) throw errors.redirects(address, error.status);
      throw errors.html({ subject: question.subject, url: address });
    }
  }

  /** A step of signing in; a connection on which one fails is of no use. */
  async #handshake(
    connection: CTraderConnection,
    type: PayloadType,
    expected: PayloadType,
    payload: Payload,
  ): Promise<Payload> {
    try {
      return await connection.request(type, payload, expected, this.#options.timeoutMs);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #accounts(connection: CTraderConnection, credentials: Credentials): Promise<Account[]> {
    const answer = await this.#handshake(connection, PAYLOAD.accountsByTokenReq, PAYLOAD.accountsByTokenRes, {
      accessToken: credentials.accessToken,
    });
    try {
      return readAccounts(answer);
    } catch (error) {
      connection.close();
      throw error;
    }
  }
}

interface Account {
  readonly id: number;
  readonly login: number | undefined;
  readonly isLive: boolean;
}

function readAccounts(answer: Payload): Account[] {
  return readArray(answer.ctidTraderAccount ?? [], 'the accounts').map((item, i) => {
    const account = readObject(item, `account ${i}`);
    return {
      id: readWhole(account.ctidTraderAccountId, `the id of account ${i}`),
      login:
        account.traderLogin === undefined
          ? undefined
          : readWhole(account.traderLogin, `the login of account ${i}`),
      isLive: account.isLive === true,
    };
  });
}

/** The account that was named, else a demo account, else the first: reading history needs no money. */
function chosen(accounts: readonly Account[], wanted: string | undefined): Account | undefined {
  if (wanted !== undefined)
    return accounts.find((a) => String(a.login) === wanted || String(a.id) === wanted);
  return accounts.find((a) => !a.isLive) ?? accounts[0];
}

/** Gives up waiting when the signal fires; what is waited for goes on for others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new CTraderFault('refused', 'CANCELLED'));
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([promise, stopped]).finally(() => signal.removeEventListener('abort', stop));
}

/** The code of a failure only: messages of the platform may hold more than the user should read. */
function networkReason(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? `the connection failed (${code})` : 'the connection failed';
}
