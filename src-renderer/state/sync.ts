import { createStore } from 'zustand/vanilla';
import { connection } from '../ui/connection.ts';
import { rpc } from '../ui/rpc.ts';
import { preferenceFields, preferences, restorePreferences } from './preferences.ts';
import { recall } from './remember.ts';
import { restoreWorkspace, workspace, workspaceFields } from './workspace.ts';

/**
 * The browser keeps what it remembers by address, and the loopback host may have another port next time. So the
 * engine keeps a copy in the data folder, and a window that remembers nothing starts from that.
 */
const PREFERENCES_KEY = 'ui.preferences';
const WORKSPACE_KEY = 'ui.workspace';
const QUIET_MS = 800;

/** True once it is known what the data folder remembers: before that, nothing is asked that it may answer. */
export const synced = createStore<{ readonly done: boolean }>(() => ({ done: false }));

/** Runs `save` once, when nothing has changed for a while. */
function settled(save: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(save, QUIET_MS);
  };
}

function put(key: string, value: unknown): void {
  // Undefined fields do not travel; a choice that was not kept is no reason to disturb anyone.
  rpc.system.settings.set({ key, value: JSON.parse(JSON.stringify(value)) }).catch(() => undefined);
}

async function takeOver(knowsPreferences: boolean, knowsWorkspace: boolean): Promise<void> {
  if (knowsPreferences && knowsWorkspace) return;
  const settings = await rpc.system.settings.get();
  const kept = settings[PREFERENCES_KEY];
  if (!knowsPreferences && kept !== undefined) preferences.setState(restorePreferences(kept));
  const last = settings[WORKSPACE_KEY];
  // The tab in front is this window's own affair; what it works on is taken over.
  if (!knowsWorkspace && last !== undefined) {
    workspace.setState({ ...restoreWorkspace(last), tab: workspace.getState().tab });
  }
}

/** Keeps preferences and workspace in the data folder too. Called once, at start. */
export function startSync(): void {
  const knowsPreferences = recall('preferences') !== undefined;
  const knowsWorkspace = recall('workspace') !== undefined;
  const savePreferences = settled(() => put(PREFERENCES_KEY, preferenceFields(preferences.getState())));
  const saveWorkspace = settled(() => put(WORKSPACE_KEY, workspaceFields(workspace.getState())));
  const follow = () => {
    preferences.subscribe(savePreferences);
    workspace.subscribe(saveWorkspace);
  };
  const off = connection.subscribe((now) => {
    if (now.state !== 'open') return;
    off();
    takeOver(knowsPreferences, knowsWorkspace)
      .catch(() => undefined)
      .finally(() => {
        synced.setState({ done: true });
        follow();
      });
  });
}
