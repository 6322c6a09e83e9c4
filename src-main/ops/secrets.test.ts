import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSecretStore } from './secrets.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'frontier-secrets-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

describe('FileSecretStore', () => {
  it('keeps values across instances, lists names sorted and forgets', async () => {
    const store = new FileSecretStore(home);
    await store.set('oanda.token', 'tøken-1');
    await store.set('alpaca.key', 'k'.repeat(5000));
    const later = new FileSecretStore(home);
    expect(await later.get('oanda.token')).toBe('tøken-1');
    expect(await later.get('alpaca.key')).toBe('k'.repeat(5000));
    expect(await later.names()).toEqual(['alpaca.key', 'oanda.token']);
    await later.remove('oanda.token');
    await later.remove('never.there');
    expect(await store.get('oanda.token')).toBeUndefined();
    expect(await store.names()).toEqual(['alpaca.key']);
  });

  it('writes nothing in the clear and only for the owner', async () => {
    const store = new FileSecretStore(home);
    await store.set('oanda.token', 'correct horse battery');
    const text = await readFile(join(home, 'secrets.json'), 'utf8');
    expect(text).not.toContain('correct');
    expect(text).not.toContain(Buffer.from('correct horse battery').toString('base64'));
    for (const name of ['secrets.json', 'secrets.key']) {
      expect((await stat(join(home, name))).mode & 0o777).toBe(0o600);
    }
    expect(store.describe()).toMatch(/casual reading/);
    expect(store.describe()).toMatch(/not against programs that run under your account/);
  });

  it('seals equal values differently each time', async () => {
    const store = new FileSecretStore(home);
    await store.set('a', 'same');
    await store.set('b', 'same');
    const { entries } = JSON.parse(await readFile(join(home, 'secrets.json'), 'utf8'));
    expect(entries.a).not.toBe(entries.b);
  });

  it('notices a swapped entry, a changed byte and a lost key', async () => {
    const store = new FileSecretStore(home);
    await store.set('a', 'first');
    await store.set('b', 'second');
    const path = join(home, 'secrets.json');
    const file = JSON.parse(await readFile(path, 'utf8'));
    const { a } = file.entries;
    await writeFile(path, JSON.stringify({ ...file, entries: { a: file.entries.b, b: a } }));
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CORRUPT' });

    const bytes = Buffer.from(a, 'base64');
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, JSON.stringify({ ...file, entries: { a: bytes.toString('base64') } }));
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CORRUPT' });

    await writeFile(path, JSON.stringify(file));
    await rm(join(home, 'secrets.key'));
    await expect(new FileSecretStore(home).get('a')).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('secrets.key'),
    });
  });

  it('refuses a file that is not its own instead of overwriting it', async () => {
    const path = join(home, 'secrets.json');
    await writeFile(path, '{"half":');
    const store = new FileSecretStore(home);
    await expect(store.set('a', 'v')).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await readFile(path, 'utf8')).toBe('{"half":');
    const foreign = { format: 'frontier-secrets', version: 1, sealer: 'keychain', entries: {} };
    await writeFile(path, JSON.stringify(foreign));
    await expect(store.names()).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it.each(['', '../x', '__proto__', 'A', 'a b', 'a/b'])('refuses the name %j', async (name) => {
    await expect(new FileSecretStore(home).set(name, 'v')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('refuses an empty value and keeps concurrent writes apart', async () => {
    const store = new FileSecretStore(home);
    await expect(store.set('a', '')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    await Promise.all(names.map((name) => store.set(name, `value of ${name}`)));
    for (const name of names) expect(await store.get(name)).toBe(`value of ${name}`);
  });
});
