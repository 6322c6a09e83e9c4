import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  BrowserWindowConstructorOptions,
  MenuItemConstructorOptions,
  MessageBoxOptions,
  NativeImage,
} from 'electron';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSecretStore } from '../ops/secrets.ts';
import { MENU, PORT, REQUEST_PORT } from './channels.ts';
import type { SessionSummary } from './engineMessages.ts';
import { FakeChild, FakeTiming, FakeWindow, fakeChannel, settle } from './fakes.ts';
import type { IpcSender } from './security.ts';
import { CLOSE_GRACE_MS, Shell, type ShellParts } from './shell.ts';
import { WindowStateFile } from './windowState.ts';

type Template = MenuItemConstructorOptions[];
const PAPER: SessionSummary = { kind: 'paper', symbol: 'EURUSD', openPositions: 2 };

/** Everything outside the shell, and what happened there. */
class World {
  readonly home = mkdtempSync(join(tmpdir(), 'frontier-shell-'));
  readonly app = new EventEmitter();
  readonly ipc = new EventEmitter();
  readonly timing = new FakeTiming();
  readonly window = new FakeWindow();
  readonly children: FakeChild[] = [];
  readonly questions: MessageBoxOptions[] = [];
  readonly notices: string[] = [];
  readonly folders: string[] = [];
  windowOptions: BrowserWindowConstructorOptions | undefined;
  menu: Template = [];
  trayMenu: Template = [];
  toolTip = '';
  trayGone = false;
  /** What the user presses next; unset leaves the question open. */
  answer: number | undefined;
  ended = false;
  readonly shell: Shell<Template>;

  constructor(platform: NodeJS.Platform = 'linux') {
    this.shell = new Shell({
      parts: this.#parts(),
      home: this.home,
      platform,
      development: false,
      window: {
        create: (options) => {
          this.windowOptions = options;
          return this.window;
        },
        workAreas: () => [{ x: 0, y: 0, width: 1920, height: 1080 }],
        stateFile: new WindowStateFile(this.stateFile),
        preload: '/app/preload.cjs',
        timing: this.timing,
      },
      engine: {
        fork: () => {
          const child = new FakeChild();
          this.children.push(child);
          return child;
        },
        createChannel: fakeChannel,
        secrets: new FileSecretStore(this.home),
        timing: this.timing,
      },
    });
    this.window.events.emit('ready-to-show');
  }

  get stateFile(): string {
    return join(this.home, 'desktop', 'window.json');
  }

  get child(): FakeChild {
    return this.children[this.children.length - 1]!;
  }

  #parts(): ShellParts<Template> {
    return {
      app: {
        on: (event: string, listener: (...args: never[]) => void) =>
          this.app.on(event, listener as (...args: unknown[]) => void),
        quit: () => this.quit(),
      },
      ipc: { on: (channel, listener) => this.ipc.on(channel, listener) },
      buildMenu: (template) => template,
      setApplicationMenu: (menu) => {
        this.menu = menu;
      },
      createImage: () => ({ addRepresentation: () => undefined }) as unknown as NativeImage,
      createTray: () => ({
        setImage: () => undefined,
        setToolTip: (text) => {
          this.toolTip = text;
        },
        setContextMenu: (menu) => {
          this.trayMenu = menu;
        },
        on: () => undefined,
        destroy: () => {
          this.trayGone = true;
        },
      }),
      ask: (question) => {
        this.questions.push(question);
        const { answer } = this;
        this.answer = undefined;
        return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
      },
      notify: (title) => this.notices.push(title),
      openFolder: (path) => this.folders.push(path),
    };
  }

  /** What Electron does on `app.quit`: asks, then ends unless prevented. */
  quit(): void {
    let prevented = false;
    const event = {
      preventDefault: () => {
        prevented = true;
      },
    };
    this.app.emit('before-quit', event);
    if (!prevented) this.ended = true;
  }

  press(menu: Template, ...labels: string[]): void {
    const item = labels.reduce<MenuItemConstructorOptions | undefined>(
      (found, label) => (found?.submenu as Template | undefined)?.find((entry) => entry.label === label),
      { submenu: menu },
    );
    if (item?.click === undefined) throw new Error(`No entry ${labels.join(' > ')}`);
    (item.click as () => void)();
  }

  request(sender: Partial<IpcSender> = {}): void {
    const main = { origin: 'frontier://app', parent: null };
    this.ipc.emit(REQUEST_PORT, { sender: { id: 7 }, senderFrame: main, ...sender });
  }

  run(session: SessionSummary): void {
    this.child.say({ type: 'ready' });
    this.child.say({ type: 'session', session });
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => rmSync(world.home, { recursive: true, force: true }));

