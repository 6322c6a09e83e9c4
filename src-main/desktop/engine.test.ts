import { beforeEach, describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import type { SecretStore } from '../ops/secrets.ts';
import { EngineHost, HEALTHY_AFTER_MS, RESTART_DELAYS_MS } from './engine.ts';
import { FakeChild, FakeTiming, fakeChannel, settle } from './fakes.ts';

class MemorySecrets implements SecretStore {
  readonly values = new Map<string, string>();
  describe(): string {
    return 'in memory';
  }
  async set(name: string, value: string): Promise<void> {
    if (name === 'locked') throw new FrontierError('UNAVAILABLE', 'No keyring', 'Install one.');
    this.values.set(name, value);
  }
  async get(name: string): Promise<string | undefined> {
    return this.values.get(name);
  }
  async names(): Promise<string[]> {
    return [...this.values.keys()].sort();
  }
  async remove(name: string): Promise<void> {
    this.values.delete(name);
  }
}

let children: FakeChild[];
let timing: FakeTiming;
let events: string[];
let delivered: number;
let host: EngineHost;
const deliver = (): void => {
  delivered++;
};
const child = (): FakeChild => children[children.length - 1]!;

beforeEach(() => {
  children = [];
  timing = new FakeTiming();
  events = [];
  delivered = 0;
  host = new EngineHost({
    home: '/data',
    fork: () => {
      const made = new FakeChild();
      children.push(made);
      return made;
    },
    createChannel: fakeChannel,
    secrets: new MemorySecrets(),
    timing,
    events: {
      onSession: ({ kind }) => events.push(kind),
      onRestarting: ({ attempt, delayMs, exitCode }) =>
        events.push(`restart ${attempt} ${delayMs} ${exitCode}`),
      onRecovered: () => events.push('recovered'),
      onGaveUp: ({ exitCode }) => events.push(`gave up ${exitCode}`),
      onFailed: ({ code }) => events.push(`failed ${code}`),
    },
  });
});

describe('EngineHost', () => {
  it('starts the engine once and hands ports when it is ready, not before', () => {
    host.start();
    host.start();
    host.connect(7, deliver);
    host.connect(7, deliver);
    expect(children).toHaveLength(1);
    expect(child().sent[0]?.message).toEqual({ type: 'start', home: '/data', secretStore: 'in memory' });
    expect([child().count('connect'), delivered]).toEqual([0, 0]);
    child().say({ type: 'ready' });
    expect([child().count('connect'), delivered]).toEqual([1, 1]);
    expect(child().sent.find(({ message }) => message.type === 'connect')?.ports).toBe(1);
    host.connect(7, deliver);
    expect(delivered).toBe(2);
    expect(events).toEqual([]);
  });

  it('comes back after a crash with a fresh port for each window', async () => {
    host.start();
    host.connect(7, deliver);
    child().say({ type: 'ready' });
    child().exit(9);
    expect(events).toEqual(['idle', 'restart 1 500 9']);
    await timing.advance(499);
    expect(children).toHaveLength(1);
    await timing.advance(1);
    expect(children).toHaveLength(2);
    child().say({ type: 'ready' });
    expect(events.at(-1)).toBe('recovered');
    expect([child().count('connect'), delivered]).toEqual([1, 2]);
  });

  it('hands no port to a window that is gone', async () => {
    host.start();
    host.connect(7, deliver);
    host.disconnect(7);
    child().say({ type: 'ready' });
    expect(delivered).toBe(0);
  });

  it('gives up after three restarts and starts again when asked', async () => {
    host.start();
    for (const delayMs of RESTART_DELAYS_MS) {
      child().exit(1);
      await timing.advance(delayMs);
    }
    expect(children).toHaveLength(4);
    child().exit(1);
    expect(events.filter((event) => event.startsWith('restart'))).toEqual([
      'restart 1 500 1',
      'restart 2 2000 1',
      'restart 3 8000 1',
    ]);
    expect(events.at(-1)).toBe('gave up 1');
    await timing.advance(60_000);
    expect(children).toHaveLength(4);
    host.start();
    expect(children).toHaveLength(5);
  });

  it('forgets crashes that lie behind a healthy minute', async () => {
    host.start();
    for (let round = 0; round < 6; round++) {
      child().say({ type: 'ready' });
      await timing.advance(HEALTHY_AFTER_MS);
      child().exit(1);
      await timing.advance(RESTART_DELAYS_MS[0]!);
    }
    expect(children).toHaveLength(7);
    expect(events).not.toContain('gave up 1');
  });

  it('does not restart an engine that cannot be composed', async () => {
    host.start();
    child().say({ type: 'failed', error: { code: 'LOCKED', message: 'in use' } });
    child().exit(1);
    await timing.advance(60_000);
    expect(events).toEqual(['failed LOCKED', 'idle']);
    expect(children).toHaveLength(1);
  });

  it('waits for a graceful end, and not for ever', async () => {
    host.start();
    child().say({ type: 'ready' });
    const graceful = host.stop(10_000);
    expect(child().count('close')).toBe(1);
    child().exit(0);
    expect(await graceful).toBe('closed');
    expect(child().killed).toBe(false);
    expect(events).toEqual(['idle']);

    host.start();
    child().say({ type: 'ready' });
    const forced = host.stop(10_000);
    await timing.advance(10_000);
    expect(await forced).toBe('killed');
    expect(child().killed).toBe(true);
    expect(await host.stop(10_000)).toBe('not running');
    await timing.advance(60_000);
    expect(children).toHaveLength(2);
  });

  it('does not restart after a stop during the wait for a restart', async () => {
    host.start();
    child().exit(1);
    expect(await host.stop(1000)).toBe('not running');
    await timing.advance(60_000);
    expect(children).toHaveLength(1);
  });

  it('reports sessions and ignores messages outside the protocol', () => {
    host.start();
    child().say({ type: 'ready' });
    child().say({ type: 'session', session: { kind: 'paper', symbol: 'EURUSD', openPositions: 1 } });
    child().events.emit('message', { type: 'session', session: { kind: 'x' } });
    child().events.emit('message', 'noise');
    expect(events).toEqual(['paper']);
  });

  it('answers questions about secrets, errors included', async () => {
    host.start();
    child().say({ type: 'secret', id: 1, request: { op: 'set', name: 'token', value: 'v' } });
    child().say({ type: 'secret', id: 2, request: { op: 'get', name: 'token' } });
    child().say({ type: 'secret', id: 3, request: { op: 'get', name: 'none' } });
    child().say({ type: 'secret', id: 4, request: { op: 'names' } });
    child().say({ type: 'secret', id: 5, request: { op: 'set', name: 'locked', value: 'v' } });
    await settle();
    expect(
      child()
        .sent.slice(1)
        .map(({ message }) => message)
        // Answers may overtake each other; the id tells them apart.
        .sort((a, b) => ('id' in a ? a.id : 0) - ('id' in b ? b.id : 0)),
    ).toEqual([
      { type: 'secret-value', id: 1, value: null },
      { type: 'secret-value', id: 2, value: 'v' },
      { type: 'secret-value', id: 3, value: null },
      { type: 'secret-value', id: 4, value: ['token'] },
      {
        type: 'secret-error',
        id: 5,
        error: { code: 'UNAVAILABLE', message: 'No keyring', hint: 'Install one.' },
      },
    ]);
  });
});
