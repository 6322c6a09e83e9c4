/**
 * The desktop host, really started: window, sandbox, policy, engine, single instance, state, quitting.
 * Runs where the Electron binary and a display exist; elsewhere each test is skipped with the reason.
 * Needs the bundles: `npx vite build && npx vite build -c vite.main.config.ts`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { desktopAvailability } from '../../src-main/desktop/binary.ts';
import { appVersion, rendererDir, rootDir } from '../../src-main/ops/paths.ts';

const entry = join(rootDir(), 'dist', 'main', 'main.js');

function skipReason(): string | undefined {
  const available = desktopAvailability();
  if (!available.ok) return available.reason;
  if (!existsSync(entry) || !existsSync(join(rendererDir(), 'index.html')))
    return 'the bundles are not built';
  return undefined;
}

const reason = skipReason();
const available = desktopAvailability();
const binary = available.ok ? available.binary : '';
if (reason !== undefined) console.warn(`Desktop tests skipped: ${reason}`);

let home: string;
let app: ElectronApplication;
let page: Page;

async function launch(): Promise<void> {
  app = await _electron.launch({ executablePath: binary, args: [entry, '--home', home] });
  page = await app.firstWindow();
  await page.getByTestId('status-bar').waitFor();
}

beforeAll(async () => {
  if (reason !== undefined) return;
  home = mkdtempSync(join(tmpdir(), 'frontier-desktop-'));
  await launch();
});
afterAll(async () => {
  if (reason !== undefined) return;
  await app.close();
  rmSync(home, { recursive: true, force: true });
});

describe('the desktop host', () => {
  beforeEach(({ skip }) => {
    skip(reason !== undefined, reason);
  });

  it('shows the interface, served from its own origin', async () => {
    expect(await page.evaluate(() => window.location.origin)).toBe('frontier://app');
    await page.screenshot({ path: join(rootDir(), 'tests', 'e2e', 'screenshots', 'desktop.png') });
  });

  it('gives the page nothing of Node or Electron but three entries', async () => {
    const seen = await page.evaluate(() => ({
      node: [typeof Reflect.get(window, 'require'), typeof Reflect.get(window, 'process')],
      bridge: Object.keys(Reflect.get(window, 'frontierDesktop') as object).sort(),
    }));
    expect(seen).toEqual({
      node: ['undefined', 'undefined'],
      bridge: ['onMenu', 'platform', 'requestPort'],
    });
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      return contents && Reflect.apply(Reflect.get(contents, 'getLastWebPreferences'), contents, []);
    });
    expect(preferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false });
  });

  it('forbids eval, foreign requests, new windows and navigation', async () => {
    const refused = await page.evaluate(async () => {
      const failed = async (action: () => unknown): Promise<boolean> => {
        try {
          await action();
          return false;
        } catch {
          return true;
        }
      };
      return [
        // biome-ignore lint/security/noGlobalEval: the test is that it is refused
        await failed(() => window.eval('1')),
        await failed(() => fetch('https://example.com/')),
        window.open('https://example.com/') === null,
      ];
    });
    expect(refused).toEqual([true, true, true]);
    await page.evaluate(() => window.location.assign('https://example.com/'));
    await page.waitForTimeout(300);
    expect(page.url()).toMatch(/^frontier:\/\/app\//);
    expect(app.windows()).toHaveLength(1);
  });

  it('answers through the engine process', async () => {
    await page.getByTestId('tab-settings').click();
    await page.getByText(home).first().waitFor();
    await page.getByText(appVersion()).first().waitFor();
  });

  it('passes the menu to the interface', async () => {
    await app.evaluate(({ Menu }) => {
      const view = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'View');
      view?.submenu?.items.find(({ label }) => label === 'Data')?.click();
    });
    await page.getByTestId('import-file').waitFor({ state: 'attached' });
  });

  it('brings back the engine after it was killed', async () => {
    const pidOf = (): Promise<number | undefined> =>
      app.evaluate(
        ({ app: electron }) => electron.getAppMetrics().find(({ name }) => name === 'Frontier engine')?.pid,
      );
    const before = await pidOf();
    expect(before).toBeDefined();
    process.kill(before!, 'SIGKILL');
    await expect.poll(pidOf, { timeout: 20_000 }).not.toBe(before);
    await expect.poll(pidOf, { timeout: 20_000 }).toBeDefined();
    await page.getByTestId('tab-settings').click();
    await page.getByText(home).first().waitFor({ timeout: 20_000 });
  });

  it('refuses a second start on the same data folder', async () => {
    const second = spawn(binary, [entry, '--home', home], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    second.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise((resolve) => second.on('exit', resolve));
    expect(code).toBe(0);
    expect(said).toContain('already runs');
    expect(app.windows()).toHaveLength(1);
  });

  it('quits cleanly and comes back where it was', async () => {
    const bounds = { x: 60, y: 70, width: 1200, height: 700 };
    await app.evaluate(
      ({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0]?.setBounds(wanted),
      bounds,
    );
    await page.waitForTimeout(800);
    await app.close();
    const saved: unknown = JSON.parse(readFileSync(join(home, 'desktop', 'window.json'), 'utf8'));
    expect(saved).toMatchObject({ width: 1200, height: 700 });
    await launch();
    const restored = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());
    expect(restored).toMatchObject({ width: 1200, height: 700 });
  });
});
