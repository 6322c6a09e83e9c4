import type { JobStateDto } from '../../../src-shared/contract/common.ts';

const DOT: Partial<Record<JobStateDto, string>> = {
  running: 'ok',
  queued: 'warn',
  paused: 'warn',
  stopping: 'warn',
  failed: 'bad',
};

/** State of a run: a dot and the word. */
export function RunState({ state, testId }: { readonly state: JobStateDto; readonly testId?: string }) {
  return (
    <span className="ft-cell-line">
      <span className="ft-dot" data-state={DOT[state] ?? 'idle'} aria-hidden />
      <span data-testid={testId}>{state}</span>
    </span>
  );
}
