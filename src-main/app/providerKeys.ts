/** Keys of providers on their way from the secret store to a worker, renewed when they ran out. */
import { type ErrorBody, FrontierError } from '../../src-shared/errors.ts';
import { ProviderErrors } from '../data/providers/httpErrors.ts';
import type { HistoryProvider } from '../data/providers/port.ts';
import type { EngineContext } from './context.ts';
import { productIo } from './providers.ts';

export type Keys = Readonly<Record<string, string>>;

/** The stored keys of a provider. @throws FrontierError REFUSED when one that it needs is missing */
export async function keysOf(
  context: Pick<EngineContext, 'secrets'>,
  provider: HistoryProvider,
): Promise<Keys> {
  const keys: Record<string, string> = {};
  for (const { secret, label, optional } of provider.keys) {
    const value = await context.secrets.get(secret);
    if (value !== undefined) keys[secret] = value;
    else if (optional !== true) {
      throw new ProviderErrors(
        provider.name,
        `Enter it in the Data tab, or with \`frontier data key set ${secret}\`.`,
      ).missingKey(label);
    }
  }
  return keys;
}

/** How work that used keys ended. */
export type Outcome<T> = { readonly value: T } | { readonly expired: ErrorBody };

/** Renews the keys of a provider once for all who find them expired. */
export class ProviderKeys {
  readonly #context: EngineContext;
  readonly #renewing = new Map<string, Promise<void>>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /**
   * Does work with the stored keys; when it finds them expired, renews them and does it once more.
   * @throws FrontierError as the work, or as it says about expired keys that cannot be renewed
   */
  async use<T>(provider: HistoryProvider, work: (keys: Keys) => Promise<Outcome<T>>): Promise<T> {
    const keys = await keysOf(this.#context, provider);
    const first = await work(keys);
    if ('value' in first) return first.value;
    const again = await work(await this.#renewed(provider, keys, first.expired));
    if ('value' in again) return again.value;
    throw thrown(again.expired);
  }

  async #renewed(provider: HistoryProvider, used: Keys, expired: ErrorBody): Promise<Keys> {
    const stored = await keysOf(this.#context, provider);
    // Somebody renewed them, or the user entered new ones meanwhile.
    if (Object.entries(stored).some(([secret, value]) => used[secret] !== value)) return stored;
    const canRenew = provider.keys.every(
      ({ secret }) => stored[secret] !== undefined || !/refresh/i.test(secret),
    );
    if (!provider.renewKeys || !canRenew) throw thrown(expired);
    const renewing = this.#renewing.get(provider.id) ?? this.#renew(provider, stored);
    this.#renewing.set(provider.id, renewing);
    try {
      await renewing;
    } finally {
      this.#renewing.delete(provider.id);
    }
    return keysOf(this.#context, provider);
  }

  async #renew(provider: HistoryProvider, keys: Keys): Promise<void> {
    const io = productIo({ keys, signal: new AbortController().signal });
    await provider.renewKeys?.(io, (secret, value) => this.#context.secrets.set(secret, value));
  }
}

function thrown({ code, message, hint }: ErrorBody): FrontierError {
  return new FrontierError(code, message, hint);
}
