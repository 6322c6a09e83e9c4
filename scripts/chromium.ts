/** Finds a Chromium for the browser tests, and installs one where there is none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

function onMachine(): string | undefined {
  const own = process.env.FRONTIER_CHROMIUM;
  if (own) return own;
  return [...PLACES, chromium.executablePath()].find((path) => path && existsSync(path));
}

function run(command: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], env }).status === 0;
}

/** Debian's package when root, Playwright's own build elsewhere. */
function install(): boolean {
  const isDebianRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (isDebianRoot)
    return run('apt-get', ['update', '-qq']) && run('apt-get', ['install', '-y', '-qq', 'chromium']);
  const cli = join(
    fileURLToPath(new URL('..', import.meta.url)),
    'node_modules',
    'playwright-core',
    'cli.js',
  );
  return run(process.execPath, [cli, 'install', 'chromium']);
}

/** Path of a Chromium. @throws Error that says what to do when none can be had */
export function ensureChromium(): string {
  const found = onMachine();
  if (found) return found;
  console.error('No Chromium on this machine: installing one for the browser tests …');
  const installed = install() ? onMachine() : undefined;
  if (installed) return installed;
  throw new Error('No Chromium could be installed. Install one and set FRONTIER_CHROMIUM to its path.');
}
