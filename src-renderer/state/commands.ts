import { useEffect } from 'react';
import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';

/** Something the user can do, by palette, by key or by the native menu. */
export interface Command {
  /** Stable name, e.g. `tab:chart`; the native menu sends it. */
  readonly id: string;
  readonly label: string;
  readonly group: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  /** Keys shown beside it. */
  readonly shortcut?: string;
  readonly run: () => void;
}

const registry = createStore<{ readonly sets: ReadonlyMap<symbol, readonly Command[]> }>(() => ({
  sets: new Map(),
}));

/** Offers commands for as long as the component is shown. Pass a memoised list. */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    const key = Symbol('commands');
    registry.setState(({ sets }) => ({ sets: new Map(sets).set(key, commands) }));
    return () => {
      registry.setState(({ sets }) => {
        const rest = new Map(sets);
        rest.delete(key);
        return { sets: rest };
      });
    };
  }, [commands]);
}

/** Every command on offer. The same id offered twice counts once, the later one. */
export function allCommands(): Command[] {
  const byId = new Map<string, Command>();
  for (const set of registry.getState().sets.values()) for (const c of set) byId.set(c.id, c);
  return [...byId.values()];
}

/** Runs a command by its name. @returns false when nothing offers it now */
export function runCommand(id: string): boolean {
  const command = allCommands().find((c) => c.id === id);
  command?.run();
  return command !== undefined;
}

/** Every command on offer, for the palette. */
export function useAllCommands(): Command[] {
  useStore(registry, (r) => r.sets);
  return allCommands();
}
