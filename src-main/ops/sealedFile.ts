/** A small file of sealed secrets: names in the clear, values as the sealer made them. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';

/** Turns a value into bytes that only this user on this machine is meant to open, and back. */
export interface Sealer {
  /** @param name bound to the value where the cipher allows it, so that entries cannot be swapped */
  seal(name: string, value: string): Promise<Uint8Array>;
  /** @throws FrontierError `CORRUPT` when the bytes were changed or sealed by another key */
  open(name: string, sealed: Uint8Array): Promise<string>;
}

const fileSchema = z.object({
  format: z.literal('frontier-secrets'),
  version: z.literal(1),
  /** Which sealer wrote the entries; another one must not try to open them. */
  sealer: z.string(),
  entries: z.record(z.string(), z.base64()),
});
type FileContent = z.infer<typeof fileSchema>;

const NAME = /^[a-z][a-zA-Z0-9._-]{0,127}$/;
/** Longer than any token or key file a broker hands out; keeps a mistake from filling the file. */
const MAX_VALUE_CHARS = 65_536;

/** Reads and rewrites the file; one operation at a time, each rewrite atomic and readable by its owner only. */
export class SealedFile {
  readonly #path: string;
  readonly #sealerName: string;
  readonly #sealer: Sealer;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, sealerName: string, sealer: Sealer) {
    this.#path = path;
    this.#sealerName = sealerName;
    this.#sealer = sealer;
  }

  /** @throws FrontierError `BAD_INPUT` for an impossible name or an empty or oversized value */
  set(name: string, value: string): Promise<void> {
    return this.#inTurn(async () => {
      checkName(name);
      if (value === '' || value.length > MAX_VALUE_CHARS) {
        throw new FrontierError(
          'BAD_INPUT',
          `The secret ${name} must have 1 to ${MAX_VALUE_CHARS} characters`,
          'Use "remove" to forget a secret.',
        );
      }
      const content = await this.#read();
      const sealed = await this.#sealer.seal(name, value);
      content.entries[name] = Buffer.from(sealed).toString('base64');
      await this.#write(content);
    });
  }

  /** The value, or undefined when there is none of that name. */
  get(name: string): Promise<string | undefined> {
    return this.#inTurn(async () => {
      checkName(name);
      const { entries } = await this.#read();
      if (!Object.hasOwn(entries, name)) return undefined;
      return this.#sealer.open(name, Buffer.from(entries[name]!, 'base64'));
    });
  }

  /** All names, sorted; never a value. */
  names(): Promise<string[]> {
    return this.#inTurn(async () => Object.keys((await this.#read()).entries).sort());
  }

  /** Forgets one secret; no error when there is none. */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      checkName(name);
      const content = await this.#read();
      if (!Object.hasOwn(content.entries, name)) return;
      delete content.entries[name];
      await this.#write(content);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #read(): Promise<FileContent> {
    const text = await readOrUndefined(this.#path);
    if (text === undefined) {
      return { format: 'frontier-secrets', version: 1, sealer: this.#sealerName, entries: {} };
    }
    const parsed = fileSchema.safeParse(parseJson(text));
    if (!parsed.success) {
      throw new FrontierError(
        'CORRUPT',
        `${this.#path} is not a secrets file of Frontier`,
        'Move it away and enter the secrets again.',
      );
    }
    if (parsed.data.sealer !== this.#sealerName) {
      throw new FrontierError(
        'CONFLICT',
        `${this.#path} was sealed by "${parsed.data.sealer}", not "${this.#sealerName}"`,
        'Enter the secrets again in this host.',
      );
    }
    return parsed.data;
  }

  async #write(content: FileContent): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      // The creation mode passes through the umask; the rename must never publish a wider mode.
      await chmod(temporary, 0o600);
      await rename(temporary, this.#path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

function checkName(name: string): void {
  if (!NAME.test(name)) {
    throw new FrontierError(
      'BAD_INPUT',
      `"${name.slice(0, 140)}" cannot be the name of a secret`,
      'Start with a small letter; then letters, digits, dot, dash or underscore, at most 128.',
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The file's text, or undefined when it does not exist; any other failure is thrown. */
export async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
