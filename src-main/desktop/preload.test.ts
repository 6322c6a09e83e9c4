import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MENU, PORT, REQUEST_PORT } from './channels.ts';

const ipc = new EventEmitter();
const sent: unknown[][] = [];
const exposed = new Map<string, unknown>();
vi.mock('electron', () => ({
  contextBridge: { exposeInMainWorld: (name: string, api: unknown) => exposed.set(name, api) },
  ipcRenderer: {
    send: (...args: unknown[]) => sent.push(args),
    on: (channel: string, listener: () => void) => ipc.on(channel, listener),
    removeListener: (channel: string, listener: () => void) => ipc.off(channel, listener),
  },
}));

interface Api {
  platform: string;
  requestPort(): void;
  onMenu(listener: (command: string) => void): () => void;
}

const posted: unknown[][] = [];
beforeEach(async () => {
  vi.stubGlobal('window', {
    location: { origin: 'frontier://app' },
    postMessage: (...args: unknown[]) => posted.push(args),
  });
  await import('./preload.ts');
});

describe('preload', () => {
  it('exposes one object with three entries', () => {
    expect([...exposed.keys()]).toEqual(['frontierDesktop']);
    expect(Object.keys(exposed.get('frontierDesktop') as object).sort()).toEqual([
      'onMenu',
      'platform',
      'requestPort',
    ]);
  });

  it('asks for a port and forwards it to its own origin', () => {
    (exposed.get('frontierDesktop') as Api).requestPort();
    expect(sent).toEqual([[REQUEST_PORT]]);
    const ports = [{}];
    ipc.emit(PORT, { ports });
    expect(posted).toEqual([[PORT, 'frontier://app', ports]]);
  });

  it('passes menu commands without the event, until told to stop', () => {
    const heard: unknown[][] = [];
    const stop = (exposed.get('frontierDesktop') as Api).onMenu((...args) => heard.push(args));
    ipc.emit(MENU, { sender: 'secret' }, 'flatten');
    ipc.emit(MENU, {}, { not: 'a string' });
    stop();
    ipc.emit(MENU, {}, 'import');
    expect(heard).toEqual([['flatten']]);
  });
});
