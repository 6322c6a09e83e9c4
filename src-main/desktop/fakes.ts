/** Stand-ins for the parts of Electron that the shell uses, typed by the same interfaces; for tests only. */
import { EventEmitter } from 'node:events';
import type { MessagePortMain } from 'electron';
import type { EngineChild, Timing } from './engine.ts';
import type { FromEngine, ToEngine } from './engineMessages.ts';
import type { EnginePort } from './engineServer.ts';
import type { DesktopWindow, WindowContents } from './window.ts';
import type { Bounds } from './windowState.ts';

/** A clock and timers that move when told. */
export class FakeTiming implements Timing {
  #nowMs = 0;
  readonly #due = new Set<{ atMs: number; callback: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, callback };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  }

  /** Moves on and calls what falls due, in order; lets promises settle between. */
  async advance(byMs: number): Promise<void> {
    const end = this.#nowMs + byMs;
    for (;;) {
      await settle();
      const next = [...this.#due].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      this.#due.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = end;
    await settle();
  }
}

/** Lets everything that is already resolved run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An engine process that does what the test says. */
export class FakeChild implements EngineChild {
  readonly events = new EventEmitter();
  readonly stderr = null;
  readonly sent: { message: ToEngine; ports: number }[] = [];
  killed = false;

  on(event: string, listener: (...args: never[]) => void): unknown {
    return this.events.on(event, listener as (...args: unknown[]) => void);
  }

  postMessage(message: ToEngine, transfer: MessagePortMain[] = []): void {
    this.sent.push({ message, ports: transfer.length });
  }

  kill(): boolean {
    this.killed = true;
    this.exit(143);
    return true;
  }

  say(message: FromEngine): void {
    this.events.emit('message', message);
  }

  exit(code: number): void {
    this.events.emit('exit', code);
  }

  count(type: ToEngine['type']): number {
    return this.sent.filter(({ message }) => message.type === type).length;
  }
}

/** One end of a channel, shaped as Electron's ports are: `on` with an event, no `addEventListener`. */
export class FakePort implements EnginePort {
  readonly #port: MessagePort;
  readonly #closed = new Set<() => void>();

  constructor(port: MessagePort) {
    this.#port = port;
    port.addEventListener('close', () => {
      for (const listener of this.#closed) listener();
    });
  }

  on(event: 'message' | 'close', listener: ((event: { data: unknown }) => void) | (() => void)): this {
    if (event === 'close') this.#closed.add(listener as () => void);
    else this.#port.addEventListener('message', ({ data }) => listener({ data }));
    return this;
  }

  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }

  start(): void {
    this.#port.start();
  }

  close(): void {
    this.#port.close();
  }
}

/** A pair of ports for what only passes them on. Carries messages like Electron's, without its event types. */
export function fakeChannel(): { port1: MessagePortMain; port2: MessagePortMain } {
  const { port1, port2 } = new MessageChannel();
  // Node's process would stay alive for ports that nobody closes.
  for (const port of [port1, port2]) (port as unknown as { unref(): void }).unref();
  const asMain = (port: MessagePort): MessagePortMain => new FakePort(port) as unknown as MessagePortMain;
  return { port1: asMain(port1), port2: asMain(port2) };
}

/** A page that remembers what it was sent. */
export class FakeContents implements WindowContents {
  readonly events = new EventEmitter();
  readonly id = 7;
  loading = false;
  reloads = 0;
  readonly sent: unknown[][] = [];
  readonly ports: MessagePortMain[] = [];

  isLoading(): boolean {
    return this.loading;
  }
  reload(): void {
    this.reloads++;
  }
  send(...args: unknown[]): void {
    this.sent.push(args);
  }
  postMessage(channel: string, _message: unknown, transfer: MessagePortMain[] = []): void {
    this.sent.push([channel]);
    this.ports.push(...transfer);
  }
  once(event: string, listener: () => void): unknown {
    return this.events.once(event, listener);
  }
  on(event: string, listener: (...args: never[]) => void): unknown {
    return this.events.on(event, listener as (...args: unknown[]) => void);
  }
}

/** A window that remembers whether it is shown. */
export class FakeWindow implements DesktopWindow {
  readonly events = new EventEmitter();
  readonly webContents = new FakeContents();
  url = '';
  visible = false;
  focused = 0;
  minimized = false;
  maximized = false;
  destroyed = false;
  bounds: Bounds = { x: 10, y: 20, width: 1300, height: 800 };

  async loadURL(url: string): Promise<void> {
    this.url = url;
  }
  show(): void {
    this.visible = true;
  }
  hide(): void {
    this.visible = false;
  }
  focus(): void {
    this.focused++;
  }
  restore(): void {
    this.minimized = false;
  }
  maximize(): void {
    this.maximized = true;
  }
  isMinimized(): boolean {
    return this.minimized;
  }
  isMaximized(): boolean {
    return this.maximized;
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
  getNormalBounds(): Bounds {
    return this.bounds;
  }
  on(event: string, listener: (...args: never[]) => void): unknown {
    return this.events.on(event, listener as (...args: unknown[]) => void);
  }
  once(event: string, listener: () => void): unknown {
    return this.events.once(event, listener);
  }

  /** The user closes the window; true when it was kept. */
  close(): boolean {
    let prevented = false;
    const event = {
      preventDefault: () => {
        prevented = true;
      },
    };
    this.events.emit('close', event);
    return prevented;
  }
}
