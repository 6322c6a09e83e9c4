import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The data folder: `--home`, else FRONTIER_HOME, else the platform's place for application data. */
export function resolveHome(option: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const chosen = option ?? env.FRONTIER_HOME;
  // npm scripts run in the project folder; a relative path means the folder the user stood in.
  if (chosen) return resolve(env.FRONTIER_CALLER_CWD ?? '.', chosen);
  if (process.platform === 'win32')
    return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Frontier');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Frontier');
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'frontier');
}

/** A path the user typed, relative to the folder they stood in. */
export function resolveUserPath(path: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.FRONTIER_CALLER_CWD ?? '.', path);
}
