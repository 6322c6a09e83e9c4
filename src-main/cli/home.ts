import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { resolveHome as resolveHomeFrom } from '../ops/home.ts';

/** The data folder that a command works on; the same rule as every host. */
export function resolveHome(option: string | undefined): string {
  return resolveHomeFrom(option, {
    environment: process.env,
    platform: process.platform,
    userFolder: homedir(),
    currentFolder: process.cwd(),
  });
}

/** A path the user typed, relative to the folder they stood in: npm scripts run in the project's. */
export function resolveUserPath(path: string): string {
  return resolve(process.env.FRONTIER_CALLER_CWD ?? '.', path);
}
