import type { ErrorBody } from '../../src-shared/errors.ts';
import type { JobProgress } from './port.ts';

/** Engine to worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly kind: string; readonly payload: unknown }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'stop' }
  /** For the handler, which knows what it means. */
  | { readonly type: 'message'; readonly message: unknown };

/** Worker to engine. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'paused'; readonly paused: boolean }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: ErrorBody };
