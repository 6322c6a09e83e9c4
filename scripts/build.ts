/** Builds what a command needs, and only when its sources changed since the last build. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Bundle {
  readonly config: string;
  readonly output: string;
  readonly sources: readonly string[];
}

const BUNDLES = {
  /** The interface: for every host. */
  renderer: {
    config: 'vite.config.ts',
    output: 'dist/renderer',
    sources: ['src-renderer', 'src-shared', 'vite.config.ts', 'package-lock.json'],
  },
  /** Shell, engine, worker and command line: for the desktop and for installed products. */
  main: {
    config: 'vite.main.config.ts',
    output: 'dist/main',
    sources: ['src-main', 'src-shared', 'vite.main.config.ts', 'package-lock.json'],
  },
} as const satisfies Record<string, Bundle>;

export type BundleName = keyof typeof BUNDLES;

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function sourceHash(bundle: Bundle): string {
  const hash = createHash('sha256').update('production 1');
  for (const file of bundle.sources.flatMap((source) => filesOf(join(root, source))))
    hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

/** Builds a bundle unless it is up to date, or ends the program. Vite's output goes to standard error. */
export function buildIfStale(name: BundleName): void {
  if (tryBuild(name)) return;
  console.error(`Building ${BUNDLES[name].output} failed; the lines above say why.`);
  process.exit(1);
}

/** As `buildIfStale`, but says false where the build failed. */
export function tryBuild(name: BundleName): boolean {
  const bundle = BUNDLES[name];
  const stamp = join(root, 'dist', `.${name}.stamp`);
  const wanted = sourceHash(bundle);
  if (existsSync(join(root, bundle.output)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted)
    return true;
  console.error(`Building ${bundle.output} …`);
  const args = [
    join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
    'build',
    '--config',
    bundle.config,
    '--logLevel',
    'warn',
  ];
  const done = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // A test run sets NODE_ENV, and what it built for development would be kept for the user.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (done.status !== 0) return false;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, wanted);
  return true;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  buildIfStale('renderer');
  buildIfStale('main');
}
