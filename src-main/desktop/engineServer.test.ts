import { EventEmitter } from 'node:events';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { createRouterClient, implement } from '@orpc/server';
import { afterEach, describe, expect, it } from 'vitest';
import { contract, type FrontierClient } from '../../src-shared/contract/index.ts';
import type { StatusDto, SystemInfo } from '../../src-shared/contract/system.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { SecretStore } from '../ops/secrets.ts';
import type { FromEngine, ToEngine } from './engineMessages.ts';
import {
  type EnginePort,
  type ParentPort,
  type ServedEngine,
  serveEngine,
  summarise,
} from './engineServer.ts';
import { FakePort } from './fakes.ts';

const INFO: SystemInfo = {
  version: '1.2.3',
  host: 'desktop',
  home: '/data',
  nodeVersion: 'v24',
  platform: 'linux',
  cpuModel: 'test',
  cpuCores: 2,
  memoryBytes: 1,
  engines: [],
  secretStore: 'keyring',
};
const LIVE: NonNullable<StatusDto['live']> = {
  sessionId: 'ses_1234',
  symbol: 'EURUSD',
  badge: 'PAPER',
  state: 'running',
  openPositions: 1,
  unrealised: 0,
  currency: 'EUR',
  feedAgeMs: null,
};

function status(live: StatusDto['live']): StatusDto {
  return {
    timeMs: 0,
    jobs: [],
    engine: 'cpu',
    broker: { name: 'paper', state: 'idle' },
    live,
    memoryBytes: 0,
  };
}

/** The shell's end of the process. */
class Parent implements ParentPort {
  readonly events = new EventEmitter();
  readonly received: FromEngine[] = [];

  on(_event: 'message', listener: (event: { data: unknown; ports: EnginePort[] }) => void): unknown {
    return this.events.on('message', listener);
  }
  postMessage(message: FromEngine): void {
    this.received.push(message);
    this.events.emit('posted');
  }
  say(data: ToEngine, ports: EnginePort[] = []): void {
    this.events.emit('message', { data, ports });
  }
  /** Waits for a message of the type. */
  async heard<T extends FromEngine['type']>(type: T): Promise<Extract<FromEngine, { type: T }>> {
    for (;;) {
      const found = this.received.find((message) => message.type === type);
      if (found !== undefined) return found as Extract<FromEngine, { type: T }>;
      await new Promise((resolve) => this.events.once('posted', resolve));
    }
  }
}

/** A router of the real contract with the two procedures that the desktop needs; the rest is refused. */
function fakeEngine(closed: () => void): ServedEngine {
  const os = implement(contract).$context<Record<never, never>>();
  const router = {
    system: {
      info: os.system.info.handler(() => INFO),
      status: os.system.status.handler(async function* () {
        yield status(null);
        yield status(LIVE);
        yield status({ ...LIVE, unrealised: 5 });
      }),
    },
  };
  // The other domains are not called here; the served router has all of them.
  return {
    router: router as unknown as ServedEngine['router'],
    client: createRouterClient(router, { context: {} }) as unknown as FrontierClient,
    close: async () => closed(),
  };
}

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

function connect(parent: Parent): FrontierClient {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  parent.say({ type: 'connect' }, [new FakePort(port1)]);
  const client: FrontierClient = createORPCClient(new RPCLink({ port: port2 }));
  port2.start();
  return client;
}

describe('serveEngine', () => {
  it('serves calls and streams over ports shaped like those of Electron, and closes', async () => {
    const parent = new Parent();
    const closed: string[] = [];
    const exits = new Promise<number>((exit) => {
      serveEngine({ parent, createEngine: async () => fakeEngine(() => closed.push('engine')), exit });
    });
    parent.say({ type: 'start', home: '/data', secretStore: 'keyring' });
    await parent.heard('ready');

    const clients = [connect(parent), connect(parent)];
    for (const client of clients) expect(await client.system.info()).toEqual(INFO);
    const seen: (string | undefined)[] = [];
    for await (const { live } of await clients[0]!.system.status()) seen.push(live?.symbol);
    expect(seen).toEqual([undefined, 'EURUSD', 'EURUSD']);

    parent.say({ type: 'close' });
    expect(await exits).toBe(0);
    expect(closed).toEqual(['engine']);
  });

  it('tells the shell about the session once per change', async () => {
    const parent = new Parent();
    serveEngine({ parent, createEngine: async () => fakeEngine(() => undefined), exit: () => undefined });
    parent.say({ type: 'start', home: '/data', secretStore: 'keyring' });
    await parent.heard('session');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(parent.received.filter(({ type }) => type === 'session')).toEqual([
      { type: 'session', session: { kind: 'paper', symbol: 'EURUSD', openPositions: 1 } },
    ]);
  });

  it('passes secrets to and from the shell', async () => {
    const parent = new Parent();
    let store: SecretStore | undefined;
    serveEngine({
      parent,
      createEngine: async ({ home, host, secrets }) => {
        expect([home, host]).toEqual(['/data', 'desktop']);
        store = secrets;
        return fakeEngine(() => undefined);
      },
      exit: () => undefined,
    });
    parent.say({ type: 'start', home: '/data', secretStore: 'keyring of the desktop' });
    await parent.heard('ready');
    expect(store?.describe()).toBe('keyring of the desktop');

    const value = store?.get('token');
    const asked = await parent.heard('secret');
    expect(asked.request).toEqual({ op: 'get', name: 'token' });
    parent.say({ type: 'secret-value', id: asked.id, value: 'v' });
    expect(await value).toBe('v');

    const refused = store?.set('token', 'w');
    const error = { code: 'UNAVAILABLE', message: 'No keyring', hint: 'Install one.' } as const;
    parent.say({ type: 'secret-error', id: asked.id + 1, error });
    await expect(refused).rejects.toMatchObject(error);
    await expect(refused).rejects.toBeInstanceOf(FrontierError);
  });

  it('says why it cannot be composed, serves nothing, and can be closed', async () => {
    const parent = new Parent();
    const exits = new Promise<number>((exit) => {
      const createEngine = async (): Promise<never> => {
        throw new FrontierError('LOCKED', 'The data folder is in use', 'Close the other one.');
      };
      serveEngine({ parent, createEngine, exit });
    });
    parent.say({ type: 'start', home: '/data', secretStore: '' });
    const { error } = await parent.heard('failed');
    expect(error).toEqual({
      code: 'LOCKED',
      message: 'The data folder is in use',
      hint: 'Close the other one.',
    });
    expect(parent.received.map(({ type }) => type)).toEqual(['failed']);
    parent.say({ type: 'close' });
    expect(await exits).toBe(0);
  });
});

describe('summarise', () => {
  it('is idle without a session and after one that left nothing open', () => {
    expect(summarise(null).kind).toBe('idle');
    expect(summarise({ ...LIVE, state: 'finished', openPositions: 0 }).kind).toBe('idle');
  });
  it('is not idle while a session runs or its positions are open', () => {
    expect(summarise({ ...LIVE, state: 'running', openPositions: 0 }).kind).toBe('paper');
    expect(summarise({ ...LIVE, state: 'interrupted', badge: 'LIVE' })).toEqual({
      kind: 'live',
      symbol: 'EURUSD',
      openPositions: 1,
    });
  });
});
