/** Secrets of the desktop host, sealed by the operating system through Electron's `safeStorage`. */
import { join } from 'node:path';
import type { SafeStorage } from 'electron';
import { FrontierError } from '../../src-shared/errors.ts';
import { SealedFile } from '../ops/sealedFile.ts';
import type { SecretStore } from '../ops/secrets.ts';

/** The part of `safeStorage` that is used: the asynchronous one, because the shell must not block. */
export type Keychain = Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
>;

const SEALER = 'safeStorage';
const HINT =
  'Unlock or install a keyring (GNOME Keyring or KWallet on Linux) and start Frontier again; ' +
  'it never writes a secret unencrypted.';

/**
 * Opens the store. Where the system offers no real encryption the store refuses to keep anything: on Linux
 * without a keyring, Electron would "encrypt" with a password that is part of its source.
 * @param home the data folder; the sealed values go to `secrets.desktop.json` there
 */
export async function openKeychainStore(
  home: string,
  keychain: Keychain,
  platform: NodeJS.Platform,
): Promise<SecretStore> {
  const reason = await unavailableReason(keychain, platform);
  const path = join(home, 'secrets.desktop.json');
  if (reason !== undefined) return new RefusingStore(reason, path);
  const backend = platform === 'linux' ? keychain.getSelectedStorageBackend() : SYSTEM_NAMES[platform];
  return new KeychainStore(path, backend ?? 'system keychain', keychain);
}

const SYSTEM_NAMES: Partial<Record<NodeJS.Platform, string>> = { darwin: 'Keychain', win32: 'DPAPI' };

async function unavailableReason(keychain: Keychain, platform: NodeJS.Platform): Promise<string | undefined> {
  if (!(await keychain.isAsyncEncryptionAvailable())) return 'The system offers no encrypted storage';
  const backend = platform === 'linux' ? keychain.getSelectedStorageBackend() : undefined;
  if (backend === 'basic_text' || backend === 'unknown') return 'No keyring was found on this desktop';
  return undefined;
}

class KeychainStore implements SecretStore {
  readonly #file: SealedFile;
  readonly #description: string;

  constructor(path: string, backend: string, keychain: Keychain) {
    this.#description = `Encrypted by the system (${backend}); only your account on this machine opens it.`;
    this.#file = new SealedFile(path, SEALER, {
      // The name travels inside the sealed text, so that entries of the file cannot be swapped.
      seal: (name, value) => keychain.encryptStringAsync(JSON.stringify([name, value])),
      open: (name, sealed) => openSealed(keychain, name, sealed),
    });
  }

  describe(): string {
    return this.#description;
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

async function openSealed(keychain: Keychain, name: string, sealed: Uint8Array): Promise<string> {
  try {
    const { result } = await keychain.decryptStringAsync(Buffer.from(sealed));
    const pair: unknown = JSON.parse(result);
    if (Array.isArray(pair) && pair[0] === name && typeof pair[1] === 'string') return pair[1];
  } catch (cause) {
    throw unreadable(name, cause);
  }
  throw unreadable(name);
}

function unreadable(name: string, cause?: unknown): FrontierError {
  return new FrontierError(
    'CORRUPT',
    `The system keychain cannot open the secret ${name}`,
    'The file was changed or comes from another account or machine: enter this secret again.',
    cause,
  );
}

/** Keeps nothing and says why. What an earlier start kept can be listed and removed, but not opened. */
class RefusingStore implements SecretStore {
  readonly #reason: string;
  readonly #file: SealedFile;

  constructor(reason: string, path: string) {
    this.#reason = reason;
    const refuse = async (name: string): Promise<never> => {
      throw new FrontierError('UNAVAILABLE', `${reason}: the secret ${name} is out of reach`, HINT);
    };
    this.#file = new SealedFile(path, SEALER, { seal: refuse, open: refuse });
  }

  describe(): string {
    return `${this.#reason}: secrets cannot be kept. ${HINT}`;
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
