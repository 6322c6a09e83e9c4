/**
 * `npm start`: the workstation. In its own window where the Electron binary is on the machine, else in the user's
 * browser over the loopback host, which says so in one line.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type DesktopAvailability,
  desktopAvailability,
  downloadElectron,
} from '../src-main/desktop/binary.ts';
import { buildIfStale } from './build.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const DOWNLOAD_LIMIT_MS = 90_000;

const { values } = parseArgs({
  options: {
    browser: { type: 'boolean', default: false },
    open: { type: 'boolean', default: true },
    home: { type: 'string' },
    port: { type: 'string' },
  },
  allowNegative: true,
});

/** What opens the window. The Electron package downloads its binary at first use; so does this, once, and briefly. */
async function availability(): Promise<DesktopAvailability> {
  const now = desktopAvailability();
  if (now.ok || !now.downloadable) return now;
  console.error('Downloading Electron (only at the first start) …');
  try {
    return { ok: true, binary: await downloadElectron(DOWNLOAD_LIMIT_MS) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, reason, downloadable: true };
  }
}

async function desktop(): Promise<boolean> {
  const available = await availability();
  if (!available.ok) {
    console.error(`No desktop window (${available.reason}); opening the workstation in the browser instead.`);
    return false;
  }
  buildIfStale('main');
  const home = values.home === undefined ? [] : ['--home', values.home];
  const child = spawn(available.binary, [join(root, 'dist', 'main', 'main.js'), ...home], {
    stdio: 'inherit',
    cwd: root,
  });
  process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  return true;
}

buildIfStale('renderer');
if (values.browser || !(await desktop())) {
  const options = [
    ...(values.home === undefined ? [] : ['--home', values.home]),
    ...(values.port === undefined ? [] : ['--port', values.port]),
    ...(values.open ? [] : ['--no-open']),
  ];
  process.argv = [process.argv[0]!, process.argv[1]!, 'serve', ...options];
  await import('../src-main/cli/main.ts');
}