describe('the window', () => {
  it('is sandboxed, isolated and without Node', () => {
    expect(world.window.url).toBe('frontier://app/index.html');
    expect(world.windowOptions?.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      devTools: false,
      preload: '/app/preload.cjs',
    });
  });

  it('remembers where it was', async () => {
    world.window.events.emit('move');
    world.window.maximized = true;
    await world.timing.advance(499);
    expect(() => readFileSync(world.stateFile)).toThrow();
    await world.timing.advance(1);
    expect(JSON.parse(readFileSync(world.stateFile, 'utf8'))).toEqual({
      x: 10,
      y: 20,
      width: 1300,
      height: 800,
      maximized: true,
    });
  });

  it('is reloaded when its page dies, but not for ever', () => {
    const { webContents } = world.window;
    webContents.events.emit('render-process-gone', {}, { reason: 'clean-exit', exitCode: 0 });
    for (let i = 0; i < 4; i++) {
      webContents.events.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 });
    }
    expect(webContents.reloads).toBe(3);
    expect(world.questions.map(({ message }) => message)).toEqual(['The window stopped working (crashed).']);
  });

  it('comes to the front on a second start', () => {
    world.window.minimized = true;
    world.window.visible = false;
    world.app.emit('second-instance');
    expect([world.window.minimized, world.window.visible, world.window.focused]).toEqual([false, true, 1]);
  });
});

describe('ports', () => {
  it('go to the main frame of the window and to nobody else', () => {
    world.child.say({ type: 'ready' });
    world.request({ senderFrame: null });
    world.request({ sender: { id: 8 } });
    world.request({ senderFrame: { origin: 'https://example.com', parent: null } });
    world.request({ senderFrame: { origin: 'frontier://app', parent: {} } });
    expect(world.window.webContents.ports).toHaveLength(0);
    expect(world.child.count('connect')).toBe(0);
    world.request();
    expect(world.window.webContents.ports).toHaveLength(1);
    expect(world.window.webContents.sent).toEqual([[PORT]]);
  });

  it('are renewed after the engine crashed, and the user is told', async () => {
    world.request();
    world.run(PAPER);
    world.child.exit(1);
    expect(world.toolTip).toBe('Frontier: No session running');
    await world.timing.advance(500);
    world.child.say({ type: 'ready' });
    expect(world.window.webContents.ports).toHaveLength(2);
    expect(world.notices).toEqual(['The engine stopped unexpectedly', 'The engine runs again']);
  });
});

describe('menu and tray', () => {
  it('send commands to the interface', () => {
    world.press(world.menu, 'File', 'Import history…');
    world.press(world.menu, 'View', 'Optimise');
    world.press(world.menu, 'Trade', 'Flatten && stop…');
    expect(world.window.webContents.sent).toEqual([
      [MENU, 'import'],
      [MENU, 'tab:optimise'],
      [MENU, 'flatten'],
    ]);
    const view = world.menu.find(({ label }) => label === 'View')?.submenu as Template;
    expect(view.slice(0, 7).map(({ accelerator }) => accelerator)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((n) => `CommandOrControl+${n}`),
    );
    expect(view.some(({ role }) => role === 'toggleDevTools')).toBe(false);
    const help = world.menu.find(({ role }) => role === 'help')?.submenu as Template;
    world.press(help, 'Open data folder');
    expect(world.folders).toEqual([world.home]);
  });

  it('wait for the page to load', () => {
    world.window.webContents.loading = true;
    world.press(world.menu, 'Trade', 'Flatten && stop…');
    expect(world.window.webContents.sent).toEqual([]);
    world.window.webContents.events.emit('did-finish-load');
    expect(world.window.webContents.sent).toEqual([[MENU, 'flatten']]);
  });

  it('flatten from the tray by asking in the window, never by themselves', () => {
    const entry = () => world.trayMenu.find(({ label }) => label === 'Flatten && stop…');
    expect(entry()?.enabled).toBe(false);
    world.run(PAPER);
    expect(world.toolTip).toBe('Frontier: Paper session on EURUSD, 2 open positions');
    expect(entry()?.enabled).toBe(true);
    world.window.hide();
    const before = world.child.sent.length;
    world.press(world.trayMenu, 'Flatten && stop…');
    expect(world.window.visible).toBe(true);
    expect(world.window.webContents.sent).toEqual([[MENU, 'flatten']]);
    expect(world.child.sent).toHaveLength(before);
  });
});

