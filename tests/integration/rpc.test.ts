import { isDefinedError } from '@orpc/client';
import { isContractProcedure } from '@orpc/contract';
import { isProcedure, unlazy } from '@orpc/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { type LoopbackHost, startHost } from '../../src-main/server/host.ts';
import { contract } from '../../src-shared/contract/index.ts';
import { cleanUp, fakeRenderer, newFolder, openEngine } from '../support/engine.ts';
import { type Caller, overPort, overSocket, problemOf } from '../support/engineCallers.ts';
import { FAILURES } from '../support/engineFailures.ts';

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

function procedurePaths(tree: unknown, path: readonly string[] = []): string[] {
  if (isContractProcedure(tree)) return [path.join('.')];
  return Object.entries(tree as Record<string, unknown>).flatMap(([name, child]) =>
    procedurePaths(child, [...path, name]),
  );
}

async function implementedAt(path: string): Promise<boolean> {
  let found: unknown = engine.router;
  for (const name of path.split('.')) found = (found as Record<string, unknown>)[name];
  const { default: procedure } = await unlazy(found as never);
  return isProcedure(procedure);
}

describe('the contract', () => {
  it('is implemented procedure by procedure', async () => {
    const paths = procedurePaths(contract);
    expect(paths.length).toBeGreaterThan(40);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) expect(await implementedAt(path), path).toBe(true);
  });

  describe.each(TRANSPORTS)('over a %s', (_, open) => {
    let caller: Caller;
    beforeAll(async () => {
      caller = await open();
    });
    afterAll(() => caller.leave());

    it.each(FAILURES)('%s fails with its code, words and a hint', async (_name, call, code, message) => {
      const error = await problemOf(call(caller.client));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
      expect(error.data.hint, 'hint').toMatch(/\w/);
      expect(isDefinedError(error), 'an error of the contract').toBe(true);
      expect(JSON.stringify(error.toJSON())).not.toMatch(/node_modules|\.ts:/);
    });

    it('fails for a procedure that does not exist, and goes on', async () => {
      const wild = caller.client as unknown as { nothing: { here(): Promise<unknown> } };
      expect((await problemOf(wild.nothing.here())).code).toBe('NOT_FOUND');
      expect(await caller.client.data.list()).toEqual([]);
    });

    it('answers what needs nothing but the engine', async () => {
      const { client } = caller;
      const info = await client.system.info();
      expect(info).toMatchObject({ home, host: 'cli', cpuCores: expect.any(Number) });
      expect(info.engines.find((e) => e.name === 'cpu')).toMatchObject({
        available: true,
        detail: expect.stringMatching(/probe \d+\.\d ms/),
      });
      await client.system.settings.set({ key: 'chart.look', value: { dark: true, n: [1, 2] } });
      expect(await client.system.settings.get()).toMatchObject({ 'chart.look': { dark: true, n: [1, 2] } });
      expect(await client.live.flattenPreview()).toMatchObject({ positions: 0 });
      expect(await client.live.flatten()).toEqual({
        closedPositions: 0,
        cancelledOrders: 0,
        stoppedSessions: 0,
        messages: [],
      });
    });
  });
});
