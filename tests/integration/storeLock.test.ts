import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireHomeLock, readLockHolder } from '../../src-main/store/lock.ts';

const CHILD = join(import.meta.dirname, '../fixtures/lockChild.ts');

describe('lock of the data folder', () => {
  let home: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-lock-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  async function start(): Promise<{ child: ChildProcess; says: string }> {
    const child = spawn(process.execPath, [CHILD, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [data] = (await once(child.stdout!, 'data')) as [Buffer];
    return { child, says: data.toString().trim() };
  }
  const about = { host: 'loopback', sinceMs: 1_800_000_000_000 };

  it('LOCK-1: a second process is refused with a line that names the first', async () => {
    const first = await start();
    expect(first.says).toBe('held');
    const second = JSON.parse((await start()).says);
    expect(second).toMatchObject({ code: 'LOCKED', hint: expect.stringContaining('--home') });
    expect(second.message).toContain(
      `is already open in Frontier (process ${first.child.pid}, cli, since 2023-11-14`,
    );
    expect(() => acquireHomeLock(home, about)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
  });

  it('LOCK-2: a lock left by kill -9 is taken over silently', async () => {
    const { child } = await start();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readLockHolder(home)?.pid).toBe(child.pid);
    const lock = acquireHomeLock(home, about);
    expect(readLockHolder(home)).toEqual({ pid: process.pid, ...about });
    lock.release();
    expect(existsSync(join(home, 'frontier.lock.json'))).toBe(false);
    expect((await start()).says).toBe('held');
  });

  it('LOCK-3: the same process cannot open the folder twice, and can again after release', () => {
    const lock = acquireHomeLock(home, about);
    expect(() => acquireHomeLock(home, about)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
    lock.release();
    lock.release();
    acquireHomeLock(home, about).release();
  });

  it('LOCK-4: of many that start at once, one wins', async () => {
    const starts = await Promise.all(Array.from({ length: 5 }, () => start()));
    expect(starts.filter((s) => s.says === 'held')).toHaveLength(1);
    expect(starts.filter((s) => s.says.includes('"LOCKED"'))).toHaveLength(4);
  });
});
