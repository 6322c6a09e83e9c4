import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Keychain, openKeychainStore } from './keychain.ts';

type Backend = ReturnType<Keychain['getSelectedStorageBackend']>;

/** A keychain that masks with a key of its own; opening with another key fails, as the system's does. */
class FakeKeychain implements Keychain {
  readonly #key: Buffer;
  readonly backend: Backend;
  available = true;

  constructor(account: string, backend: Backend = 'gnome_libsecret') {
    this.#key = createHash('sha256').update(account).digest();
    this.backend = backend;
  }

  async isAsyncEncryptionAvailable(): Promise<boolean> {
    return this.available;
  }
  async encryptStringAsync(text: string): Promise<Buffer> {
    return this.#mask(Buffer.from(`ok:${text}`));
  }
  async decryptStringAsync(sealed: Buffer): Promise<{ shouldReEncrypt: boolean; result: string }> {
    const text = this.#mask(sealed).toString();
    if (!text.startsWith('ok:')) throw new Error('Error while decrypting the ciphertext');
    return { shouldReEncrypt: false, result: text.slice(3) };
  }
  getSelectedStorageBackend(): Backend {
    return this.backend;
  }
  #mask(bytes: Buffer): Buffer {
    return Buffer.from(bytes.map((byte, i) => byte ^ this.#key[i % this.#key.length]!));
  }
}

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'frontier-keychain-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));
const path = () => join(home, 'secrets.desktop.json');

describe('the keychain store', () => {
  it('keeps secrets sealed, for the owner only, across starts', async () => {
    const store = await openKeychainStore(home, new FakeKeychain('me'), 'linux');
    expect(store.describe()).toContain('gnome_libsecret');
    await store.set('oanda.token', 'plain text value');
    expect(await readFile(path(), 'utf8')).not.toContain('plain');
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    const later = await openKeychainStore(home, new FakeKeychain('me'), 'linux');
    expect(await later.get('oanda.token')).toBe('plain text value');
    expect(await later.names()).toEqual(['oanda.token']);
    await later.remove('oanda.token');
    expect(await later.get('oanda.token')).toBeUndefined();
  });

  it('does not open what another account sealed, nor a swapped entry', async () => {
    const store = await openKeychainStore(home, new FakeKeychain('me'), 'darwin');
    await store.set('a', 'first');
    await store.set('b', 'second');
    const other = await openKeychainStore(home, new FakeKeychain('someone else'), 'darwin');
    await expect(other.get('a')).rejects.toMatchObject({ code: 'CORRUPT' });
    const file = JSON.parse(await readFile(path(), 'utf8'));
    await writeFile(path(), JSON.stringify({ ...file, entries: { a: file.entries.b } }));
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it.each([
    ['basic_text', true],
    ['unknown', true],
    ['gnome_libsecret', false],
  ] as const)(
    'refuses to write where there is no real encryption (%s, available %s)',
    async (backend, available) => {
      const sealed = await openKeychainStore(home, new FakeKeychain('me'), 'linux');
      await sealed.set('old', 'kept before');

      const keychain = new FakeKeychain('me', backend);
      keychain.available = available;
      const store = await openKeychainStore(home, keychain, 'linux');
      const before = await readFile(path(), 'utf8');
      await expect(store.set('token', 'v')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        hint: expect.stringContaining('keyring'),
      });
      expect(await readFile(path(), 'utf8')).toBe(before);
      await expect(store.get('old')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await store.get('never')).toBeUndefined();
      expect(await store.names()).toEqual(['old']);
      expect(store.describe()).toMatch(/cannot be kept/);
    },
  );
});
