import { type DependencyList, useCallback, useEffect, useSyncExternalStore } from 'react';
import { connection } from './connection.ts';

export interface QueryState<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly loading: boolean;
}
export interface Query<T> extends QueryState<T> {
  /** Asks again; what is shown stays until the answer is there. */
  readonly reload: () => void;
}

class Entry {
  state: QueryState<unknown> = { data: undefined, error: undefined, loading: true };
  load: (() => Promise<unknown>) | undefined;
  readonly listeners = new Set<() => void>();
  private turn = 0;
  private busy = false;

  run(force: boolean): void {
    if (!this.load || (this.busy && !force)) return;
    this.turn += 1;
    const turn = this.turn;
    this.busy = true;
    if (!this.state.loading) this.set({ ...this.state, loading: true });
    this.load().then(
      (data) => this.finish(turn, { data, error: undefined, loading: false }),
      (error: unknown) => this.finish(turn, { data: this.state.data, error, loading: false }),
    );
  }

  private finish(turn: number, state: QueryState<unknown>): void {
    // An answer that a newer question has overtaken is no answer.
    if (turn !== this.turn) return;
    this.busy = false;
    this.set(state);
  }

  private set(state: QueryState<unknown>): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

const entries = new Map<string, Entry>();

function entryFor(id: string): Entry {
  let entry = entries.get(id);
  if (!entry) {
    entry = new Entry();
    entries.set(id, entry);
  }
  return entry;
}

/** Asks again every shown query whose key starts with `prefix`; forgets the answers of those not shown. */
export function invalidate(prefix: string): void {
  for (const [id, entry] of entries) {
    if (!id.startsWith(prefix)) continue;
    if (entry.listeners.size === 0) entries.delete(id);
    else entry.run(true);
  }
}

connection.subscribe((now, before) => {
  if (now.generation > 1 && now.generation !== before.generation) invalidate('');
});

/**
 * One question to the engine. Its answer is kept under `key` and `deps` (plain values), so that a tab that is
 * opened again shows what it had at once and refreshes behind it.
 */
export function useQuery<T>(key: string, load: () => Promise<T>, deps: DependencyList): Query<T> {
  const id = `${key} ${JSON.stringify(deps)}`;
  const subscribe = useCallback(
    (listener: () => void) => {
      const entry = entryFor(id);
      entry.listeners.add(listener);
      return () => entry.listeners.delete(listener);
    },
    [id],
  );
  const state = useSyncExternalStore(subscribe, () => entryFor(id).state) as QueryState<T>;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `id` stands for key and deps; `load` is new each render
  useEffect(() => {
    const entry = entryFor(id);
    entry.load = load;
    entry.run(false);
  }, [id]);
  const reload = useCallback(() => entryFor(id).run(true), [id]);
  return { ...state, reload };
}
