/** The shell's side of the engine process: starts it, restarts it after a crash, hands it ports, closes it. */
import type { MessagePortMain } from 'electron';
import { type ErrorBody, errorBody } from '../../src-shared/errors.ts';
import type { SecretStore } from '../ops/secrets.ts';
import {
  fromEngineSchema,
  IDLE,
  type SecretRequest,
  type SessionSummary,
  type ToEngine,
} from './engineMessages.ts';

/** The part of Electron's `UtilityProcess` that is used. */
export interface EngineChild {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  postMessage(message: ToEngine, transfer?: MessagePortMain[]): void;
  kill(): boolean;
  readonly stderr: NodeJS.ReadableStream | null;
}

/** Timers and clock, so that tests need not wait. */
export interface Timing {
  nowMs(): number;
  /** Calls back after the delay; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** What the shell shows when something happens to the engine. */
export interface EngineEvents {
  onSession(session: SessionSummary): void;
  /** It crashed and comes back after the delay. */
  onRestarting(crash: { attempt: number; delayMs: number; exitCode: number; detail: string }): void;
  /** It runs again and every window has a fresh port. */
  onRecovered(): void;
  /** It crashed too often. */
  onGaveUp(crash: { exitCode: number; detail: string }): void;
  /** It could not be composed, e.g. because the data folder is in use. Not tried again. */
  onFailed(error: ErrorBody): void;
}

export interface EngineHostOptions {
  readonly home: string;
  readonly fork: () => EngineChild;
  readonly createChannel: () => { port1: MessagePortMain; port2: MessagePortMain };
  readonly secrets: SecretStore;
  readonly timing: Timing;
  readonly events: EngineEvents;
}

/** Waits before the first, second and third restart, in milliseconds. */
export const RESTART_DELAYS_MS: readonly number[] = [500, 2_000, 8_000];
/** After so long without a crash the count starts anew. */
export const HEALTHY_AFTER_MS = 60_000;
const KILL_WAIT_MS = 2_000;
const DETAIL_CHARS = 2_000;

type State = 'stopped' | 'starting' | 'ready' | 'waiting' | 'stopping' | 'failed';

/** Hands a port to one window. */
export type DeliverPort = (port: MessagePortMain) => void;

/** Owns at most one engine process at a time. */
export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #windows = new Map<number, DeliverPort>();
  #state: State = 'stopped';
  #child: EngineChild | undefined;
  #crashes = 0;
  #readyAtMs = 0;
  #stderr = '';
  #cancelWait: (() => void) | undefined;
  #exited: (() => void) | undefined;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  /** Starts the engine unless it runs or is about to. After giving up this is the user's "try again". */
  start(): void {
    if (this.#child !== undefined || (this.#state !== 'stopped' && this.#state !== 'failed')) return;
    this.#crashes = 0;
    this.#launch();
  }

  /**
   * Connects a window: now when the engine is ready, else as soon as it is, and again after a restart.
   * @param windowId stays the same when the window reloads, so that a window gets one port per engine
   */
  connect(windowId: number, deliver: DeliverPort): void {
    this.#windows.set(windowId, deliver);
    if (this.#state === 'ready') this.#handPort(deliver);
  }

  /** Forgets a window that is gone. */
  disconnect(windowId: number): void {
    this.#windows.delete(windowId);
  }

  /**
   * Asks the engine to close and waits, at most `graceMs`; then ends the process. Nothing is lost either
   * way: the engine writes its journal before it acts.
   */
  async stop(graceMs: number): Promise<'closed' | 'killed' | 'not running'> {
    this.#cancelWait?.();
    const child = this.#child;
    if (child === undefined) {
      this.#state = 'stopped';
      return 'not running';
    }
    this.#state = 'stopping';
    const gone = new Promise<void>((resolve) => {
      this.#exited = resolve;
    });
    child.postMessage({ type: 'close' });
    if (await this.#within(graceMs, gone)) return 'closed';
    child.kill();
    await this.#within(KILL_WAIT_MS, gone);
    return 'killed';
  }

  #within(limitMs: number, done: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.timing.after(limitMs, () => resolve(false));
      void done.then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  #launch(): void {
    const child = this.#options.fork();
    this.#state = 'starting';
    this.#child = child;
    this.#stderr = '';
    child.stderr?.on('data', (chunk: unknown) => {
      process.stderr.write(String(chunk));
      this.#stderr = (this.#stderr + String(chunk)).slice(-DETAIL_CHARS);
    });
    child.on('message', (message) => {
      if (this.#child === child) this.#receive(child, message);
    });
    child.on('exit', (code) => {
      if (this.#child === child) this.#onExit(code);
    });
    const { home, secrets } = this.#options;
    child.postMessage({ type: 'start', home, secretStore: secrets.describe() });
  }

  #receive(child: EngineChild, raw: unknown): void {
    const parsed = fromEngineSchema.safeParse(raw);
    if (!parsed.success) {
      console.error('Ignored a message of the engine that is not part of the protocol');
      return;
    }
    const message = parsed.data;
    if (message.type === 'ready') this.#onReady();
    else if (message.type === 'failed') this.#onFailed(message.error);
    else if (message.type === 'session') this.#options.events.onSession(message.session);
    else void this.#answerSecret(child, message.id, message.request);
  }

  #onReady(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.#readyAtMs = this.#options.timing.nowMs();
    for (const deliver of this.#windows.values()) this.#handPort(deliver);
    if (this.#crashes > 0) this.#options.events.onRecovered();
  }

  #onFailed(error: ErrorBody): void {
    if (this.#state === 'stopping') return;
    this.#state = 'failed';
    this.#options.events.onFailed(error);
  }

  #handPort(deliver: DeliverPort): void {
    const { port1, port2 } = this.#options.createChannel();
    this.#child?.postMessage({ type: 'connect' }, [port1]);
    deliver(port2);
  }

  #onExit(exitCode: number): void {
    const { events, timing } = this.#options;
    const state = this.#state;
    this.#child = undefined;
    events.onSession(IDLE);
    if (state === 'stopping' || state === 'failed') {
      if (state === 'stopping') this.#state = 'stopped';
      this.#exited?.();
      return;
    }
    if (state === 'ready' && timing.nowMs() - this.#readyAtMs >= HEALTHY_AFTER_MS) this.#crashes = 0;
    const detail = this.#stderr.trim();
    const delayMs = RESTART_DELAYS_MS[this.#crashes];
    this.#crashes += 1;
    if (delayMs === undefined) {
      this.#state = 'stopped';
      events.onGaveUp({ exitCode, detail });
      return;
    }
    this.#state = 'waiting';
    this.#cancelWait = timing.after(delayMs, () => {
      if (this.#state === 'waiting') this.#launch();
    });
    events.onRestarting({ attempt: this.#crashes, delayMs, exitCode, detail });
  }

  async #answerSecret(child: EngineChild, id: number, request: SecretRequest): Promise<void> {
    const answer: ToEngine = await secretAnswer(this.#options.secrets, request).then(
      (value): ToEngine => ({ type: 'secret-value', id, value }),
      (error: unknown): ToEngine => ({ type: 'secret-error', id, error: errorBody(error) }),
    );
    if (this.#child === child) child.postMessage(answer);
  }
}

async function secretAnswer(store: SecretStore, request: SecretRequest): Promise<string | string[] | null> {
  switch (request.op) {
    case 'get':
      return (await store.get(request.name)) ?? null;
    case 'names':
      return store.names();
    case 'set':
      await store.set(request.name, request.value);
      return null;
    case 'remove':
      await store.remove(request.name);
      return null;
  }
}
