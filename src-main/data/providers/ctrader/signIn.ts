/** Signs in to an account of cTrader: application, accounts of the token, account, in this order. */
import type { ProviderErrors } from '../httpErrors.ts';
import { readArray, readObject } from '../reading.ts';
import { SocketRefused } from '../socket.ts';
import { type ConnectionIo, CTraderConnection } from './connection.ts';
import { CTraderFault } from './faults.ts';
import { PAYLOAD, type Payload, type PayloadType, readWhole } from './messages.ts';

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

export interface SignInOptions {
  readonly servers: CTraderServers;
  readonly timeoutMs: number;
  readonly errors: ProviderErrors;
}

/** An account on a connection that may use it. */
export interface SignedIn {
  readonly connection: CTraderConnection;
  readonly accountId: number;
}

/**
 * Opens a connection and signs in; the connection closes when the account's session ends.
 * @param subject what it is for, as the user knows it
 * @throws CTraderFault as the server says, Malformed for answers that are not as documented, FrontierError REFUSED
 *   where there is no such account or no cTrader server at the address
 */
export async function signIn(
  options: SignInOptions,
  credentials: Credentials,
  subject: string,
  io: ConnectionIo,
): Promise<SignedIn> {
  const { servers, errors } = options;
  const door = new Door(options, credentials, subject, io);
  let connection = await door.connect(servers.demo);
  try {
    const account = chosen(await door.accounts(connection), credentials.account);
    if (account === undefined) throw errors.noAccount(credentials.account);
    if (account.isLive) {
      connection.close();
      connection = await door.connect(servers.live);
    }
    await door.enter(connection, account.id);
    closeWithSession(connection);
    return { connection, accountId: account.id };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The token was replaced or the account's session ended: whoever asks next has to sign in again. */
function closeWithSession(connection: CTraderConnection): void {
  const over: readonly number[] = [PAYLOAD.tokenInvalidatedEvent, PAYLOAD.accountDisconnectEvent];
  connection.subscribe((frame) => {
    if (over.includes(frame.payloadType)) connection.close();
  });
}

/** The steps, each with what all of them need. */
class Door {
  readonly #options: SignInOptions;
  readonly #credentials: Credentials;
  readonly #subject: string;
  readonly #io: ConnectionIo;

  constructor(options: SignInOptions, credentials: Credentials, subject: string, io: ConnectionIo) {
    this.#options = options;
    this.#credentials = credentials;
    this.#subject = subject;
    this.#io = io;
  }

  /** Opens a connection for the application. */
  async connect(url: string): Promise<CTraderConnection> {
    const connection = await this.#open(url);
    const { clientId, clientSecret } = this.#credentials;
    try {
      const payload = { clientId, clientSecret };
      await this.#ask(connection, PAYLOAD.applicationAuthReq, PAYLOAD.applicationAuthRes, payload);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async accounts(connection: CTraderConnection): Promise<Account[]> {
    const { accessToken } = this.#credentials;
    const { accountsByTokenReq, accountsByTokenRes } = PAYLOAD;
    return readAccounts(await this.#ask(connection, accountsByTokenReq, accountsByTokenRes, { accessToken }));
  }

  async enter(connection: CTraderConnection, accountId: number): Promise<void> {
    const payload = { ctidTraderAccountId: accountId, accessToken: this.#credentials.accessToken };
    await this.#ask(connection, PAYLOAD.accountAuthReq, PAYLOAD.accountAuthRes, payload);
  }

  #ask(
    connection: CTraderConnection,
    type: PayloadType,
    expected: PayloadType,
    payload: Payload,
  ): Promise<Payload> {
    return connection.request(type, payload, expected, this.#options.timeoutMs);
  }

  async #open(url: string): Promise<CTraderConnection> {
    const { errors, timeoutMs } = this.#options;
    const address = new URL(url);
    try {
      return await CTraderConnection.open(url, this.#io, timeoutMs);
    } catch (error) {
      if (error instanceof CTraderFault) throw error;
      if (!(error instanceof SocketRefused)) throw new CTraderFault('lost', networkReason(error));
      if (error.status >= 500) throw new CTraderFault('lost', `status ${error.status}`);
      if (error.status === 429) throw new CTraderFault('again', 'too many connections');
      if (error.status >= 300 && error.status < 400) throw errors.redirects(address, error.status);
      throw errors.html({ subject: this.#subject, url: address });
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
    const { traderLogin } = account;
    return {
      id: readWhole(account.ctidTraderAccountId, `the id of account ${i}`),
      login: traderLogin === undefined ? undefined : readWhole(traderLogin, `the login of account ${i}`),
      isLive: account.isLive === true,
    };
  });
}

/** The account that was named, else a demo account, else the first: reading history needs no money. */
function chosen(accounts: readonly Account[], wanted: string | undefined): Account | undefined {
  if (wanted === undefined) return accounts.find((a) => !a.isLive) ?? accounts[0];
  return accounts.find((a) => String(a.login) === wanted || String(a.id) === wanted);
}

/** The code of a failure only: messages of the platform may hold more than the user should read. */
function networkReason(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? `the connection failed (${code})` : 'the connection failed';
}