describe('quitting', () => {
  it('closes the engine first and asks nothing while no session runs', async () => {
    world.child.say({ type: 'ready' });
    world.quit();
    await settle();
    expect([world.ended, world.child.count('close'), world.questions.length]).toEqual([false, 1, 0]);
    world.quit();
    expect(world.child.count('close')).toBe(1);
    world.child.exit(0);
    await settle();
    expect([world.ended, world.trayGone]).toEqual([true, true]);
  });

  it('ends although the engine hangs', async () => {
    world.child.say({ type: 'ready' });
    world.quit();
    await world.timing.advance(CLOSE_GRACE_MS);
    expect([world.child.killed, world.ended]).toEqual([true, true]);
  });

  it('asks while a session runs, in the words of the consequence, safe choice first', async () => {
    world.run(PAPER);
    world.answer = 0;
    world.quit();
    await settle();
    expect(world.ended).toBe(false);
    expect(world.child.count('close')).toBe(0);
    const question = world.questions[0]!;
    expect(question.message).toContain('Paper session on EURUSD, 2 open positions');
    expect(question.detail).toContain('2 positions stay open at the broker');
    expect(question.buttons?.[question.defaultId!]).toBe('Cancel');
    expect(question.buttons?.[question.cancelId!]).toBe('Cancel');

    world.answer = 1;
    world.quit();
    await settle();
    world.child.exit(0);
    await settle();
    expect(world.ended).toBe(true);
  });

  it('asks once however often the user tries', async () => {
    world.run(PAPER);
    world.quit();
    world.quit();
    world.window.close();
    await settle();
    expect(world.questions).toHaveLength(1);
  });

  it('asks nobody when the system shuts down, even over an open question', async () => {
    world.run(PAPER);
    world.quit();
    await settle();
    world.shell.shutDown();
    await settle();
    expect([world.questions.length, world.child.count('close')]).toEqual([1, 1]);
    world.child.exit(0);
    await settle();
    expect(world.ended).toBe(true);
  });
});

describe('closing the window', () => {
  it('quits while nothing runs', async () => {
    world.child.say({ type: 'ready' });
    expect(world.window.close()).toBe(true);
    await settle();
    expect(world.child.count('close')).toBe(1);
  });

  it('offers the tray while a session runs', async () => {
    world.run(PAPER);
    world.answer = 0;
    expect(world.window.close()).toBe(true);
    await settle();
    expect([world.window.visible, world.ended, world.child.count('close')]).toEqual([false, false, 0]);

    world.answer = 2;
    world.window.show();
    world.window.close();
    await settle();
    expect([world.window.visible, world.child.count('close')]).toEqual([true, 0]);

    world.answer = 1;
    world.window.close();
    await settle();
    expect(world.child.count('close')).toBe(1);
    expect(world.window.close()).toBe(false);
  });

  it('hides the window on macOS, where the application goes on', () => {
    rmSync(world.home, { recursive: true, force: true });
    world = new World('darwin');
    world.child.say({ type: 'ready' });
    expect(world.window.close()).toBe(true);
    expect([world.window.visible, world.child.count('close')]).toEqual([false, 0]);
    world.app.emit('activate');
    expect(world.window.visible).toBe(true);
  });
});

describe('an engine that does not come up', () => {
  it('says why and quits', async () => {
    const error = { code: 'LOCKED', message: 'In use', hint: 'Close the other one.' } as const;
    world.answer = 0;
    world.child.say({ type: 'failed', error });
    await settle();
    expect(world.questions[0]).toMatchObject({ message: 'In use', detail: 'Close the other one.' });
    expect(world.child.count('close')).toBe(1);
  });

  it('offers another try after giving up', async () => {
    world.answer = 0;
    for (const delayMs of [500, 2000, 8000]) {
      world.child.exit(3);
      await world.timing.advance(delayMs);
    }
    world.child.exit(3);
    await settle();
    expect(world.questions[0]?.message).toContain('exit code 3');
    expect(world.children).toHaveLength(5);
  });
});
