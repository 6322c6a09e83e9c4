/** The engine's view of the system keychain: every call is a message to the shell, which alone may use it. */
import { FrontierError } from '../../src-shared/errors.ts';
import type { SecretStore } from '../ops/secrets.ts';
import type { FromEngine, SecretRequest, ToEngine } from './engineMessages.ts';

type SecretReply = Extract<ToEngine, { type: 'secret-value' | 'secret-error' }>;
interface Waiting {
  resolve(value: string | string[] | null): void;
  reject(error: Error): void;
}

/** Asks through messages; `receive` takes the answers. */
export class ShellSecretStore implements SecretStore {
  readonly #description: string;
  readonly #post: (message: FromEngine) => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  /** @param description the shell's own sentence about its store */
  constructor(description: string, post: (message: FromEngine) => void) {
    this.#description = description;
    this.#post = post;
  }

  describe(): string {
    return this.#description;
  }

  async set(name: string, value: string): Promise<void> {
    await this.#ask({ op: 'set', name, value });
  }

  async get(name: string): Promise<string | undefined> {
    const value = await this.#ask({ op: 'get', name });
    if (Array.isArray(value)) throw unexpected();
    return value ?? undefined;
  }

  async names(): Promise<string[]> {
    const value = await this.#ask({ op: 'names' });
    if (!Array.isArray(value)) throw unexpected();
    return value;
  }

  async remove(name: string): Promise<void> {
    await this.#ask({ op: 'remove', name });
  }

  /** Takes one answer; an answer to nothing is ignored. */
  receive(reply: SecretReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === 'secret-value') waiting?.resolve(reply.value);
    else waiting?.reject(new FrontierError(reply.error.code, reply.error.message, reply.error.hint));
  }

  #ask(request: SecretRequest): Promise<string | string[] | null> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: 'secret', id, request });
    });
  }
}

function unexpected(): Error {
  return new Error('The shell answered a question about secrets with the wrong kind of value');
}
