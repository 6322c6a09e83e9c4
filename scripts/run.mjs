// Entry of every npm script. Plain JavaScript for whatever Node the machine has: installs what is missing, then
// hands over to the Node that the lockfile pins, which runs TypeScript directly.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const pinnedNode = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');
const stamp = join(root, 'node_modules', '.frontier-install');

const targets = {
  demo: ['scripts/launch.ts', 'demo'],
  frontier: ['scripts/launch.ts'],
  start: ['scripts/start.ts'],
  build: ['scripts/build.ts'],
  test: ['scripts/test.ts'],
  bench: ['scripts/bench.ts'],
  layers: ['scripts/layers.ts'],
};

function lockHash() {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    hash.update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

/** Installs exactly what the lockfile says unless that was done already. Its output goes to standard error. */
function install() {
  const wanted = lockHash();
  if (existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('Installing dependencies (first run: about a minute) …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, commandArgs] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  const done = spawnSync(command, commandArgs, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    console.error(
      'Installing failed; the lines above say why. Check the connection to the npm registry and try again.',
    );
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}

const [name, ...args] = process.argv.slice(2);
const target = targets[name];
if (!target) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(targets).join('|')} [arguments]`);
  process.exit(2);
}
install();
const [file, ...fixed] = target;
const child = spawn(
  pinnedNode,
  ['--disable-warning=ExperimentalWarning', join(root, file), ...fixed, ...args],
  {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
      FRONTIER_CALLER_CWD: process.env.INIT_CWD ?? process.cwd(),
    },
  },
);
// npm passes no signal on to what it started. Where it was ended, its shell goes and this process gets a new parent:
// then the workstation must not live on unseen.
const parent = process.ppid;
if (process.env.npm_lifecycle_event) {
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 500).unref();
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 128 : 1)));
