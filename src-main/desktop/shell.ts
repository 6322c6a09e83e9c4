/** Ties window, menu, tray and engine together, and decides what closing and quitting mean. */
import type { MessageBoxOptions } from 'electron';
import { REQUEST_PORT } from './channels.ts';
import {
  brokenWindowNotice,
  CLOSE_KEEP,
  CLOSE_QUIT,
  CRASH_RETRY,
  closeQuestion,
  failedNotice,
  gaveUpQuestion,
  QUIT_ANYWAY,
  quitQuestion,
} from './dialogs.ts';
import { EngineHost, type EngineHostOptions } from './engine.ts';
import { IDLE, type SessionSummary } from './engineMessages.ts';
import { menuTemplate } from './menu.ts';
import { type IpcSender, isTrustedSender } from './security.ts';
import { SessionTray, type TrayParts } from './tray.ts';
import { MainWindow, type MainWindowOptions } from './window.ts';

/** The part of Electron's `app` that the running shell uses. */
export interface ShellApp {
  quit(): void;
  on(event: 'second-instance', listener: () => void): unknown;
  on(event: 'activate', listener: () => void): unknown;
  on(event: 'before-quit', listener: (event: { preventDefault(): void }) => void): unknown;
}

/** The part of Electron's `ipcMain` that is used. */
export interface ShellIpc {
  on(channel: string, listener: (event: IpcSender) => void): unknown;
}

/** Everything of Electron that the shell needs; `main.ts` fills it with the real thing. `M` is a built menu. */
export interface ShellParts<M> extends TrayParts<M> {
  readonly app: ShellApp;
  readonly ipc: ShellIpc;
  setApplicationMenu(menu: M): void;
  /** Resolves with the index of the button. */
  ask(question: MessageBoxOptions): Promise<number>;
  /** A notification of the system that needs no answer. */
  notify(title: string, body: string): void;
  openFolder(path: string): void;
}

export interface ShellOptions<M> {
  readonly parts: ShellParts<M>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly development: boolean;
  readonly window: Omit<MainWindowOptions, 'mayClose' | 'onBroken' | 'development'>;
  readonly engine: Omit<EngineHostOptions, 'events' | 'home'>;
}

/** How long the engine may take to close its sessions, workers and stores. */
export const CLOSE_GRACE_MS = 10_000;

type Phase = 'running' | 'asking' | 'closing' | 'gone';

/** The running desktop host. Construct it once the app is ready. */
export class Shell<M> {
  readonly #options: ShellOptions<M>;
  readonly #engine: EngineHost;
  readonly #window: MainWindow;
  readonly #tray: SessionTray<M>;
  #session: SessionSummary = IDLE;
  #phase: Phase = 'running';
  /** The system shuts down: nobody is there to answer a question. */
  #silent = false;

  constructor(options: ShellOptions<M>) {
    this.#options = options;
    const { parts, home, platform, development } = options;
    this.#engine = new EngineHost({ ...options.engine, home, events: this.#engineEvents() });
    this.#window = new MainWindow({
      ...options.window,
      development,
      mayClose: () => this.#onWindowClose(),
      onBroken: (reason) => void parts.ask(brokenWindowNotice(reason)),
    });
    const actions = {
      command: this.#window.send.bind(this.#window),
      show: () => this.#window.show(),
      flatten: () => this.#window.send('flatten'),
      quit: () => parts.app.quit(),
      openDataFolder: () => parts.openFolder(home),
    };
    parts.setApplicationMenu(parts.buildMenu(menuTemplate(actions, platform, development)));
    this.#tray = new SessionTray(parts, actions, IDLE);
    this.#listen();
    this.#engine.start();
  }

  /** Quits without a question, for a system that is going down. */
  shutDown(): void {
    this.#silent = true;
    this.#options.parts.app.quit();
  }

  #listen(): void {
    const { app, ipc } = this.#options.parts;
    app.on('second-instance', () => this.#window.show());
    app.on('activate', () => this.#window.show());
    app.on('before-quit', (event) => {
      if (this.#phase === 'gone') return;
      event.preventDefault();
      void this.#quit();
    });
    ipc.on(REQUEST_PORT, (event) => {
      if (!isTrustedSender(event, this.#window.contentsId)) {
        console.error('Refused a port to a sender that is not the main frame of the window');
        return;
      }
      this.#engine.connect(event.sender.id, (port) => this.#window.deliverPort(port));
    });
  }

  #engineEvents(): EngineHostOptions['events'] {
    const { parts } = this.#options;
    return {
      onSession: (session) => {
        this.#session = session;
        if (this.#phase !== 'gone') this.#tray.update(session);
      },
      onRestarting: ({ attempt, delayMs, exitCode }) =>
        parts.notify(
          'The engine stopped unexpectedly',
          `Exit code ${exitCode}. Restart ${attempt} in ${delayMs / 1000} s; open positions stay at the broker.`,
        ),
      onRecovered: () =>
        parts.notify('The engine runs again', 'Check the Live tab before you go on trading.'),
      onGaveUp: (crash) =>
        void parts.ask(gaveUpQuestion(crash)).then((button) => {
          if (button === CRASH_RETRY) this.#engine.start();
          else parts.app.quit();
        }),
      onFailed: (error) => void parts.ask(failedNotice(error)).then(() => parts.app.quit()),
    };
  }

  /** Whether the window may really go. It is hidden or the whole application quits; it never just goes. */
  #onWindowClose(): boolean {
    if (this.#phase === 'closing' || this.#phase === 'gone') return true;
    if (this.#options.platform === 'darwin') this.#window.hide();
    else if (this.#session.kind === 'idle') this.#options.parts.app.quit();
    else void this.#askOnClose();
    return false;
  }

  async #askOnClose(): Promise<void> {
    if (this.#phase !== 'running') return;
    this.#phase = 'asking';
    const button = await this.#options.parts.ask(closeQuestion(this.#session));
    // A shutdown of the system may have overtaken the question.
    if (this.#phase !== 'asking') return;
    this.#phase = 'running';
    if (button === CLOSE_KEEP) this.#window.hide();
    else if (button === CLOSE_QUIT) await this.#close();
  }

  async #quit(): Promise<void> {
    if (this.#phase === 'closing' || (this.#phase === 'asking' && !this.#silent)) return;
    if (this.#session.kind !== 'idle' && !this.#silent) {
      this.#phase = 'asking';
      this.#window.show();
      const button = await this.#options.parts.ask(quitQuestion(this.#session));
      if (this.#phase !== 'asking') return;
      this.#phase = 'running';
      if (button !== QUIT_ANYWAY) return;
    }
    await this.#close();
  }

  async #close(): Promise<void> {
    if (this.#phase === 'closing' || this.#phase === 'gone') return;
    this.#phase = 'closing';
    this.#window.saveState();
    const how = await this.#engine.stop(CLOSE_GRACE_MS);
    if (how === 'killed') console.error(`The engine did not close within ${CLOSE_GRACE_MS / 1000} s`);
    this.#phase = 'gone';
    this.#tray.destroy();
    this.#options.parts.app.quit();
  }
}
