/** The history providers of the product, with the network, the clock and the chance of this machine. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';
import type { ProviderIo, ProviderProgress } from '../data/providers/port.ts';
import { type ProviderAddresses, ProviderRegistry } from '../data/providers/registry.ts';
import { openWebSocket } from '../data/providers/socket.ts';
import { fetchTransport } from '../data/providers/transport.ts';
import { systemClock } from './ids.ts';

/** Names the addresses of stand-ins for providers, as JSON; for tests, which run in several processes. */
const ADDRESSES_VARIABLE = 'FRONTIER_TEST_PROVIDERS';
const addressesSchema = z.record(
  z.string(),
  z.object({ baseUrl: z.url(), liveUrl: z.url().optional(), tokenUrl: z.url().optional() }),
);
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];
const RANDOM_STEPS = 2 ** 32;

/**
 * Every provider, at its real address. Stand-ins are taken from this machine only, so that no setting can send keys
 * anywhere else.
 * @throws FrontierError REFUSED when the variable names an address beyond this machine
 */
export function productProviders(environment: NodeJS.ProcessEnv = process.env): ProviderRegistry {
  const text = environment[ADDRESSES_VARIABLE];
  return text === undefined ? new ProviderRegistry() : ProviderRegistry.at(standIns(text));
}

function standIns(text: string): ProviderAddresses {
  const parsed = addressesSchema.safeParse(jsonOf(text));
  const urls = parsed.success
    ? Object.values(parsed.data).flatMap((a) => [a.baseUrl, a.liveUrl ?? a.baseUrl, a.tokenUrl ?? a.baseUrl])
    : [];
  const isLocal = parsed.success && urls.every((url) => LOOPBACK.includes(new URL(url).hostname));
  if (parsed.success && isLocal) return parsed.data;
  throw new FrontierError(
    'REFUSED',
    `${ADDRESSES_VARIABLE} names providers that are not on this machine.`,
    'It is for tests; remove it from the environment.',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a download gets from outside. */
export interface DownloadIo {
  /** The keys that it may use, by their names in the secret store. */
  readonly keys: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: ProviderProgress) => void) | undefined;
}

/** The real world of a provider. */
export function productIo({ keys, signal, onProgress }: DownloadIo): ProviderIo {
  return {
    transport: fetchTransport(fetch),
    openSocket: openWebSocket,
    every: (ms, work) => {
      const timer = setInterval(work, ms);
      return () => clearInterval(timer);
    },
    clock: systemClock,
    rng: { next: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS },
    sleep: (ms, stop) => sleep(ms, undefined, { signal: stop }),
    deadline: (ms) => AbortSignal.timeout(ms),
    key: async (secret) => keys[secret],
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}
