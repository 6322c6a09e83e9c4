import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Who may speak to the loopback host. Binding to 127.0.0.1 keeps other machines out; these checks keep out the
 * other programs of this machine's browser: a page on another site (Origin, Sec-Fetch-Site), a name that was
 * rebound to 127.0.0.1 (Host), and anything that does not know the token.
 */

export type Refusal = { readonly status: 400 | 401 | 403; readonly reason: string };

const LOOPBACK_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

function equal(a: string, b: string): boolean {
  // Hashing first makes the lengths equal and the comparison take the same time for every guess.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value;
  }
  return undefined;
}

export class Guard {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /**
   * Host must name this machine; Origin, where a browser sends one, must be the page we served. The port is free,
   * so that a tunnel may listen on another one.
   */
  checkOrigin(headers: IncomingHttpHeaders): Refusal | undefined {
    const host = headers.host ?? '';
    if (!LOOPBACK_NAMES.has(nameOf(host)))
      return { status: 403, reason: 'The Host header does not name this machine.' };
    const origin = headers.origin;
    if (origin !== undefined && origin !== `http://${host}`)
      return { status: 403, reason: 'Another site asked.' };
    if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
      return { status: 403, reason: 'Another site asked.' };
    return undefined;
  }

  /** The token of the address opens everything; the cookie that the first page sets opens static files only. */
  checkStatic(headers: IncomingHttpHeaders, url: URL, cookieName: string): Refusal | undefined {
    const refusal = this.checkOrigin(headers);
    if (refusal) return refusal;
    const given = url.searchParams.get('token');
    if (given !== null)
      return equal(given, this.#token) ? undefined : { status: 401, reason: 'The token is wrong.' };
    const cookie = cookieOf(headers, cookieName);
    if (cookie !== undefined && equal(cookie, this.staticCookie())) return undefined;
    return { status: 401, reason: 'The address needs the token that Frontier printed when it started.' };
  }

  /** WebSocket: the token comes as the second subprotocol, so that it stands in no address and no log. */
  checkSocket(headers: IncomingHttpHeaders): Refusal | undefined {
    const refusal = this.checkOrigin(headers);
    if (refusal) return refusal;
    const [protocol, token] = (headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim());
    if (protocol !== 'frontier' || !token || !equal(token, this.#token))
      return { status: 401, reason: 'The token is wrong.' };
    return undefined;
  }

  /** Derived from the token and useless for RPC: cookies are shared between the ports of a host name. */
  staticCookie(): string {
    return createHmac('sha256', this.#token).update('static files').digest('base64url');
  }
}
