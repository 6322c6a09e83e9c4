/**
 * The port through which news come in over the network. A provider is one file that implements `NewsProvider` plus
 * one line in `registry.ts`. Requests, limits, retries and secrets are those of the history providers.
 */
import type { NewsProviderDto } from '../../../src-shared/contract/news.ts';
import type { ProviderErrors } from '../../data/providers/httpErrors.ts';
import type { ProviderIo, ProviderKey } from '../../data/providers/port.ts';
import { Malformed } from '../../data/providers/reading.ts';
import type { NewsBatch } from '../types.ts';

/** Instants [fromMs, toMs). */
export interface NewsRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A source of scheduled events or headlines. One object per process: it holds the rate limit. */
export interface NewsProvider {
  readonly id: string;
  readonly name: string;
  /** What it gives and what it costs, in a sentence or two. */
  readonly about: string;
  readonly gives: NewsProviderDto['gives'];
  readonly keys: readonly ProviderKey[];
  /** How far it was tried against what. */
  readonly tested: string;
  /** It asks to be asked no more often than this; kept over restarts. */
  readonly leastIntervalMs?: number;
  /**
   * @throws FrontierError REFUSED for a missing or rejected key or an answer that is no data, UNAVAILABLE when it
   *   cannot be reached or its limits are used up, CORRUPT for data that contradicts the protocol, CANCELLED
   */
  fetch(range: NewsRange, io: ProviderIo): Promise<NewsBatch>;
}

/** Settings that every provider takes. */
export interface NewsProviderOptions {
  /** Where it is; tests point it at a peer. Without a slash at the end. */
  readonly baseUrl?: string;
}

/** Runs a reader of untrusted data and names what was asked for when it is not as documented. */
export function readingNews<T>(subject: string, errors: ProviderErrors, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) throw errors.broken(subject, error.message);
    throw error;
  }
}

/** A value that may be missing, as the source writes it. */
export function optionalText(value: unknown, what: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new Malformed(`${what} is neither text nor a number`);
}

/** Text without the tags and the commonest entities of HTML, which headlines carry. */
export function plainText(text: string): string {
  return text
    .replace(/<[^>]{0,500}>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** An address that may be opened in a browser; null for anything else. */
export function webAddress(value: unknown): string | null {
  return typeof value === 'string' && value.length <= 2000 && /^https?:\/\/[^\s]+$/i.test(value)
    ? value
    : null;
}
