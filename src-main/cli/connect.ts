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

/** A command that works on the folder ends by itself: the next one waits for it this long. */
const PATIENCE_SECONDS = 60;
const ASK_AGAIN_MS = 100;

/** `FRONTIER_WAIT_SECONDS` is for scripts that would rather fail at once, or wait longer. */
function patienceMs(): number {
  const seconds = Number(process.env.FRONTIER_WAIT_SECONDS ?? PATIENCE_SECONDS);
  if (Number.isFinite(seconds) && seconds >= 0) return 1000 * seconds;
  throw new FrontierError(
    'BAD_INPUT',
    'FRONTIER_WAIT_SECONDS is no number of seconds.',
    'Set it to a number from 0 up, or leave it out.',
  );
}

async function openOrAsk(home: string): Promise<Connection | FrontierError> {
  try {
    const engine = await createEngine({ home, host: 'cli', secrets: new FileSecretStore(home) });
    return { client: engine.client, remote: false, close: () => engine.close() };
  } catch (error) {
    if (!(error instanceof FrontierError) || error.code !== 'LOCKED') throw error;
    return (await connectRunning(home).catch(() => undefined)) ?? error;
  }
}

/**
 * The engine of a data folder: this process opens it, or asks the loopback host that has it open. While another
 * command has it open this one waits, and says so on standard error.
 * @throws FrontierError LOCKED when something that cannot be asked has it open, or a command for over a minute
 */
export async function connect(home: string): Promise<Connection> {
  const untilMs = performance.now() + patienceMs();
  for (let isFirst = true; ; isFirst = false) {
    const opened = await openOrAsk(home);
    if (!(opened instanceof FrontierError)) return opened;
    // Nobody holds it any more, or a command does: both end soon. A window stays open.
    const holder = readLockHolder(home)?.host;
    if ((holder !== undefined && holder !== 'cli') || performance.now() > untilMs) throw opened;
    if (isFirst) console.error('Another frontier command is using the data folder; waiting for it to end.');
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
