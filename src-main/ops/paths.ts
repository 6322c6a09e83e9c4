/**
 * Where the program finds its own files, whether it runs from TypeScript source, from the bundle in
 * `dist/main`, or from inside an installed application's `app.asar`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FrontierError } from '../../src-shared/errors.ts';

/** The folders of one running copy of Frontier. */
export interface Layout {
  /** True when the code runs from `src-main/**.ts`, false when it runs from the bundle. */
  readonly fromSource: boolean;
  /** The folder that holds `package.json`; inside `app.asar` for an installed application. */
  readonly root: string;
}

/**
 * Derives the layout from the address of a module.
 * The bundle is flat (`dist/main/*.js`), source is two folders deep (`src-main/ops/paths.ts`).
 * @param moduleUrl `file:` address of this module
 */
export function layoutOf(moduleUrl: string): Layout {
  const file = fileURLToPath(moduleUrl);
  return { fromSource: file.endsWith('.ts'), root: dirname(dirname(dirname(file))) };
}

/**
 * Where `resources/` lies: beside `package.json` in a clone, and next to the archive in an installed
 * application, because the resources are read by programs that know nothing of `app.asar`.
 */
export function resourcesDirOf(layout: Layout): string {
  if (basename(layout.root) === 'app.asar') return join(dirname(layout.root), 'resources');
  return join(layout.root, 'resources');
}

/** Path of the compute worker's entry for a layout. */
export function workerEntryOf(layout: Layout): string {
  return layout.fromSource
    ? join(layout.root, 'src-main', 'app', 'worker.ts')
    : join(layout.root, 'dist', 'main', 'worker.js');
}

/** Path of the entry of a data-parallel run's worker for a layout. */
export function parallelEntryOf(layout: Layout): string {
  return layout.fromSource
    ? join(layout.root, 'src-main', 'training', 'parallelEntry.ts')
    : join(layout.root, 'dist', 'main', 'parallelWorker.js');
}

const here = layoutOf(import.meta.url);

/** Folder that holds `package.json`. */
export function rootDir(): string {
  return here.root;
}

/** True when running the TypeScript source, false when running the bundle. */
export function runsFromSource(): boolean {
  return here.fromSource;
}

/** Entry of the compute worker process, to be given to `child_process.fork`. */
export function workerEntry(): string {
  return workerEntryOf(here);
}

/** Entry of the worker processes of a data-parallel run. */
export function parallelEntry(): string {
  return parallelEntryOf(here);
}

/** Folder of the shipped resources: demo market, icons. */
export function resourcesDir(): string {
  return resourcesDirOf(here);
}

/** Folder of the built interface. It exists only after the renderer was built. */
export function rendererDir(): string {
  return join(here.root, 'dist', 'renderer');
}

let version: string | undefined;

/**
 * Version of this copy of Frontier, from its `package.json`.
 * @throws FrontierError `CORRUPT` when the file is missing or names no version
 */
export function appVersion(): string {
  version ??= readVersion(join(here.root, 'package.json'));
  return version;
}

function readVersion(file: string): string {
  const parsed: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
    if (typeof parsed.version === 'string') return parsed.version;
  }
  throw new FrontierError('CORRUPT', `No version in ${file}`, 'Install Frontier again.');
}
