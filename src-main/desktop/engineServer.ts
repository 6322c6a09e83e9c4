/** The engine's side of the desktop: composes the engine and serves its router over every port it is given. */
import type { Router } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import type { Contract, FrontierClient } from '../../src-shared/contract/index.ts';
import type { SessionState } from '../../src-shared/contract/live.ts';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { SecretStore } from '../ops/secrets.ts';
import {
  type FromEngine,
  IDLE,
  type SessionSummary,
  type ToEngine,
  toEngineSchema,
} from './engineMessages.ts';
import { ShellSecretStore } from './engineSecrets.ts';

/** The part of Electron's `MessagePortMain` that is used. */
export interface EnginePort {
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** The part of Electron's `process.parentPort` that is used. */
export interface ParentPort {
  on(event: 'message', listener: (event: { data: unknown; ports: EnginePort[] }) => void): unknown;
  postMessage(message: FromEngine): void;
}

/** What the composition root returns, as far as this host needs it. */
export interface ServedEngine {
  /** Needs to know nothing about its caller: whoever holds a port commands the engine. */
  readonly router: Router<Contract, Record<never, never>>;
  readonly client: FrontierClient;
  close(): Promise<void>;
}

export interface EngineServerOptions {
  readonly parent: ParentPort;
  readonly createEngine: (options: {
    home: string;
    host: 'desktop';
    secrets: SecretStore;
  }) => Promise<ServedEngine>;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** Serves until the shell says `close`. One call per process. */
export function serveEngine(options: EngineServerOptions): void {
  const { parent, exit } = options;
  const ports = new Set<EnginePort>();
  const closing = new AbortController();
  let secrets: ShellSecretStore | undefined;
  let engine: ServedEngine | undefined;
  let composing: Promise<void> | undefined;

  const compose = async (home: string, secretStore: string): Promise<void> => {
    try {
      secrets = new ShellSecretStore(secretStore, (message) => parent.postMessage(message));
      engine = await options.createEngine({ home, host: 'desktop', secrets });
    } catch (error) {
      // An expected failure is shown by the shell; only a fault needs its stack.
      if (!(error instanceof FrontierError)) console.error(error);
      parent.postMessage({ type: 'failed', error: errorBody(error) });
      return;
    }
    parent.postMessage({ type: 'ready' });
    void reportSession(engine, parent, closing.signal);
  };

  const close = async (): Promise<void> => {
    await composing;
    // Streams end before the stores that they read.
    closing.abort();
    for (const port of ports) port.close();
    try {
      await engine?.close();
      exit(0);
    } catch (error) {
      console.error('The engine did not close cleanly:', error);
      exit(1);
    }
  };

  const receive = (message: ToEngine, port: EnginePort | undefined): void => {
    if (message.type === 'start') composing ??= compose(message.home, message.secretStore);
    else if (message.type === 'connect') {
      if (engine !== undefined && port !== undefined) servePort(engine, port, ports);
    } else if (message.type === 'close') void close();
    else secrets?.receive(message);
  };

  parent.on('message', (event) => receive(toEngineSchema.parse(event.data), event.ports[0]));
}

function servePort(engine: ServedEngine, port: EnginePort, ports: Set<EnginePort>): void {
  new RPCHandler(engine.router).upgrade(port, { context: {} });
  ports.add(port);
  port.on('close', () => ports.delete(port));
  port.start();
}

/** Follows the engine's status and tells the shell when the session changes. */
async function reportSession(engine: ServedEngine, parent: ParentPort, signal: AbortSignal): Promise<void> {
  let last = JSON.stringify(IDLE);
  try {
    for await (const status of await engine.client.system.status(undefined, { signal })) {
      const session = summarise(status.live);
      const text = JSON.stringify(session);
      if (text !== last) parent.postMessage({ type: 'session', session });
      last = text;
    }
  } catch (error) {
    if (!signal.aborted) console.error('The status for the tray ended:', error);
  }
}

/** States in which a session has ended and holds nothing that quitting would leave behind. */
const ENDED: ReadonlySet<string> = new Set<SessionState>(['stopped', 'finished', 'interrupted', 'failed']);

/** @param live the live part of the engine's status */
export function summarise(
  live: { badge: 'PAPER' | 'LIVE' | 'SHADOW'; symbol: string; state: string; openPositions: number } | null,
): SessionSummary {
  if (live === null || (ENDED.has(live.state) && live.openPositions === 0)) return IDLE;
  const kind = ({ PAPER: 'paper', LIVE: 'live', SHADOW: 'shadow' } as const)[live.badge];
  return { kind, symbol: live.symbol, openPositions: live.openPositions };
}
