/** The one window: created hidden, shown when painted, put back where it was, hidden rather than destroyed. */
import type { BrowserWindowConstructorOptions, MessagePortMain } from 'electron';
import { MENU, type MenuCommand, PORT } from './channels.ts';
import type { Timing } from './engine.ts';
import { APP_URL } from './security.ts';
import { type Bounds, MIN_HEIGHT, MIN_WIDTH, placeWindow, type WindowStateFile } from './windowState.ts';

/** The part of `WebContents` that is used. */
export interface WindowContents {
  readonly id: number;
  isLoading(): boolean;
  reload(): void;
  send(channel: string, ...args: unknown[]): void;
  postMessage(channel: string, message: unknown, transfer?: MessagePortMain[]): void;
  once(event: 'did-finish-load', listener: () => void): unknown;
  on(
    event: 'render-process-gone',
    listener: (event: unknown, details: { reason: string; exitCode: number }) => void,
  ): unknown;
}

/** The part of `BrowserWindow` that is used. */
export interface DesktopWindow {
  readonly webContents: WindowContents;
  loadURL(url: string): Promise<void>;
  show(): void;
  hide(): void;
  focus(): void;
  restore(): void;
  maximize(): void;
  isMinimized(): boolean;
  isMaximized(): boolean;
  isDestroyed(): boolean;
  getNormalBounds(): Bounds;
  on(event: 'close', listener: (event: { preventDefault(): void }) => void): unknown;
  on(event: 'resize', listener: () => void): unknown;
  on(event: 'move', listener: () => void): unknown;
  once(event: 'ready-to-show', listener: () => void): unknown;
}

export interface MainWindowOptions {
  readonly create: (options: BrowserWindowConstructorOptions) => DesktopWindow;
  readonly workAreas: () => readonly Bounds[];
  readonly stateFile: WindowStateFile;
  readonly preload: string;
  readonly timing: Timing;
  readonly development: boolean;
  /** The user closes the window; false keeps it. */
  readonly mayClose: () => boolean;
  /** The renderer died more often than reloading makes sense. */
  readonly onBroken: (reason: string) => void;
}

const SAVE_AFTER_MS = 500;
const MAX_RELOADS = 3;
const RELOAD_WINDOW_MS = 60_000;
/** The dark theme's background: no white flash before the first paint. */
const BACKGROUND = '#0b0f17';

/** Options that keep the page sandboxed; also what a test holds them to. */
export function webPreferences(
  preload: string,
  development: boolean,
): NonNullable<BrowserWindowConstructorOptions['webPreferences']> {
  return {
    preload,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    devTools: development,
    // Prices must go on moving while another window is in front.
    backgroundThrottling: false,
  };
}

export class MainWindow {
  readonly #options: MainWindowOptions;
  readonly #window: DesktopWindow;
  readonly #reloadsMs: number[] = [];
  #cancelSave: (() => void) | undefined;

  constructor(options: MainWindowOptions) {
    this.#options = options;
    const place = placeWindow(options.stateFile.load(), options.workAreas());
    const { maximized, ...bounds } = place;
    this.#window = options.create({
      ...bounds,
      minWidth: MIN_WIDTH,
      minHeight: MIN_HEIGHT,
      show: false,
      title: 'Frontier',
      backgroundColor: BACKGROUND,
      webPreferences: webPreferences(options.preload, options.development),
    });
    this.#listen(maximized);
    void this.#window.loadURL(APP_URL).catch((error: unknown) => options.onBroken(String(error)));
  }

  /** Identifies the page for the sender check; undefined once the window is gone. */
  get contentsId(): number | undefined {
    return this.#window.isDestroyed() ? undefined : this.#window.webContents.id;
  }

  /** Brings the window to the front from wherever it is. */
  show(): void {
    if (this.#window.isDestroyed()) return;
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  hide(): void {
    if (!this.#window.isDestroyed()) this.#window.hide();
  }

  /** Shows the window and passes a command to the interface, after loading where it still loads. */
  send(command: MenuCommand): void {
    if (this.#window.isDestroyed()) return;
    this.show();
    const contents = this.#window.webContents;
    const deliver = (): void => contents.send(MENU, command);
    if (contents.isLoading()) contents.once('did-finish-load', deliver);
    else deliver();
  }

  /** Hands the page a port to the engine. */
  deliverPort(port: MessagePortMain): void {
    if (this.#window.isDestroyed()) port.close();
    else this.#window.webContents.postMessage(PORT, null, [port]);
  }

  /** Writes position and size now. */
  saveState(): void {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    if (this.#window.isDestroyed()) return;
    const { x, y, width, height } = this.#window.getNormalBounds();
    try {
      this.#options.stateFile.save({ x, y, width, height, maximized: this.#window.isMaximized() });
    } catch (error) {
      // A full disk must not keep the window from closing.
      console.error('The window position was not saved:', error);
    }
  }

  #listen(maximized: boolean): void {
    const window = this.#window;
    window.once('ready-to-show', () => {
      if (maximized) window.maximize();
      window.show();
    });
    const saveLater = (): void => {
      this.#cancelSave?.();
      this.#cancelSave = this.#options.timing.after(SAVE_AFTER_MS, () => this.saveState());
    };
    window.on('resize', saveLater);
    window.on('move', saveLater);
    window.on('close', (event) => {
      this.saveState();
      if (!this.#options.mayClose()) event.preventDefault();
    });
    window.webContents.on('render-process-gone', (_event, details) => {
      if (details.reason !== 'clean-exit') this.#reload(details.reason);
    });
  }

  /** The engine and its sessions do not notice a dead page: load it again, unless it dies at once each time. */
  #reload(reason: string): void {
    const nowMs = this.#options.timing.nowMs();
    const recent = this.#reloadsMs.filter((timeMs) => nowMs - timeMs < RELOAD_WINDOW_MS);
    this.#reloadsMs.splice(0, Number.POSITIVE_INFINITY, ...recent, nowMs);
    if (recent.length < MAX_RELOADS) this.#window.webContents.reload();
    else this.#options.onBroken(reason);
  }
}
