import { ORPCError } from '@orpc/client';
import { FrontierError } from '../../src-shared/errors.ts';

export interface ErrorView {
  readonly code: string;
  readonly title: string;
  readonly hint: string | undefined;
}

function hintOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('hint' in data)) return undefined;
  return typeof data.hint === 'string' ? data.hint : undefined;
}

/** First complaint of a refused input, e.g. `batch: Too small`. */
function issueOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('issues' in data) || !Array.isArray(data.issues)) return;
  const issue: unknown = data.issues[0];
  if (typeof issue !== 'object' || issue === null || !('message' in issue)) return undefined;
  const path = 'path' in issue && Array.isArray(issue.path) ? issue.path.join('.') : '';
  return path === '' ? String(issue.message) : `${path}: ${String(issue.message)}`;
}

/** Whatever was thrown, as something a person can read and act on. */
export function describeError(error: unknown): ErrorView {
  if (error instanceof ORPCError) {
    const issue = issueOf(error.data);
    return { code: error.code, title: issue ?? error.message, hint: hintOf(error.data) };
  }
  if (error instanceof FrontierError) {
    return { code: error.code, title: error.message, hint: error.hint };
  }
  if (error instanceof DOMException && error.name === 'AbortError') {
    return { code: 'CANCELLED', title: 'Cancelled.', hint: undefined };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/not open|cannot be reached|peer|closed/i.test(message)) {
    return {
      code: 'UNAVAILABLE',
      title: 'The engine cannot be reached.',
      hint: 'Frontier connects again by itself; then try again.',
    };
  }
  return { code: 'INTERNAL', title: message, hint: 'This is a fault in Frontier; the log has the details.' };
}

/** True for the end of something that we ended ourselves. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.message === 'aborted');
}
