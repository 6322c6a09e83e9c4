/** One connection to a cTrader server: requests with their answers, heartbeats, events. Knows nothing of accounts. */
import type { Clock } from '../../../../src-shared/runtime.ts';
import type { OpenSocket, ProviderSocket } from '../port.ts';
import { Malformed } from '../reading.ts';
import { CTraderFault, faultOf } from './faults.ts';
import { decodeFrame, encodeFrame, type Frame, PAYLOAD, type Payload, type PayloadType } from './messages.ts';

/** The server closes a connection on which it hears nothing for ten seconds. */
const HEARTBEAT_MS = 8000;
/** Spotware's own client takes no larger ones. */
const MAX_MESSAGE_BYTES = 15_000_000;

/** What a connection needs from outside. */
export interface ConnectionIo {
  readonly openSocket: OpenSocket;
  readonly every: (ms: number, work: () => void) => () => void;
  readonly deadline: (ms: number) => AbortSignal;
  readonly clock: Clock;
}

interface Waiting {
  readonly expected: number;
  readonly resolve: (payload: Payload) => void;
  readonly reject: (fault: CTraderFault) => void;
}

/** A connection that was opened; it does not reconnect by itself. */
export class CTraderConnection {
  readonly #io: ConnectionIo;
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners = new Set<(frame: Frame) => void>();
  #socket: ProviderSocket | undefined;
  #stopHeartbeat = (): void => undefined;
  #nextId = 1;
  #lost: string | undefined;

  private constructor(io: ConnectionIo) {
    this.#io = io;
  }

  /**
   * @throws CTraderFault `lost` when nobody answers in time, SocketRefused when the server answers with something
   *   that is no socket
   */
  static async open(url: string, io: ConnectionIo, timeoutMs: number): Promise<CTraderConnection> {
    const connection = new CTraderConnection(io);
    const signal = io.deadline(timeoutMs);
    try {
      connection.#socket = await io.openSocket(
        { url, signal, maxMessageBytes: MAX_MESSAGE_BYTES },
        {
          onMessage: (text) => connection.#onMessage(text),
          onClose: () => connection.#lose('the connection was closed'),
        },
      );
    } catch (error) {
      if (signal.aborted) throw new CTraderFault('lost', `no answer within ${timeoutMs / 1000} s`);
      throw error;
    }
    connection.#stopHeartbeat = io.every(HEARTBEAT_MS, () =>
      connection.#send(undefined, PAYLOAD.heartbeat, {}),
    );
    return connection;
  }

  /** Why it can be used no more; undefined while it can. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Hears messages that answer no request, as events do. @returns ends the subscription */
  subscribe(listener: (frame: Frame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a request and waits for the answer of the expected type.
   * @param signal gives the wait up; the answer is dropped when it comes
   * @throws CTraderFault as the server says, or `lost` when it does not answer in time
   */
  async request(
    payloadType: PayloadType,
    payload: Payload,
    expected: PayloadType,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Payload> {
    if (this.#lost !== undefined) throw new CTraderFault('lost', this.#lost);
    const id = String(this.#nextId++);
    const { promise, resolve, reject } = Promise.withResolvers<Payload>();
    this.#waiting.set(id, { expected, resolve, reject });
    const deadline = this.#io.deadline(timeoutMs);
    const late = (): void => this.#lose(`no answer within ${timeoutMs / 1000} s`);
    const stop = (): void => reject(new CTraderFault('refused', 'CANCELLED'));
    deadline.addEventListener('abort', late, { once: true });
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (signal?.aborted) stop();
      else this.#send(id, payloadType, payload);
      return await promise;
    } finally {
      this.#waiting.delete(id);
      deadline.removeEventListener('abort', late);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends the connection; requests under way fail. */
  close(): void {
    this.#lose('the connection was closed');
  }

  #send(id: string | undefined, payloadType: PayloadType, payload: Payload): void {
    this.#socket?.send(encodeFrame(id, payloadType, payload));
  }

  /** A connection that once failed to answer, or to speak, is not trusted again. */
  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#stopHeartbeat();
    this.#socket?.close();
    for (const { reject } of [...this.#waiting.values()]) reject(new CTraderFault('lost', reason));
  }

  #onMessage(text: string): void {
    if (this.#lost !== undefined) return;
    try {
      this.#take(decodeFrame(text));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#lose(`the answer is cut off or damaged: ${error.message}`);
    }
  }

  #take(frame: Frame): void {
    if (frame.payloadType === PAYLOAD.heartbeat) return;
    if (frame.payloadType === PAYLOAD.clientDisconnectEvent) {
      this.#lose('the server ended the connection');
      return;
    }
    const waiting = frame.clientMsgId === undefined ? undefined : this.#waiting.get(frame.clientMsgId);
    if (!waiting) {
      for (const listener of this.#listeners) listener(frame);
      return;
    }
    if (frame.payloadType === waiting.expected) waiting.resolve(frame.payload);
    else if (frame.payloadType === PAYLOAD.error || frame.payloadType === PAYLOAD.commonError) {
      const isCommon = frame.payloadType === PAYLOAD.commonError;
      waiting.reject(faultOf(frame.payload, isCommon, this.#io.clock.nowMs()));
    } else this.#lose(`message ${frame.payloadType} came in place of ${waiting.expected}`);
  }
}
