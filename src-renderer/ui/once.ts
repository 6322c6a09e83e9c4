import { useCallback, useEffect, useState } from 'react';
import type { Query, QueryState } from './queries.ts';

const KEPT = 60;
const answers = new Map<string, unknown>();

function keep(id: string, answer: unknown): void {
  answers.delete(id);
  answers.set(id, answer);
  const oldest = answers.keys().next();
  if (answers.size > KEPT && !oldest.done) answers.delete(oldest.value);
}

interface Held<T> extends QueryState<T> {
  readonly id: string;
}

/**
 * A question whose answer never changes for its key and deps (plain values), such as a computed result. It is asked
 * once and, unlike `useQuery`, not again when something else in the engine changes: answering may be work for a
 * job, and a job's end must not ask for the next one.
 * @param load not called while the answer is known; undefined while there is nothing to ask
 */
export function useOnce<T>(
  key: string,
  load: (() => Promise<T>) | undefined,
  deps: readonly unknown[],
): Query<T> {
  const id = `${key} ${JSON.stringify(deps)}`;
  const [attempt, setAttempt] = useState(0);
  const [held, setHeld] = useState<Held<T>>();
  const asking = load !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `id` stands for key and deps; `load` is new each render
  useEffect(() => {
    if (!load || answers.has(id)) return;
    let gone = false;
    setHeld(undefined);
    load().then(
      (data) => {
        keep(id, data);
        if (!gone) setHeld({ id, data, error: undefined, loading: false });
      },
      (error: unknown) => gone || setHeld({ id, data: undefined, error, loading: false }),
    );
    return () => {
      gone = true;
    };
  }, [id, attempt, asking]);
  const reload = useCallback(() => {
    answers.delete(id);
    setAttempt((n) => n + 1);
  }, [id]);
  if (answers.has(id)) return { data: answers.get(id) as T, error: undefined, loading: false, reload };
  if (held?.id === id) return { data: held.data, error: held.error, loading: held.loading, reload };
  return { data: undefined, error: undefined, loading: asking, reload };
}
