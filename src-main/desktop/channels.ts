/** Every channel between the shell and the renderer; there are no others. */

/** Renderer to shell: asks for a MessagePort to the engine. */
export const REQUEST_PORT = 'frontier:request-port';
/** Shell to renderer, then preload to page: carries the port. */
export const PORT = 'frontier:port';
/** Shell to renderer: a menu, tray or shortcut command. */
export const MENU = 'frontier:menu';

/** The tabs in the order of their shortcuts, Ctrl/Cmd+1 to 9. */
export const TABS = [
  'chart',
  'data',
  'training',
  'backtest',
  'optimise',
  'live',
  'calendar',
  'news',
  'settings',
] as const;

/** What the shell asks the interface to do; `onMenu` listeners get these strings. */
export type MenuCommand = 'import' | 'flatten' | `tab:${(typeof TABS)[number]}`;
