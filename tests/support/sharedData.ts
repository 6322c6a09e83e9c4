import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder with real history: FRONTIER_SHARED, else `../shared/data` beside the repository. */
const FOLDER =
  process.env.FRONTIER_SHARED ?? fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Why tests on real history are skipped; undefined where it is present. */
export const noSharedData: string | undefined = existsSync(join(FOLDER, 'README.md'))
  ? undefined
  : 'no real history: set FRONTIER_SHARED to the folder that holds it';

/** Path of a file of real history; call it only where `noSharedData` is undefined. */
export function sharedFile(name: string): string {
  return join(FOLDER, name);
}

/** Adds the reason to the name of a suite that is skipped, so that the report says it. */
export function withReason(name: string): string {
  return noSharedData === undefined ? name : `${name} (skipped: ${noSharedData})`;
}
