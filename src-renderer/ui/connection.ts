import type { ClientContext, ClientLink } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import { createStore } from 'zustand/vanilla';

export type ConnectionState = 'connecting' | 'open' | 'closed';

export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** Counts successful connections, so that a subscription can tell a new one from the one it had. */
  readonly generation: number;
  /** Set when trying again cannot help: the page was opened without the token that the engine printed. */
  readonly noToken: boolean;
  /** Failed tries since the connection was last open. */
  readonly failures: number;
}

type Link = ClientLink<ClientContext>;
interface Opened {
  readonly link: Link;
  /** Calls back when the transport says that it is gone. */
  readonly onClose: (listener: () => void) => void;
  /** Ends the transport and every call that waits on it. */
  readonly close: () => void;
}

const TOKEN_KEY = 'frontier.token';
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;
/** How long a call waits for a connection before it fails; longer than a reload of the engine takes. */
const CALL_PATIENCE_MS = 15_000;
const PULSE_EVERY_MS = 4_000;
/** An engine that leaves the smallest question unanswered for this long is gone. */
const PULSE_PATIENCE_MS = 15_000;
/** How long the shell may take to hand over a port; after that it is asked again. */
const PORT_PATIENCE_MS = 5_000;

/** State of the one connection to the engine. */
export const connection = createStore<ConnectionStatus>(() => ({
  state: 'connecting',
  generation: 0,
  noToken: false,
  failures: 0,
}));

let current: Link | undefined;
let waiting: Array<(link: Link) => void> = [];

/** Takes the token out of the address, so that it is neither bookmarked nor shown, and keeps it for reloads. */
function takeToken(): string | undefined {
  const url = new URL(location.href);
  const fromUrl = url.searchParams.get('token');
  if (fromUrl) {
    sessionStorage.setItem(TOKEN_KEY, fromUrl);
    url.searchParams.delete('token');
    history.replaceState(null, '', url);
    return fromUrl;
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? undefined;
}

function openSocket(token: string): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const websocket = new WebSocket(`${scheme}://${location.host}/rpc`, ['frontier', token]);
    websocket.binaryType = 'arraybuffer';
    const link = new SocketLink({ websocket });
    const refused = () => reject(new Error('The engine did not accept the connection.'));
    websocket.addEventListener('close', refused, { once: true });
    websocket.addEventListener(
      'open',
      () =>
        resolve({
          link,
          onClose: (listener) => websocket.addEventListener('close', listener),
          close() {
            websocket.close();
            // Over a broken tunnel the closing handshake takes its time; nobody needs to wait for it.
            websocket.dispatchEvent(new CloseEvent('close'));
          },
        }),
      { once: true },
    );
  });
}

function openPort(desktop: FrontierDesktop): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      window.removeEventListener('message', onMessage);
      reject(new Error('The shell gave no port.'));
    }, PORT_PATIENCE_MS);
    const onMessage = (event: MessageEvent) => {
      // Only our own preload script posts into this window; anything else is not for us.
      if (event.source !== window || event.data !== 'frontier:port') return;
      const port = event.ports[0];
      if (!port) return;
      clearTimeout(timer);
      window.removeEventListener('message', onMessage);
      const link = new PortLink({ port });
      port.start();
      resolve({
        link,
        onClose: (listener) => port.addEventListener('close', listener),
        close() {
          port.close();
          // The link listens for this event to end the calls that wait; closing the own end does not send it.
          port.dispatchEvent(new Event('close'));
        },
      });
    };
    window.addEventListener('message', onMessage);
    desktop.requestPort();
  });
}

/**
 * Asks the smallest question again and again and ends the transport when no answer comes. A MessagePort does not tell
 * that the process at its other end has died, and a tunnel may break without a word.
 */
function keepPulse({ link, close }: Opened, gone: Promise<void>): void {
  let over = false;
  void gone.then(() => {
    over = true;
  });
  const pause = (ms: number) => new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), ms));
  const beat = async () => {
    while (!over) {
      await pause(PULSE_EVERY_MS);
      if (over) return;
      const answer = link
        .call(['system', 'settings', 'get'], undefined, { context: {} })
        .catch(() => undefined);
      if ((await Promise.race([answer, pause(PULSE_PATIENCE_MS)])) === 'late' && !over) close();
    }
  };
  void beat();
}

function settle(opened: Opened): void {
  current = opened.link;
  connection.setState((was) => ({ state: 'open', generation: was.generation + 1, failures: 0 }));
  for (const resolve of waiting) resolve(opened.link);
  waiting = [];
}

async function keepConnected(open: () => Promise<Opened>): Promise<never> {
  let retryMs = FIRST_RETRY_MS;
  for (;;) {
    try {
      const opened = await open();
      const closed = new Promise<void>((resolve) => opened.onClose(resolve));
      settle(opened);
      keepPulse(opened, closed);
      retryMs = FIRST_RETRY_MS;
      await closed;
    } catch {
      // Not reachable yet; the band on the screen says so, and the next turn tries again.
    }
    current = undefined;
    connection.setState((was) => ({ state: 'closed', failures: was.failures + 1 }));
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  }
}

/** Connects and stays connected. Called once, at start. */
export function startConnection(): void {
  const desktop = window.frontierDesktop;
  if (desktop) {
    void keepConnected(() => openPort(desktop));
    return;
  }
  const token = takeToken();
  if (token === undefined) {
    connection.setState({ state: 'closed', noToken: true });
    return;
  }
  void keepConnected(() => openSocket(token));
}

function nextLink(): Promise<Link> {
  if (current) return Promise.resolve(current);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting = waiting.filter((w) => w !== done);
      reject(new Error('The engine cannot be reached.'));
    }, CALL_PATIENCE_MS);
    const done = (link: Link) => {
      clearTimeout(timer);
      resolve(link);
    };
    waiting.push(done);
  });
}

/** A link that outlives single transports: a call made while the connection is down waits for the next one. */
export const lastingLink: Link = {
  async call(path, input, options) {
    const link = await nextLink();
    return link.call(path, input, options);
  },
};
