import type { ErrorBody } from '../../src-shared/errors.ts';
import type { JobProgress } from './port.ts';

/** Engine to worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly kind: string; readonly payload: unknown }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'stop' };

/** Worker to engine. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'paused'; readonly paused: boolean }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: ErrorBody };
