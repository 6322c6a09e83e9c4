/** Finds out whether the desktop host can start here, without ever starting a download by accident. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Folder of the installed `electron` package. Importing the package itself would download the binary. */
function packageFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  } catch {
    return undefined;
  }
}

/**
 * Path of the Electron executable, or undefined when it is not there or of another version.
 * Reads what the package's own installer writes: `path.txt` and `dist/version`.
 * @param folder the `electron` package; found by itself when left out
 * @param environment `ELECTRON_OVERRIDE_DIST_PATH` names a folder with another copy, as for the package itself
 */
export function electronBinary(
  folder: string | undefined = packageFolder(),
  environment: Environment = process.env,
): string | undefined {
  if (folder === undefined) return undefined;
  const override = environment.ELECTRON_OVERRIDE_DIST_PATH;
  const name = read(join(folder, 'path.txt'));
  if (override) {
    const file = join(override, name ?? 'electron');
    return existsSync(file) ? file : undefined;
  }
  if (name === undefined || read(join(folder, 'dist', 'version'))?.replace(/^v/, '') !== wanted(folder)) {
    return undefined;
  }
  const file = join(folder, 'dist', name);
  return existsSync(file) ? file : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function wanted(folder: string): string | undefined {
  const parsed: unknown = JSON.parse(read(join(folder, 'package.json')) ?? '{}');
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return undefined;
  return typeof parsed.version === 'string' ? parsed.version : undefined;
}

/** What the answer depends on; taken from the process when left out. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Environment;
  /** Numeric user, undefined where there is none (Windows). */
  readonly uid: number | undefined;
  readonly binary: string | undefined;
}

export type DesktopAvailability =
  | { readonly ok: true; readonly binary: string }
  | {
      readonly ok: false;
      readonly reason: string /** A download may help. */;
      readonly downloadable: boolean;
    };

/** Whether a window can open here, else why not, in words for one line of output. */
export function desktopAvailability(
  machine: Machine = {
    platform: process.platform,
    environment: process.env,
    uid: process.getuid?.(),
    binary: electronBinary(),
  },
): DesktopAvailability {
  const { platform, environment, uid, binary } = machine;
  if (platform === 'linux') {
    if (!environment.DISPLAY && !environment.WAYLAND_DISPLAY)
      return { ok: false, reason: 'there is no display', downloadable: false };
    // Chromium's sandbox does not work for root, and Frontier does not start without it.
    if (uid === 0)
      return { ok: false, reason: 'Electron does not run sandboxed as root', downloadable: false };
  }
  if (binary === undefined)
    return { ok: false, reason: 'the Electron binary is not installed', downloadable: true };
  return { ok: true, binary };
}

/**
 * Runs the package's own download once.
 * @param limitMs gives up after so long
 * @returns the executable
 * @throws FrontierError `UNAVAILABLE` when it could not be had in time
 */
export async function downloadElectron(
  limitMs: number,
  folder: string | undefined = packageFolder(),
): Promise<string> {
  const hint = 'Start with "npm start -- --browser", or try again with a connection to github.com.';
  if (folder === undefined) {
    throw new FrontierError('UNAVAILABLE', 'The electron package is not installed', 'Run "npm install".');
  }
  const code = await exitCode(join(folder, 'install.js'), limitMs);
  const binary = electronBinary(folder);
  if (code === 0 && binary !== undefined) return binary;
  const why = code === null ? `within ${limitMs / 1000} s` : `(exit code ${code})`;
  throw new FrontierError('UNAVAILABLE', `The Electron binary could not be downloaded ${why}`, hint);
}

/** Exit code of a script, null when it was ended at the limit. Its output is not for standard output. */
function exitCode(script: string, limitMs: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], {
      stdio: 'ignore',
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code));
  });
}
