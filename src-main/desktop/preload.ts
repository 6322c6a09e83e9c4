/**
 * Runs in the sandboxed renderer before the page. It exposes three things and nothing of Electron itself.
 * Bundled to CommonJS (`dist/main/preload.cjs`): a sandboxed preload cannot be an ES module.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { MENU, PORT, REQUEST_PORT } from './channels.ts';

contextBridge.exposeInMainWorld('frontierDesktop', {
  platform: process.platform,
  /** The answer is a `message` event of the window with the data `'frontier:port'` and one port. */
  requestPort: (): void => ipcRenderer.send(REQUEST_PORT),
  /** Calls the listener with each menu command; the result ends that. */
  onMenu: (listener: (command: string) => void): (() => void) => {
    // The event object never reaches the page: it would carry the sender.
    const forward = (_event: unknown, command: unknown): void => {
      if (typeof command === 'string') listener(command);
    };
    ipcRenderer.on(MENU, forward);
    return () => {
      ipcRenderer.removeListener(MENU, forward);
    };
  },
});

ipcRenderer.on(PORT, (event) => {
  // Ports cannot cross the context bridge; a message to the own window is the way Electron documents.
  window.postMessage(PORT, window.location.origin, event.ports);
});
