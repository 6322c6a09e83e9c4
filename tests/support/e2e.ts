/** What browser tests stand on: a real host process, a real browser, and a page that tolerates no fault. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { smallPng } from './smallPng.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RESULTS = join(ROOT, 'test-results');
const KEPT = join(ROOT, 'tests', 'e2e', 'screenshots');
/** Pictures in the repository stay small: larger ones say that something noisy is on screen. */
const MOST_BYTES = 250_000;
/** The pictures that the repository keeps; all others are among the test results only. */
const KEPT_NAMES = new Set([
  'chart',
  'chart-million',
  'data',
  'import-sheet',
  'quality-report',
  'coverage',
  'training',
  'backtest',
  'optimise',
  'live',
  'calendar',
  'news',
  'settings',
  'deploy-dialog',
  'flatten-dialog',
  'demo-market',
  'light-theme',
]);
const STARTS_WITHIN_MS = 30_000;

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A running loopback host, as `frontier serve` starts it. */
export interface Host {
  /** With the token. */
  readonly url: string;
  readonly origin: string;
  readonly port: number;
  readonly home: string;
  /** Everything the process wrote to standard error, for a test that fails. */
  readonly stderr: () => string;
  /** Ends the process the hard way and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends the process as Ctrl-C does. @returns its exit status */
  stop(): Promise<number | null>;
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

function firstLine(child: ChildProcess, stderr: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The host ${why}.\n${stderr()}`));
    const timer = setTimeout(() => fail('printed no address in time'), STARTS_WITHIN_MS);
    child.once('exit', (code) => fail(`ended with ${code} before it printed its address`));
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
  });
}

/** A fresh data folder. */
export function freshHome(): string {
  return mkdtempSync(join(tmpdir(), 'frontier-e2e-'));
}

/** Starts the host on a data folder; port 0 takes any free one. */
export async function startHost(home: string, port = 0): Promise<Host> {
  const args = ['src-main/cli/main.ts', 'serve', '--no-open', '--home', home, '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stderr!.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  const url = new URL(await firstLine(child, () => text));
  return {
    url: url.href,
    origin: url.origin,
    port: Number(url.port),
    home,
    stderr: () => text,
    async kill() {
      child.kill('SIGKILL');
      await ended(child);
    },
    stop() {
      child.kill('SIGINT');
      return ended(child);
    },
  };
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.FRONTIER_CHROMIUM || '/usr/bin/chromium',
    args: CHROMIUM_ARGS,
  });
}

/** A page, and everything that went wrong on it. */
export interface Watched {
  readonly page: Page;
  /** Page errors, console errors and warnings of the policy, requests that left the host: one line each. */
  readonly problems: string[];
  /** From now on, problems that match are expected. */
  expectProblems(pattern: RegExp): void;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
}

/** Opens a page in a context of its own. Requests to any other host than the served one are blocked and reported. */
export async function openPage(browser: Browser, host: Host, options: PageOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  context.setDefaultTimeout(15_000);
  const problems: string[] = [];
  const expected: RegExp[] = [];
  const report = (problem: string) => {
    if (!expected.some((pattern) => pattern.test(problem))) problems.push(problem);
  };
  await context.route('**/*', (route) => {
    const { origin, protocol } = new URL(route.request().url());
    if (origin === host.origin || protocol === 'data:' || protocol === 'blob:') return route.continue();
    report(`request to another host: ${route.request().url()}`);
    return route.abort();
  });
  const page = await context.newPage();
  // The console speaks of most violations of the policy; the event of all.
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
    });
  });
  page.on('pageerror', (error) => report(`page error: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') report(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(host.origin).host)
      report(`socket to another host: ${socket.url()}`);
  });
  return { page, problems, expectProblems: (pattern) => expected.push(pattern) };
}

/**
 * Keeps a picture of the page: always among the test results, and in the repository only when
 * FRONTIER_KEEP_SCREENSHOTS=1, so that a normal run leaves the working tree as it was.
 */
export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(join(RESULTS, 'screenshots'), { recursive: true });
  const path = join(RESULTS, 'screenshots', `${name}.png`);
  const picture = await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  if (process.env.FRONTIER_KEEP_SCREENSHOTS !== '1' || !KEPT_NAMES.has(name)) return;
  const small = smallPng(picture);
  if (small.length > MOST_BYTES)
    throw new Error(`${name}.png has ${small.length} bytes; at most ${MOST_BYTES} are kept.`);
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(join(KEPT, `${name}.png`), small);
}

/** A picture of the page as a failed test left it. */
export async function shotOfFailure(page: Page, test: string): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  const name = test.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 80);
  await page.screenshot({ path: join(RESULTS, `failed-${name}.png`) }).catch(() => undefined);
}

export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
