import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { type LoopbackHost, startHost } from '../../src-main/server/host.ts';
import type { StatusDto } from '../../src-shared/contract/system.ts';
import { cleanUp, fakeRenderer, newFolder, openEngine, until } from '../support/engine.ts';
import { overPort, overSocket } from '../support/engineCallers.ts';

const home = newFolder();
let engine: FrontierEngine;
let host: LoopbackHost;

const TRANSPORTS = [
  ['WebSocket', () => overSocket(host)],
  ['MessagePort', () => overPort(engine)],
] as const;

beforeAll(async () => {
  engine = await openEngine(home);
  host = await startHost({ engine, home, rendererDir: fakeRenderer(), port: 0 });
});
afterAll(async () => {
  await host.close();
  await cleanUp();
});

describe('streams', () => {
  it.each(TRANSPORTS)('end with their %s: no listener is left', async (_, open) => {
    await until('nobody listens', () => engine.context.hub.listenerCount === 0);
    const caller = await open();
    const streams = await Promise.all(Array.from({ length: 8 }, () => caller.client.system.status()));
    for (const stream of streams)
      expect((await stream.next()).value).toMatchObject({ broker: { name: 'paper' } });
    expect(engine.context.hub.listenerCount).toBe(8 * 4);
    caller.leave();
    await until('nobody listens', () => engine.context.hub.listenerCount === 0, 2000);
  });

  it.each(TRANSPORTS)('end when the client leaves the loop over a %s that stays open', async (_, open) => {
    const caller = await open();
    for (let round = 0; round < 3; round++)
      for await (const status of await caller.client.system.status()) {
        expect(status.live).toBeNull();
        break;
      }
    await until('nobody listens', () => engine.context.hub.listenerCount === 0, 2000);
    caller.leave();
  });

  it('end when the caller aborts, also while nothing happens', async () => {
    const caller = await overSocket(host);
    const stop = new AbortController();
    const stream = await caller.client.system.status(undefined, { signal: stop.signal });
    await stream.next();
    const waiting = stream.next().catch(() => undefined);
    stop.abort();
    await waiting;
    await until('nobody listens', () => engine.context.hub.listenerCount === 0, 2000);
    caller.leave();
  });

  it('tell of a change within a second, without being asked again', async () => {
    const caller = await overSocket(host);
    const stream = await caller.client.system.status();
    const first = (await stream.next()).value as StatusDto;
    const started = performance.now();
    engine.context.hub.notify('status');
    const second = (await stream.next()).value as StatusDto;
    expect(performance.now() - started).toBeLessThan(1000);
    expect(second.timeMs).toBeGreaterThanOrEqual(first.timeMs);
    caller.leave();
  });

  it('end without an error when the engine closes', async () => {
    const own = await openEngine();
    const caller = await overPort(own);
    const stream = await caller.client.system.status();
    await stream.next();
    const last = (async () => {
      for await (const _ of stream);
      return 'ended';
    })();
    await own.close();
    expect(await last).toBe('ended');
    expect(own.context.hub.listenerCount).toBe(0);
    caller.leave();
  });
});
