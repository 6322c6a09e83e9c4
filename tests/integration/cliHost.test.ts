import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hostFilePath } from '../../src-main/server/host.ts';
import { readLockHolder } from '../../src-main/store/lock.ts';
import {
  cleanUp,
  cli,
  copyOf,
  descendantsOf,
  type HostProcess,
  isAlive,
  jsonOf,
  newFolder,
  openEngine,
  type Program,
  ROOT,
  reach,
  start,
  startHostProcess,
  tokenOf,
  until,
} from '../support/engine.ts';
import { makeWorld, type World } from '../support/engineWorld.ts';

// `npm start` may have to build the interface first.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
afterAll(cleanUp);

describe('commands while a host has the data folder open', () => {
  let world: World;
  let home: string;
  let host: HostProcess;
  beforeAll(async () => {
    world = await makeWorld();
    home = copyOf(world.home);
    host = await startHostProcess(home);
  });

  it.each([
    ['serve', '--no-open'],
    ['demo', '--no-open'],
  ])('refuses a second %s and names the holder', async (...words) => {
    const ended = await cli([...words, '--json', '--home', home]);
    expect(ended.status).toBe(4);
    expect(jsonOf(ended)).toMatchObject({
      error: {
        code: 'LOCKED',
        message: expect.stringContaining(`process ${host.child.pid}, loopback`),
        hint: expect.stringContaining('--home'),
      },
    });
    expect(host.child.exitCode).toBeNull();
    expect(readLockHolder(home)?.pid).toBe(host.child.pid);
  });

  it('asks the host for what it can answer', async () => {
    const [list, sessions, found] = await Promise.all(
      [['data', 'list'], ['live', 'list'], ['doctor']].map((words) =>
        cli([...words, '--json', '--home', home]),
      ),
    );
    expect(jsonOf(list!)).toMatchObject({ datasets: [{ symbol: 'SYNFX' }] });
    expect(jsonOf(sessions!)).toEqual({ sessions: [] });
    expect(jsonOf(found!)).toMatchObject({ host: 'loopback', home, models: 1 });
  });

  it('hands on the errors of the host with their status', async () => {
    const ended = await cli(['backtest', 'mdl_0000', '--json', '--home', home]);
    expect(ended.status).toBe(3);
    expect(jsonOf(ended)).toMatchObject({ error: { code: 'NOT_FOUND', hint: expect.any(String) } });
  });

  it('flattens the session that runs in the host, once', async () => {
    const { client } = await reach(host.port, host.token);
    const { sessionId } = await client.live.start({ deploymentId: world.deploymentId, speed: 60 });
    await until('a position is held still, with no order on its way', async () => {
      if ((await client.live.get({ sessionId })).position === undefined) return false;
      await client.live.pause({ sessionId });
      await until('it holds', async () => (await client.live.get({ sessionId })).state === 'paused');
      const { position, orders } = await client.live.get({ sessionId });
      if (position && orders.every((order) => ['filled', 'rejected', 'cancelled'].includes(order.state)))
        return true;
      await client.live.resume({ sessionId });
      return false;
    });
    const ended = await cli(['flatten', '--json', '--home', home]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(jsonOf(ended)).toEqual({
      closedPositions: 1,
      cancelledOrders: 0,
      stoppedSessions: 1,
      messages: [],
    });
    expect(await client.live.get({ sessionId })).toMatchObject({ state: 'stopped', unrealised: 0 });
    const again = await cli(['flatten', '--home', home]);
    expect(again.stdout).toBe('Closed 0 positions, cancelled 0 orders, stopped 0 sessions.\n');
  });

  it('follows a session that it starts in the host', async () => {
    const words = ['live', 'run', world.deploymentId, '--bars', '60', '--json', '--home', home];
    const ended = await cli(words);
    expect(ended.status, ended.stderr).toBe(0);
    expect(jsonOf(ended)).toMatchObject({ state: 'finished', barsDone: 60, badge: 'PAPER', synthetic: true });
  });

  it('opens the folder itself after a host was killed, whatever its file says', async () => {
    const own = copyOf(world.home);
    const dead = await startHostProcess(own);
    const { client } = await reach(dead.port, dead.token);
    const { sessionId } = await client.live.start({ deploymentId: world.deploymentId, speed: 60 });
    await until('bars went by', async () => (await client.live.get({ sessionId })).barsDone > 5);
    dead.child.kill('SIGKILL');
    await dead.ended;
    expect(existsSync(hostFilePath(own))).toBe(true);
    const listed = jsonOf(await cli(['live', 'list', '--json', '--home', own]));
    expect(listed).toMatchObject({ sessions: [{ id: sessionId, state: 'interrupted' }] });
    const stopped = jsonOf(await cli(['live', 'stop', sessionId, '--json', '--home', own]));
    expect(stopped).toMatchObject({ id: sessionId, state: 'stopped' });
  });

  it('does not ask a host that is not the one that holds the folder', async () => {
    const own = newFolder();
    const engine = await openEngine(own);
    const stranger = { pid: host.child.pid, port: host.port, token: host.token };
    writeFileSync(hostFilePath(own), JSON.stringify(stranger));
    const env = { FRONTIER_WAIT_SECONDS: '1' };
    const ended = await cli(['data', 'list', '--json', '--home', own], env);
    expect(ended.status).toBe(4);
    expect(ended.stderr).toContain('waiting for it to end');
    expect(jsonOf(ended)).toMatchObject({
      error: { code: 'LOCKED', message: expect.stringContaining(`process ${process.pid}, cli`) },
    });
    await engine.close();
  });

  it('ends cleanly, and the folder is free again', async () => {
    host.child.kill('SIGTERM');
    expect((await host.ended).status).toBe(0);
    expect(existsSync(hostFilePath(home))).toBe(false);
    expect(jsonOf(await cli(['doctor', '--json', '--home', home]))).toMatchObject({ host: 'cli' });
  });
});

/** Waits for the address of a workstation that was started by a script. */
async function addressOf(program: Program): Promise<URL> {
  await until('the address is printed', () => program.stdout().includes('\n'), 120_000);
  return new URL(program.stdout().trim());
}

async function expectServes(url: URL): Promise<void> {
  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<div id="root">');
  const { client, socket } = await reach(Number(url.port), tokenOf(url.href));
  expect(await client.system.info()).toMatchObject({ host: 'loopback' });
  socket.close();
}

function expectLeftClean(home: string): void {
  expect(existsSync(hostFilePath(home))).toBe(false);
  expect(readLockHolder(home)).toBeUndefined();
  for (const name of readdirSync(join(home, 'logs')))
    expect(readFileSync(join(home, 'logs', name), 'utf8')).not.toMatch(/token=/);
}

describe.skipIf(process.platform === 'win32')('npm start -- --browser --no-open', () => {
  it('prints the address as its only line, and SIGTERM ends it with status 0', async () => {
    const home = newFolder();
    const run = join(ROOT, 'scripts', 'run.mjs');
    const program = start(process.execPath, [run, 'start', '--browser', '--no-open', '--home', home]);
    const url = await addressOf(program);
    expect(url.hostname).toBe('127.0.0.1');
    expect(tokenOf(url.href)).toMatch(/^[\w-]{43}$/);
    await expectServes(url);
    const started = descendantsOf(program.child.pid!);
    program.child.kill('SIGTERM');
    const ended = await program.ended;
    expect([ended.status, ended.signal], ended.stderr).toEqual([0, null]);
    expect(ended.stdout).toBe(`${url.href}\n`);
    expect(started.filter(isAlive)).toEqual([]);
    expectLeftClean(home);
  });

  it('prints nothing else through npm, and Ctrl-C leaves no process behind', async () => {
    const home = newFolder();
    const args = ['start', '--', '--browser', '--no-open', '--home', home];
    const program = start('npm', args, {}, { ownGroup: true });
    const url = await addressOf(program);
    const started = descendantsOf(program.child.pid!);
    // What a terminal does: the signal goes to every process of the group.
    process.kill(-program.child.pid!, 'SIGINT');
    const ended = await program.ended;
    expect(ended.stdout).toBe(`${url.href}\n`);
    await until('nothing is left', () => started.every((pid) => !isAlive(pid)), 10_000);
    expectLeftClean(home);
  });

  it('prints its address as an object where machines ask for one', async () => {
    const home = newFolder();
    const main = join(ROOT, 'src-main', 'cli', 'main.ts');
    const program = start(process.execPath, [main, 'serve', '--no-open', '--json', '--home', home]);
    await until('the address is printed', () => program.stdout().includes('\n'));
    const { url, port } = JSON.parse(program.stdout()) as { url: string; port: number };
    expect(new URL(url).port).toBe(String(port));
    program.child.kill('SIGINT');
    expect((await program.ended).status).toBe(0);
    expectLeftClean(home);
  });
});
