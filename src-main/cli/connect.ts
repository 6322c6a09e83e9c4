import { existsSync, readFileSync } from 'node:fs';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { z } from 'zod';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { createEngine } from '../app/index.ts';
import { FileSecretStore } from '../ops/secrets.ts';
import { hostFilePath } from '../server/host.ts';
import { readLockHolder } from '../store/lock.ts';

const hostFileSchema = z.object({ pid: z.number().int(), port: z.number().int(), token: z.string() });

export interface Connection {
  readonly client: FrontierClient;
  /** True when another process has the data folder open and this one asks it. */
  readonly remote: boolean;
  close(): Promise<void>;
}

const ANSWER_MS = 5000;

async function openSocket(port: number, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, ['frontier', token]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const silent = (): void =>
    reject(new FrontierError('UNAVAILABLE', 'The running Frontier does not answer.'));
  socket.addEventListener('open', () => resolve());
  socket.addEventListener('error', silent);
  const timer = setTimeout(silent, ANSWER_MS);
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Reaches a loopback host that has the folder open; undefined when there is none that answers. */
async function connectRunning(home: string): Promise<Connection | undefined> {
  const path = hostFilePath(home);
  if (!existsSync(path)) return undefined;
  const known = hostFileSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  // A host that was killed leaves its file; another program may listen on its port by now.
  if (!known.success || known.data.pid !== readLockHolder(home)?.pid) return undefined;
  const socket = await openSocket(known.data.port, known.data.token);
  const client: FrontierClient = createORPCClient(new RPCLink({ websocket: socket }));
  return { client, remote: true, close: async () => socket.close() };
}

/**
 * The engine of a data folder: this process opens it, or asks the loopback host that has it open.
 * @throws FrontierError LOCKED when something that cannot be asked has it open
 */
export async function connect(home: string): Promise<Connection> {
  try {
    const engine = await createEngine({ home, host: 'cli', secrets: new FileSecretStore(home) });
    return { client: engine.client, remote: false, close: () => engine.close() };
  } catch (error) {
    if (!(error instanceof FrontierError) || error.code !== 'LOCKED') throw error;
    const running = await connectRunning(home).catch(() => undefined);
    if (running) return running;
    throw error;
  }
}
