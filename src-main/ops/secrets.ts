/** Where broker tokens and other secrets live. The desktop host brings its own store (the system keychain). */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import { readOrUndefined, SealedFile, type Sealer } from './sealedFile.ts';

/** Keeps named secrets; nothing else in Frontier writes one to disk, a log or the interface. */
export interface SecretStore {
  /** One sentence for the user: where secrets are kept and what that protects against, or why none can be. */
  describe(): string;
  /** @throws FrontierError `BAD_INPUT` for an impossible name or value, `UNAVAILABLE` where nothing can be kept */
  set(name: string, value: string): Promise<void>;
  /** The value, or undefined when there is none. @throws FrontierError `CORRUPT` when it cannot be opened */
  get(name: string): Promise<string | undefined>;
  /** All names, sorted. */
  names(): Promise<string[]>;
  /** Forgets one; no error when there is none. */
  remove(name: string): Promise<void>;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce per value and the name as associated data.
 * Layout of the sealed bytes: nonce (12), tag (16), ciphertext.
 */
class KeyFileSealer implements Sealer {
  readonly #keyPath: string;
  #key: Promise<Buffer> | undefined;

  constructor(keyPath: string) {
    this.#keyPath = keyPath;
  }

  async seal(name: string, value: string): Promise<Uint8Array> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', await this.#loadKey(true), nonce);
    cipher.setAAD(Buffer.from(name, 'utf8'));
    const body = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  async open(name: string, sealed: Uint8Array): Promise<string> {
    const key = await this.#loadKey(false);
    try {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(name, 'utf8'));
      decipher.setAuthTag(tag);
      const body = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([body, decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new FrontierError(
        'CORRUPT',
        `The secret ${name} cannot be opened: the file or its key was changed`,
        'Enter this secret again.',
        cause,
      );
    }
  }

  #loadKey(create: boolean): Promise<Buffer> {
    this.#key ??= this.#readKey(create).catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    return this.#key;
  }

  async #readKey(create: boolean): Promise<Buffer> {
    const text = await readOrUndefined(this.#keyPath);
    if (text === undefined) {
      if (create) return createKey(this.#keyPath);
      throw new FrontierError(
        'CORRUPT',
        `The key file ${this.#keyPath} is missing`,
        'Put it back from a copy, or enter the secrets again.',
      );
    }
    const key = Buffer.from(text.trim(), 'base64');
    if (key.length === KEY_BYTES) return key;
    throw new FrontierError('CORRUPT', `${this.#keyPath} is not a key`, 'Enter the secrets again.');
  }
}

async function createKey(path: string): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true });
  const key = randomBytes(KEY_BYTES);
  // "wx": two processes starting at once must not end with different keys.
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${key.toString('base64')}\n`);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return key;
}

/** Secrets of the loopback host and the command line: `secrets.json` and `secrets.key` in the data folder. */
export class FileSecretStore implements SecretStore {
  readonly #file: SealedFile;
  readonly #path: string;

  /** @param home the data folder; nothing is written before the first `set` */
  constructor(home: string) {
    this.#path = join(home, 'secrets.json');
    this.#file = new SealedFile(this.#path, 'keyfile', new KeyFileSealer(join(home, 'secrets.key')));
  }

  describe(): string {
    return (
      `Encrypted file ${this.#path}, its key beside it, both readable by you only: this protects against ` +
      'casual reading and a copied file, not against programs that run under your account.'
    );
  }

  set(name: string, value: string): Promise<void> {
    return this.#file.set(name, value);
  }

  get(name: string): Promise<string | undefined> {
    return this.#file.get(name);
  }

  names(): Promise<string[]> {
    return this.#file.names();
  }

  remove(name: string): Promise<void> {
    return this.#file.remove(name);
  }
}
