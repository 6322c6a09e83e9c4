/**
 * A provider's server on 127.0.0.1: a protocol is a function from request to answer, and faults come between.
 * The peer has a clock of its own, which it states in every answer.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the protocol sees it. */
export interface PeerRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
}

/** Objects are sent as JSON. */
export interface PeerAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What goes wrong with one request; the protocol never sees it, except where its answer is damaged. */
export type Fault =
  | { readonly kind: 'too-many'; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'server-error'; readonly status?: number }
  /** The connection breaks in the middle of the body. */
  | { readonly kind: 'truncated' }
  /** The body ends early, although its length is stated so. */
  | { readonly kind: 'cut-json' }
  | { readonly kind: 'html' }
  /** No answer until the client gives up. */
  | { readonly kind: 'slow' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'redirect'; readonly to: string }
  /** The answer to the request before comes again. */
  | { readonly kind: 'repeat' }
  /** Any answer in place of the protocol's. */
  | { readonly kind: 'answer'; readonly answer: PeerAnswer };

/** Speaks one provider's protocol. */
export type Protocol = (request: PeerRequest) => PeerAnswer;

/** A running peer. */
export class Peer {
  readonly requests: PeerRequest[] = [];
  /** The server's clock, epoch milliseconds UTC. */
  nowMs: number;
  /** Faults of the next requests, one each. */
  readonly faults: Fault[] = [];
  #server: Server;
  #protocol: Protocol;
  #last: PeerAnswer | undefined;

  constructor(protocol: Protocol, nowMs: number) {
    this.#protocol = protocol;
    this.nowMs = nowMs;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(protocol: Protocol, nowMs: number): Promise<Peer> {
    const peer = new Peer(protocol, nowMs);
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url);
    const seen: PeerRequest = {
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      header: (name) => request.headers[name]?.toString(),
    };
    this.requests.push(seen);
    response.sendDate = false;
    response.setHeader('date', new Date(this.nowMs).toUTCString());
    const fault = this.faults.shift();
    if (fault === undefined) this.#answer(response, this.#ask(seen));
    else this.#fail(fault, seen, response);
  }

  #ask(seen: PeerRequest): PeerAnswer {
    this.#last = this.#protocol(seen);
    return this.#last;
  }

  #fail(fault: Fault, seen: PeerRequest, response: ServerResponse): void {
    const replacement = this.#replacement(fault, seen);
    if (replacement) this.#answer(response, replacement);
    else if (fault.kind === 'reset') response.socket?.destroy();
    else if (fault.kind === 'truncated' || fault.kind === 'cut-json') {
      this.#damage(fault.kind, JSON.stringify(this.#ask(seen).body), response);
    }
    // A slow one gets nothing until the client hangs up.
  }

  /** Whole answers that stand in for the protocol's. */
  #replacement(fault: Fault, seen: PeerRequest): PeerAnswer | undefined {
    switch (fault.kind) {
      case 'too-many': {
        const answer = { status: 429, body: { message: 'too many requests.' } };
        return fault.headers ? { ...answer, headers: fault.headers } : answer;
      }
      case 'server-error':
        return { status: fault.status ?? 500, body: 'internal error' };
      case 'html': {
        const body = '<!DOCTYPE html><html><body>Please sign in</body></html>';
        return { status: 200, body, headers: { 'content-type': 'text/html; charset=utf-8' } };
      }
      case 'redirect':
        return { status: 302, body: '', headers: { location: fault.to } };
      case 'repeat':
        return this.#last ?? this.#ask(seen);
      case 'answer':
        return fault.answer;
      default:
        return undefined;
    }
  }

  #damage(kind: 'truncated' | 'cut-json', body: string, response: ServerResponse): void {
    const half = body.slice(0, Math.floor(body.length / 2));
    const stated = kind === 'truncated' ? body : half;
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(stated)),
    });
    if (kind === 'cut-json') response.end(half);
    else response.write(half, () => response.socket?.destroy());
  }

  #answer(response: ServerResponse, answer: PeerAnswer): void {
    const json = typeof answer.body !== 'string';
    response.writeHead(answer.status, {
      'content-type': json ? 'application/json' : 'text/plain',
      ...answer.headers,
    });
    response.end(json ? JSON.stringify(answer.body) : answer.body);
  }
}
