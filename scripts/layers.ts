/**
 * The layer rule and the ambient rule, as one pass over every source file.
 *
 * Layers: who may import whom, `import type` included, as ARCHITECTURE draws it.
 * Ambient: clocks, timers and randomness are injected in everything that decides, fills or learns.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Tiers of src-main from the top; a folder imports only folders of lower tiers, and its own. */
const TIERS: readonly (readonly string[])[] = [
  // The command line starts the loopback host, so it stands above it.
  ['cli'],
  ['desktop', 'server'],
  ['app'],
  ['live', 'optimize', 'validation', 'training', 'news'],
  ['backtest', 'models', 'brokers', 'data'],
  ['features', 'tensor', 'store'],
  ['jobs', 'ops'],
];

/** Folders in which time and chance come from outside. */
const INJECTED = [
  'src-shared/trading',
  'src-shared/metrics',
  'src-shared/market',
  'src-main/features',
  'src-main/tensor',
  'src-main/models',
  'src-main/training',
  'src-main/backtest',
  'src-main/brokers',
  'src-main/data/feed',
  'src-main/live',
  'src-main/optimize',
  'src-main/validation',
];
const BANNED_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now'],
  crypto: ['randomUUID', 'getRandomValues'],
};
const BANNED_CALLS = ['setTimeout', 'setInterval', 'setImmediate', 'fetch'];

/** What src-main may read from outside the sources. */
const OUTSIDE = /^(resources\/|package\.json$)/;

const tierOf = (folder: string): number => TIERS.findIndex((tier) => tier.includes(folder));

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

/** Why `from` (a path relative to the root) may not import `specifier`; undefined when it may. */
export function importProblem(from: string, specifier: string): string | undefined {
  const [side, folder] = from.split('/') as [string, string];
  if (!specifier.startsWith('.')) {
    const name = packageName(specifier);
    if (name === 'electron' && !from.startsWith('src-main/desktop/'))
      return 'only src-main/desktop may import electron';
    if (side === 'src-shared' && (specifier.startsWith('node:') || !['zod', '@orpc/contract'].includes(name)))
      return `src-shared is pure: it may not import ${specifier}`;
    if (side === 'src-renderer' && specifier.startsWith('node:')) return 'the renderer has no Node';
    return undefined;
  }
  const target = relative('.', join(dirname(from), specifier))
    .split(sep)
    .join('/');
  const [targetSide, targetFolder] = target.split('/') as [string, string];
  if (side === 'src-shared')
    return targetSide === 'src-shared' ? undefined : `src-shared may not import ${targetSide}`;
  if (side === 'src-renderer')
    return ['src-shared', 'src-renderer'].includes(targetSide)
      ? undefined
      : `the renderer may not import ${targetSide}`;
  if (side !== 'src-main' || targetSide === 'src-shared') return undefined;
  if (targetSide !== 'src-main')
    return OUTSIDE.test(target) ? undefined : `src-main may not import ${targetSide}`;
  if (folder === targetFolder) return undefined;
  const own = tierOf(folder);
  const other = tierOf(targetFolder);
  if (own < 0 || other < 0)
    return `${own < 0 ? folder : targetFolder} has no place in the layers; add it to scripts/layers.ts`;
  return other > own ? undefined : `${folder} may not import ${targetFolder}: dependencies point one way`;
}

/** Tests may use tools and helpers that products may not, but never climb a layer. */
function isTestOnly(specifier: string): boolean {
  return (!specifier.startsWith('.') && specifier !== 'electron') || specifier.includes('/tests/');
}

/** All violations of one file. @param file path relative to the root, forward slashes */
export function checkSource(file: string, source: string): Violation[] {
  const found: Violation[] = [];
  const lineAt = (offset: number): number => source.slice(0, offset).split('\n').length;
  const add = (offset: number, message: string): void => {
    found.push({ file, line: lineAt(offset), message });
  };
  const isTest = /\.test\.tsx?$/.test(file);
  const parsed = parseSync(file, source);
  const checkImport = (offset: number, specifier: string): void => {
    const problem = importProblem(file, specifier);
    if (problem && !(isTest && isTestOnly(specifier))) add(offset, problem);
  };
  const injected = !isTest && INJECTED.some((folder) => file.startsWith(`${folder}/`));
  new Visitor({
    ImportDeclaration: (n) => checkImport(n.start, n.source.value),
    ExportNamedDeclaration: (n) => n.source && checkImport(n.start, n.source.value),
    ExportAllDeclaration: (n) => checkImport(n.start, n.source.value),
    ImportExpression: (n) => {
      if (n.source.type === 'Literal' && typeof n.source.value === 'string')
        checkImport(n.start, n.source.value);
    },
    TSImportType: (n) => {
      if (n.source.type === 'Literal' && typeof n.source.value === 'string')
        checkImport(n.start, n.source.value);
    },
    MemberExpression: (n) => {
      if (!injected || n.object.type !== 'Identifier' || n.property.type !== 'Identifier') return;
      if (BANNED_MEMBERS[n.object.name]?.includes(n.property.name))
        add(
          n.start,
          `${n.object.name}.${n.property.name} is banned here: take a Clock, Rng or IdSource (src-shared/runtime.ts)`,
        );
    },
    NewExpression: (n) => {
      if (injected && n.callee.type === 'Identifier' && n.callee.name === 'Date' && n.arguments.length === 0)
        add(n.start, 'new Date() is banned here: take a Clock (src-shared/runtime.ts)');
    },
    CallExpression: (n) => {
      if (injected && n.callee.type === 'Identifier' && BANNED_CALLS.includes(n.callee.name))
        add(n.start, `${n.callee.name} is banned here: what waits or fetches is passed in`);
    },
  }).visit(parsed.program);
  return found;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && /\.tsx?$/.test(e.name) && !e.name.endsWith('.d.ts'))
    .map((e) => join(e.parentPath, e.name));
}

/** Checks the whole tree below `root`. */
export function checkTree(root: string): Violation[] {
  return ['src-shared', 'src-main', 'src-renderer']
    .flatMap((side) => sources(join(root, side)))
    .flatMap((path) => checkSource(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const violations = checkTree(fileURLToPath(new URL('..', import.meta.url)));
  for (const v of violations) console.error(`${v.file}:${v.line} ${v.message}`);
  console.error(violations.length === 0 ? 'layers: clean' : `layers: ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
