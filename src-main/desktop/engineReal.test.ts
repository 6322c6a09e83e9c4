import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import { createEngine } from '../app/index.ts';
import { appVersion } from '../ops/paths.ts';
import type { FromEngine } from './engineMessages.ts';
import { serveEngine } from './engineServer.ts';
import { FakePort } from './fakes.ts';

/** One engine process with the real composition root; only Electron's ports are stood in for. */
class EngineUnderTest {
  readonly #shell = new EventEmitter();
  readonly #said: FromEngine[] = [];
  readonly #heard = new EventEmitter();
  readonly exited: Promise<number>;

  constructor(home: string) {
    this.exited = new Promise((exit) => {
      const parent = {
        on: (_event: 'message', listener: (event: never) => void) =>
          this.#shell.on('message', listener as (event: unknown) => void),
        postMessage: (message: FromEngine) => {
          this.#said.push(message);
          this.#heard.emit('said');
        },
      };
      serveEngine({ parent, createEngine, exit });
    });
    this.#shell.emit('message', { data: { type: 'start', home, secretStore: 'a keyring' }, ports: [] });
  }

  async answered(): Promise<FromEngine> {
    while (this.#said.length === 0) await new Promise((resolve) => this.#heard.once('said', resolve));
    return this.#said[0]!;
  }

  connect(): FrontierClient {
    const { port1, port2 } = new MessageChannel();
    this.#shell.emit('message', { data: { type: 'connect' }, ports: [new FakePort(port1)] });
    const client: FrontierClient = createORPCClient(new RPCLink({ port: port2 }));
    port2.start();
    return client;
  }

  async close(): Promise<number> {
    this.#shell.emit('message', { data: { type: 'close' }, ports: [] });
    return this.exited;
  }
}

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'frontier-desktop-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the engine behind the desktop host', () => {
  it('answers over a port, streams its status, and gives the data folder back', async () => {
    const first = new EngineUnderTest(home);
    expect(await first.answered()).toEqual({ type: 'ready' });
    const client = first.connect();
    expect(await client.system.info()).toMatchObject({
      host: 'desktop',
      home,
      version: appVersion(),
      secretStore: 'a keyring',
    });
    await client.system.settings.set({ key: 'ui.scheme', value: 'light' });
    for await (const status of await client.system.status()) {
      expect(status.live).toBeNull();
      break;
    }
    await expect(client.data.remove({ symbol: 'NONE', timeframe: 'H1' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await first.close()).toBe(0);

    const second = new EngineUnderTest(home);
    expect(await second.answered()).toEqual({ type: 'ready' });
    expect(await second.connect().system.settings.get()).toMatchObject({ 'ui.scheme': 'light' });
    expect(await second.close()).toBe(0);
  });

  it('says who has the data folder when it is in use', async () => {
    const first = new EngineUnderTest(home);
    await first.answered();
    const second = new EngineUnderTest(home);
    expect(await second.answered()).toMatchObject({ type: 'failed', error: { code: 'LOCKED' } });
    await second.close();
    expect(await first.close()).toBe(0);
  });
});
