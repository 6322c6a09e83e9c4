import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import type { DrawingKind } from './geometry.ts';

/** What keeps drawings: the engine, or a stand-in in tests. */
export interface DrawingApi {
  list(symbol: string): Promise<readonly Drawing[]>;
  /** Adds one without an id, replaces the one with its id. */
  save(drawing: Omit<Drawing, 'id'> & { id?: string }): Promise<Drawing>;
  remove(id: string): Promise<void>;
}

export interface DrawingState {
  /** Drawings by symbol; absent until they were loaded. */
  readonly bySymbol: Readonly<Record<string, readonly Drawing[]>>;
  readonly tool: DrawingKind | undefined;
  readonly chosen: string | undefined;
  /** Points snap to the prices of the bar below. */
  readonly magnet: boolean;
  /** Colour of the next drawing, `#rrggbb`. */
  readonly color: string;
}

/** One change: a drawing before and after it; absent where it was not there. */
interface Change {
  readonly symbol: string;
  readonly before: Drawing | undefined;
  readonly after: Drawing | undefined;
}

const MOST_UNDO = 100;
/** Read well on both grounds. The first is what one begins with: neither a candle nor a usual indicator has it. */
export const DRAWING_COLORS = [
  '#b07cf0',
  '#5b93f2',
  '#f0913a',
  '#35c3b1',
  '#d987d3',
  '#e2b93b',
  '#e5484d',
  '#8a94a3',
];

export interface DrawingPreferences {
  readonly magnet: boolean;
  readonly color: string;
}

/**
 * The drawings of every symbol on the screen. All charts of a symbol read the same list, so a change shows on all of
 * them at once; the engine is told afterwards, one change after the other.
 */
export class Drawings {
  readonly store: StoreApi<DrawingState>;
  readonly #api: DrawingApi;
  readonly #onError: (error: unknown) => void;
  readonly #undo: Change[] = [];
  /** Writes wait for each other: two changes of one drawing arrive in the order they were made in. */
  #queue: Promise<unknown> = Promise.resolve();
  #writes = 0;

  constructor(api: DrawingApi, preferences: DrawingPreferences, onError: (error: unknown) => void) {
    this.#api = api;
    this.#onError = onError;
    this.store = createStore<DrawingState>(() => ({
      bySymbol: {},
      tool: undefined,
      chosen: undefined,
      ...preferences,
    }));
  }

  of(symbol: string): readonly Drawing[] {
    return this.store.getState().bySymbol[symbol] ?? [];
  }

  find(id: string | undefined): Drawing | undefined {
    if (id === undefined) return undefined;
    return Object.values(this.store.getState().bySymbol)
      .flat()
      .find((d) => d.id === id);
  }

  /** Loads a symbol's drawings, again when they may have changed elsewhere. What is being written stays. */
  async load(symbol: string): Promise<void> {
    try {
      const list = await this.#api.list(symbol);
      if (this.#writes > 0) return;
      this.store.setState(({ bySymbol, chosen }) => ({
        bySymbol: { ...bySymbol, [symbol]: list },
        chosen: chosen !== undefined && this.#gone(chosen, symbol, list) ? undefined : chosen,
      }));
    } catch (error) {
      this.#onError(error);
    }
  }

  #gone(id: string, symbol: string, list: readonly Drawing[]): boolean {
    return this.of(symbol).some((d) => d.id === id) && list.every((d) => d.id !== id);
  }

  #put(symbol: string, change: (list: readonly Drawing[]) => readonly Drawing[]): void {
    this.store.setState(({ bySymbol }) => ({
      bySymbol: { ...bySymbol, [symbol]: change(bySymbol[symbol] ?? []) },
    }));
  }

  #show(symbol: string, id: string, drawing: Drawing | undefined): void {
    this.#put(symbol, (list) => {
      if (!drawing) return list.filter((d) => d.id !== id);
      return list.some((d) => d.id === id)
        ? list.map((d) => (d.id === id ? drawing : d))
        : [...list, drawing];
    });
  }

  /** Adds one and chooses it. @returns the drawing with its id; undefined when it could not be kept */
  async add(drawing: Omit<Drawing, 'id'>): Promise<Drawing | undefined> {
    return this.#write(async () => {
      const saved = await this.#api.save(drawing);
      this.#put(saved.symbol, (list) => [...list.filter((d) => d.id !== saved.id), saved]);
      this.#remember({ symbol: saved.symbol, before: undefined, after: saved });
      this.store.setState({ chosen: saved.id });
      return saved;
    });
  }

  /** Shows a change that is still being made, on every chart and nowhere else. */
  preview(drawing: Drawing): void {
    this.#show(drawing.symbol, drawing.id, drawing);
  }

  /** Keeps a changed drawing. @param before as it was; what `preview` showed does not count */
  async change(before: Drawing, after: Drawing): Promise<void> {
    this.#remember({ symbol: after.symbol, before, after });
    await this.#apply(after.symbol, after.id, after, before);
  }

  async remove(id: string): Promise<void> {
    const before = this.find(id);
    if (!before) return;
    this.#remember({ symbol: before.symbol, before, after: undefined });
    await this.#apply(before.symbol, id, undefined, before);
  }

  /** Takes the newest change of a symbol back. @returns false when there is none */
  async undo(symbol: string): Promise<boolean> {
    const at = this.#undo.findLastIndex((c) => c.symbol === symbol);
    const change = this.#undo[at];
    const id = change?.before?.id ?? change?.after?.id;
    if (!change || id === undefined) return false;
    this.#undo.splice(at, 1);
    await this.#apply(symbol, id, change.before, change.after);
    return true;
  }

  #remember(change: Change): void {
    this.#undo.push(change);
    if (this.#undo.length > MOST_UNDO) this.#undo.shift();
  }

  /** Shows a state and has it kept; what was there comes back when that fails. */
  async #apply(
    symbol: string,
    id: string,
    to: Drawing | undefined,
    from: Drawing | undefined,
  ): Promise<void> {
    this.#show(symbol, id, to);
    if (!to && this.store.getState().chosen === id) this.store.setState({ chosen: undefined });
    await this.#write(async () => {
      try {
        if (to) await this.#api.save(to);
        else await this.#api.remove(id);
      } catch (error) {
        this.#show(symbol, id, from);
        throw error;
      }
    });
  }

  async #write<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.#writes++;
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      this.#onError(error);
      return undefined;
    } finally {
      this.#writes--;
    }
  }

  /** Takes up a tool, or lays it down. */
  use(tool: DrawingKind | undefined): void {
    this.store.setState(({ chosen }) => ({ tool, chosen: tool === undefined ? chosen : undefined }));
  }

  choose(id: string | undefined): void {
    this.store.setState({ chosen: id });
  }
}
