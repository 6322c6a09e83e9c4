import { FrontierError } from '../../../src-shared/errors.ts';
import type { JsonRequest } from './http.ts';

const QUOTED_CHARS = 200;

/** What was asked for, as the user knows it. */
interface Subject {
  readonly subject: string;
}

/** What went wrong with a provider, in the user's words. No message holds a key or a query. */
export class ProviderErrors {
  readonly #name: string;
  readonly #keyHint: string;

  constructor(name: string, keyHint: string) {
    this.#name = name;
    this.#keyHint = keyHint;
  }

  cancelled(): FrontierError {
    return new FrontierError(
      'CANCELLED',
      `The download from ${this.#name} was stopped.`,
      'Pages that were stored are kept.',
    );
  }

  missingKey(label: string): FrontierError {
    return new FrontierError('REFUSED', `${this.#name} needs a key: ${label}.`, this.#keyHint);
  }

  /** Never quotes the key: not even a part of it helps. */
  unusableKey(label: string): FrontierError {
    return new FrontierError(
      'BAD_INPUT',
      `The stored key for ${this.#name} (${label}) holds a space or a sign that no key has.`,
      'Copy it again without spaces or line breaks.',
    );
  }

  rejectedKey(says?: string): FrontierError {
    const quote = says === undefined ? '' : ` It says: ${says}`;
    return new FrontierError('REFUSED', `${this.#name} does not accept the key.${quote}`, this.#keyHint);
  }

  unknownSymbol(subject: string): FrontierError {
    return new FrontierError(
      'NOT_FOUND',
      `${this.#name} does not know ${subject}.`,
      'Check the symbol, or choose another provider.',
    );
  }

  /** The server understood and will not do it. @param says without secrets, see `quoted` */
  refusedRequest(subject: string, says: string): FrontierError {
    return new FrontierError(
      'BAD_INPUT',
      `${this.#name} refuses the request for ${subject}: ${says}`,
      'Check symbol, timeframe and dates against what the provider offers.',
    );
  }

  noAccount(wanted: string | undefined): FrontierError {
    const which = wanted === undefined ? 'no account' : `no account ${wanted}`;
    return new FrontierError(
      'REFUSED',
      `The access token for ${this.#name} opens ${which}.`,
      'Grant the application access to an account, or enter the login number of one that it has.',
    );
  }

  unsupported(what: string, offered: string): FrontierError {
    return new FrontierError('BAD_INPUT', `${this.#name} has no ${what}.`, `It has ${offered}.`);
  }

  gaveUp(request: Subject, why: string, attempts: number): FrontierError {
    return new FrontierError(
      'UNAVAILABLE',
      `${this.#name} did not deliver ${request.subject} in ${attempts} attempts: ${why}.`,
      'What was stored is kept; start the download again later and it goes on from there.',
    );
  }

  limitUsedUp(request: Subject, waitMs: number): FrontierError {
    const minutes = Math.ceil(waitMs / 60_000);
    const when = minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
    return new FrontierError(
      'UNAVAILABLE',
      `The request limit of ${this.#name} is used up before ${request.subject} is complete.`,
      `What was stored is kept; start the download again in ${when}, or use a plan with a higher limit.`,
    );
  }

  tooLarge(request: JsonRequest, maxBytes: number): FrontierError {
    return new FrontierError(
      'REFUSED',
      `${this.#name} sent more than ${maxBytes / 1024 / 1024} MiB for one page of ${request.subject}.`,
      'That is no page of bars; check the address of the provider.',
    );
  }

  html(request: Subject & { readonly url: URL }): FrontierError {
    return new FrontierError(
      'REFUSED',
      `${request.url.host} answered with a web page instead of data for ${request.subject}.`,
      'A proxy, a sign-in page of the network or maintenance is in between; open the address of the provider in a browser.',
    );
  }

  notJson(request: JsonRequest, text: string): FrontierError {
    return new FrontierError(
      'REFUSED',
      `${request.url.host} answered ${request.subject} with something that is not JSON: ${quoted(text, request.secrets)}`,
      'Check the address of the provider; nothing was stored.',
    );
  }

  /** Data that contradicts what the provider documents. */
  broken(subject: string, what: string): FrontierError {
    return new FrontierError(
      'CORRUPT',
      `${this.#name} sent impossible data for ${subject}: ${what}.`,
      'Nothing of this page was stored; try again later or use another provider for this stretch.',
    );
  }

  /** A status that is neither success nor worth a second attempt. */
  ofStatus(request: JsonRequest, status: number, text: string): FrontierError {
    const says = quoted(reasonIn(text), request.secrets);
    if (status === 401) return this.rejectedKey(says);
    if (/^\s*</.test(text) && status >= 400) return this.html(request);
    if (status === 403) return this.#forbidden(says);
    if (status === 404) return this.unknownSymbol(request.subject);
    if (status >= 300 && status < 400) return this.redirects(request.url, status);
    return new FrontierError(
      'BAD_INPUT',
      `${this.#name} refuses the request for ${request.subject} (status ${status}): ${says}`,
      'Check symbol, timeframe and dates against what the provider offers.',
    );
  }

  redirects(url: URL, status: number): FrontierError {
    return new FrontierError(
      'REFUSED',
      `${url.host} redirects to another address (status ${status}); keys are not sent there.`,
      'Check the address of the provider, and whether the network asks for a sign-in.',
    );
  }

  #forbidden(says: string): FrontierError {
    if (!/subscri|plan|premium|permit/i.test(says)) return this.rejectedKey(says);
    return new FrontierError(
      'REFUSED',
      `The plan of this key does not include the request. ${this.#name} says: ${says}`,
      'Ask for an older stretch or another feed, or change the plan at the provider.',
    );
  }
}

/** The sentence in a JSON error body, whatever the provider calls it; the body itself otherwise. */
function reasonIn(text: string): string {
  if (/^\s*</.test(text)) return 'a web page';
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      const fields = body as Record<string, unknown>;
      for (const name of ['errorMessage', 'message', 'detail', 'Error Message', 'error']) {
        const value = fields[name];
        if (typeof value === 'string') return value;
      }
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return text;
}

/** A short quotation on one line without secrets: some providers repeat the key in their messages. */
export function quoted(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[key]');
  clean = clean.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return clean.length > QUOTED_CHARS ? `${clean.slice(0, QUOTED_CHARS)}…` : clean;
}
