/** Which data folder a start works on; one rule for every host, so that all of them see the same data. */
import { posix, win32 } from 'node:path';

/** What the answer depends on; taken from the process when left out. */
export interface HomeSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder. */
  readonly userFolder: string;
  /** Folder against which a relative path is meant. */
  readonly currentFolder: string;
}

/**
 * The `--home` option, else `FRONTIER_HOME`, else the platform's place for application data.
 * @returns an absolute path; nothing is created
 */
export function resolveHome(option: string | undefined, sources: HomeSources): string {
  const { environment: env, platform, userFolder, currentFolder } = sources;
  const { join, resolve } = platform === 'win32' ? win32 : posix;
  const chosen = option || env.FRONTIER_HOME;
  // npm scripts run in the project folder; a relative path means the folder the user stood in.
  if (chosen) return resolve(env.FRONTIER_CALLER_CWD ?? currentFolder, chosen);
  if (platform === 'win32') return join(env.APPDATA ?? join(userFolder, 'AppData', 'Roaming'), 'Frontier');
  if (platform === 'darwin') return join(userFolder, 'Library', 'Application Support', 'Frontier');
  return join(env.XDG_DATA_HOME || join(userFolder, '.local', 'share'), 'frontier');
}

/** The value of `--home DIR` or `--home=DIR` among program arguments. */
export function homeOption(args: readonly string[]): string | undefined {
  const joined = args.find((arg) => arg.startsWith('--home='));
  if (joined !== undefined) return joined.slice('--home='.length);
  const at = args.indexOf('--home');
  return at < 0 ? undefined : args[at + 1];
}
