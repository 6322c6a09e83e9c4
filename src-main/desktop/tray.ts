/** The tray icon: says at a glance whether a session runs, and reaches the window when it is hidden. */
import type { MenuItemConstructorOptions, NativeImage } from 'electron';
import type { SessionSummary } from './engineMessages.ts';
import { BADGES, paintMark, toBitmap } from './icon.ts';
import { FLATTEN_LABEL } from './menu.ts';

export interface TrayActions {
  show(): void;
  /** Asks through the window; the tray itself never closes a position. */
  flatten(): void;
  quit(): void;
}

/** The part of Electron's `Tray` that is used; `M` is the menu type that belongs to it. */
export interface TrayIcon<M> {
  setImage(image: NativeImage): void;
  setToolTip(text: string): void;
  setContextMenu(menu: M): void;
  on(event: 'click', listener: () => void): unknown;
  destroy(): void;
}

export interface TrayParts<M> {
  createTray(image: NativeImage): TrayIcon<M>;
  buildMenu(template: MenuItemConstructorOptions[]): M;
  createImage(bitmap: Buffer, options: { width: number; height: number; scaleFactor?: number }): NativeImage;
}

/** Edge of the tray icon in device-independent pixels, and the screen scales painted for. */
const ICON_SIZE = 16;
const SCALES: readonly number[] = [1, 1.5, 2, 3];

/** One line for the tooltip and the menu's first entry. */
export function sessionLine(session: SessionSummary): string {
  if (session.kind === 'idle') return 'No session running';
  const kind = { paper: 'Paper', live: 'LIVE', shadow: 'Shadow' }[session.kind];
  const { openPositions } = session;
  const positions = openPositions === 1 ? '1 open position' : `${openPositions} open positions`;
  return `${kind} session on ${session.symbol}, ${positions}`;
}

/** Shows the tray icon and keeps it in step with the session. */
export class SessionTray<M> {
  readonly #parts: TrayParts<M>;
  readonly #actions: TrayActions;
  readonly #tray: TrayIcon<M>;

  constructor(parts: TrayParts<M>, actions: TrayActions, session: SessionSummary) {
    this.#parts = parts;
    this.#actions = actions;
    this.#tray = parts.createTray(this.#image(session));
    this.#tray.on('click', () => actions.show());
    this.update(session);
  }

  update(session: SessionSummary): void {
    this.#tray.setImage(this.#image(session));
    this.#tray.setToolTip(`Frontier: ${sessionLine(session)}`);
    this.#tray.setContextMenu(this.#parts.buildMenu(this.#template(session)));
  }

  destroy(): void {
    this.#tray.destroy();
  }

  #template(session: SessionSummary): MenuItemConstructorOptions[] {
    return [
      { label: sessionLine(session), enabled: false },
      { type: 'separator' },
      { label: 'Show Frontier', click: () => this.#actions.show() },
      {
        label: FLATTEN_LABEL,
        enabled: session.kind !== 'idle',
        click: () => this.#actions.flatten(),
      },
      { type: 'separator' },
      { label: 'Quit', click: () => this.#actions.quit() },
    ];
  }

  #image(session: SessionSummary): NativeImage {
    const badge = session.kind === 'idle' ? undefined : BADGES[session.kind];
    const at = (scaleFactor: number): [Buffer, { width: number; height: number; scaleFactor: number }] => {
      const size = Math.round(ICON_SIZE * scaleFactor);
      return [toBitmap(paintMark(size, badge)), { width: size, height: size, scaleFactor }];
    };
    const image = this.#parts.createImage(...at(1));
    for (const scale of SCALES.slice(1)) {
      const [buffer, options] = at(scale);
      image.addRepresentation({ buffer, ...options });
    }
    return image;
  }
}
