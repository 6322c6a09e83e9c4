/**
 * The session kernel: bars in, decisions and orders out, every fact in the journal before it has consequences
 * (docs/spec/journal.md). It holds no rule of trading: decisions are the strategy's, fills the broker's.
 */
import { errorBody } from '../../src-shared/errors.ts';
import { type Bar, barAt, barCount, lowerBound } from '../../src-shared/market/bars.ts';
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import { decide } from '../../src-shared/trading/strategy.ts';
import type { OpenPosition } from '../../src-shared/trading/types.ts';
import { isLockstep } from '../brokers/port.ts';
import type { SessionStanding } from '../store/sessions.ts';
import { Bookkeeper } from './bookkeeper.ts';
import { CoverageTracker } from './coverage.ts';
import { Gate } from './gate.ts';
import { OrderDesk } from './orderDesk.ts';
import { acknowledge } from './reconcile.ts';
import type { SessionParts } from './types.ts';
import { FeatureWindow } from './window.ts';

/** Longest stretch without giving the event loop its turn. */
const SLICE_MS = 4;
const WARMUP_BARS_PER_TURN = 512;

/** Why a loop was asked to end. */
export type HaltReason = 'stopped' | 'interrupted' | 'flatten';

const toSpeed = (speed: number): number => (speed === 0 ? Number.POSITIVE_INFINITY : speed);

/** One deployed strategy on one feed and one account, from the last decided bar on. */
export class LiveSession {
  readonly id: string;
  readonly #parts: SessionParts;
  readonly #books: Bookkeeper;
  readonly #desk: OrderDesk;
  readonly #window: FeatureWindow;
  readonly #coverage: CoverageTracker | undefined;
  readonly #gate = new Gate();
  readonly #abort = new AbortController();
  #halt: HaltReason | undefined;
  #fault: unknown;
  #marketMs: number;
  #decidedMs: number;
  /** By the wall clock: when the feed last delivered a bar. */
  #heardMs: number | undefined;
  #sliceStartMs: number;
  #unreconciled: readonly string[] = [];
  #done: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    const { record, journal, pipeline, onChange } = parts;
    this.id = record.id;
    this.#parts = parts;
    this.#window = new FeatureWindow(pipeline.windowBars);
    this.#coverage = pipeline.judge && new CoverageTracker(pipeline.judge, journal, record.id);
    this.#decidedMs = journal.lastDecision(record.id)?.barTimeMs ?? Number.NEGATIVE_INFINITY;
    this.#marketMs = Number.isFinite(this.#decidedMs) ? this.#closeOf(this.#decidedMs) : record.source.fromMs;
    this.#sliceStartMs = parts.clock.nowMs();
    this.#books = new Bookkeeper({
      journal,
      sessionId: record.id,
      digits: record.venue.instrument.digits,
      marketMs: () => this.#marketMs,
      onChange,
    });
    this.#desk = new OrderDesk({
      parts,
      books: this.#books,
      marketMs: () => this.#marketMs,
      hold: (differences) => this.#hold(differences),
    });
  }

  /** Market time: the close of the newest bar. */
  get marketMs(): number {
    return this.#marketMs;
  }

  /** Wall-clock time since the feed last delivered a bar; undefined before the first. */
  get feedAgeMs(): number | undefined {
    return this.#heardMs === undefined ? undefined : this.#parts.clock.nowMs() - this.#heardMs;
  }

  /** Differences that hold the session until a person has looked at them. */
  get unreconciled(): readonly string[] {
    return this.#unreconciled;
  }

  /** Begins, or goes on after the last decided bar. Resolves when the session has ended, however it did. */
  run(): Promise<void> {
    this.#done ??= this.#run();
    return this.#done;
  }

  /** Holds before the next bar. */
  pause(): void {
    if (!this.#gate.isOpen || this.#halt !== undefined) return;
    this.#gate.close();
    this.#standing({ state: 'paused' });
    this.#books.log('info', 'Paused.');
  }

  /** Goes on. After a hold for differences this is the person's word that they were seen (REC-8). */
  resume(): void {
    if (this.#gate.isOpen || this.#halt !== undefined) return;
    if (this.#unreconciled.length > 0) {
      const { record, journal } = this.#parts;
      acknowledge({ record, journal, books: this.#books, marketMs: this.#marketMs });
      this.#unreconciled = [];
    }
    this.#standing({ state: 'running', unreconciled: [] });
    this.#books.log('info', 'Resumed.');
    this.#gate.open();
  }

  /** @param speed bars per second; 0 runs as fast as it goes */
  setSpeed(speed: number): void {
    this.#parts.pipeline.feed.setSpeed?.(toSpeed(speed));
    this.#standing({ speed });
  }

  /** Ends the loop after the bar in hand and waits for it. Positions stay as they are. */
  async halt(reason: HaltReason): Promise<void> {
    if (this.#halt === undefined) {
      this.#halt = reason;
      if (this.#done !== undefined && reason !== 'interrupted') this.#standing({ state: 'stopping' });
      this.#abort.abort();
    }
    await this.#done;
  }

  #standing(patch: Partial<SessionStanding>): void {
    this.#parts.sessions.update(this.id, patch);
    this.#parts.onChange();
  }

  #closeOf(barTimeMs: number): number {
    return barTimeMs + timeframeMs(this.#parts.pipeline.feed.timeframe);
  }

  async #run(): Promise<void> {
    const { broker, pipeline, record } = this.#parts;
    const unsubscribe = broker.subscribe((event) => {
      try {
        this.#books.onEvent(event);
      } catch (error) {
        // A broker that contradicts the journal ends the session; its event handler must not break the broker.
        this.#fault = error;
        this.#abort.abort();
      }
    });
    pipeline.feed.setSpeed?.(toSpeed(record.speed));
    try {
      await this.#prepare();
      await this.#loop();
      this.#throwFault();
      this.#ended();
    } catch (error) {
      this.#failed(error);
    } finally {
      unsubscribe();
      // Nothing depends on a clean goodbye: whoever uses the account next connects again.
      await broker.disconnect().catch(() => undefined);
      await pipeline.release?.();
    }
  }

  #throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #prepare(): Promise<void> {
    const { broker, record } = this.#parts;
    await broker.connect();
    const again = Number.isFinite(this.#decidedMs);
    this.#books.log(
      'info',
      again ? 'Reconciling with the broker, then going on.' : `Started on ${record.feed}.`,
    );
    await this.#catchUp();
    await this.#desk.reconcile();
    await this.#warmUp();
    if (this.#gate.isOpen && this.#halt === undefined) this.#standing({ state: 'running' });
  }

  /**
   * REC-7: after a power cut a broker that lives on our bars may have forgotten the last ones, on which nothing
   * happened (JRN-8). It lives through them again.
   */
  async #catchUp(): Promise<void> {
    const { broker, pipeline, record } = this.#parts;
    if (!isLockstep(broker) || !Number.isFinite(this.#decidedMs)) return;
    const fromMs = Math.max(record.source.fromMs, (broker.lastBarMs ?? Number.NEGATIVE_INFINITY) + 1);
    if (fromMs > this.#decidedMs) return;
    const bars = await pipeline.history(this.#decidedMs + 1);
    for (let i = lowerBound(bars.timeMs, fromMs); i < barCount(bars); i++) await broker.onBar(barAt(bars, i));
  }

  #hold(unreconciled: readonly string[]): void {
    this.#unreconciled = unreconciled;
    for (const difference of unreconciled) this.#books.log('error', difference);
    this.#books.log('error', 'Held: look at the differences with the broker, then resume or flatten.');
    this.#gate.close();
    this.#standing({ state: 'paused', unreconciled });
  }

  /** The features of every bar before the first one to decide on, so that live equals batch. */
  async #warmUp(): Promise<void> {
    const { record, pipeline } = this.#parts;
    const beforeMs = Number.isFinite(this.#decidedMs) ? this.#decidedMs + 1 : record.source.fromMs;
    const bars = await pipeline.history(beforeMs);
    const count = barCount(bars);
    for (let i = 0; i < count; i++) {
      const bar = barAt(bars, i);
      if (bar.timeMs >= beforeMs) break;
      this.#window.push(pipeline.features.push(bar).values);
      this.#coverage?.remember(bar.timeMs);
      if (i % WARMUP_BARS_PER_TURN === WARMUP_BARS_PER_TURN - 1) await this.#parts.yieldControl();
      if (this.#abort.signal.aborted) return;
    }
  }

  async #loop(): Promise<void> {
    const { pipeline } = this.#parts;
    const { signal } = this.#abort;
    await this.#gate.pass(signal);
    for await (const bar of pipeline.feed.bars(signal)) {
      this.#heardMs = this.#parts.clock.nowMs();
      if (bar.timeMs <= this.#decidedMs) continue;
      await this.#gate.pass(signal);
      if (signal.aborted) return;
      await this.#onBar(bar);
      this.#throwFault();
      await this.#breathe();
    }
  }

  async #breathe(): Promise<void> {
    const { clock, yieldControl } = this.#parts;
    if (clock.nowMs() - this.#sliceStartMs < SLICE_MS) return;
    await yieldControl();
    this.#sliceStartMs = clock.nowMs();
  }

  /** One closed bar: the market moves, then the strategy decides, then its order leaves. */
  async #onBar(bar: Bar): Promise<void> {
    const { broker, pipeline, genes, record, journal } = this.#parts;
    this.#marketMs = this.#closeOf(bar.timeMs);
    if (isLockstep(broker)) {
      if (this.#isPast(bar, broker.lastBarMs)) return;
      await broker.onBar(bar);
      this.#throwFault();
    }
    const { values, atr } = pipeline.features.push(bar);
    this.#window.push(values);
    const window = this.#window.view();
    const forecast = window === undefined ? undefined : await pipeline.predict(window);
    const signal = forecast?.signal ?? Number.NaN;
    const interval = forecast?.interval;
    const { balance, equity } = await broker.account();
    const position = await this.#position();
    const blocked = pipeline.entries?.at(bar.timeMs);
    const decision = decide(genes, { bar, signal, atr, position, equity, blocked }, record.venue);
    const order = this.#desk.orderOf(decision, position);
    journal.recordDecision({
      sessionId: this.id,
      decision,
      close: bar.close,
      balance,
      equity,
      position,
      order,
      interval,
      judged: this.#coverage?.decided(bar.close, interval && { close: bar.close, atr, ...interval }),
    });
    this.#decidedMs = bar.timeMs;
    this.#parts.onChange();
    if (order !== undefined) await this.#desk.send(order.request);
  }

  /**
   * REC-7: the broker has lived through later bars, whose decisions a power cut took from the journal. No order
   * came of them, or it would be there. Deciding now would use an account that knows what came after, so these
   * bars only feed the features.
   */
  #isPast(bar: Bar, lastBarMs: number | undefined): boolean {
    if (lastBarMs === undefined || bar.timeMs >= lastBarMs) return false;
    this.#window.push(this.#parts.pipeline.features.push(bar).values);
    this.#coverage?.remember(bar.timeMs);
    this.#books.log('warning', 'The decision on one bar was lost with the power and is not made again.');
    return true;
  }

  async #position(): Promise<OpenPosition | undefined> {
    const { broker, record } = this.#parts;
    const held = (await broker.positions()).find((p) => p.symbol === record.venue.instrument.symbol);
    if (held === undefined) return undefined;
    const { symbol: _, ...position } = held;
    return position;
  }

  #ended(): void {
    const endedMs = this.#parts.clock.nowMs();
    if (this.#halt === 'interrupted') {
      this.#standing({ state: 'interrupted' });
      return;
    }
    // A flatten goes on after the loop has ended; whoever asked for it sets the last state.
    if (this.#halt === 'flatten') return;
    if (this.#halt === 'stopped') {
      this.#books.log('info', 'Stopped. Positions stay as they are.');
      this.#standing({ state: 'stopped', endedMs });
      return;
    }
    const { position } = this.#parts.sessions.get(this.id);
    const left = position ? ' The position stays open on the account; Flatten & stop closes it.' : '';
    this.#books.log('info', `The feed has ended.${left}`);
    this.#standing({ state: 'finished', endedMs });
  }

  #failed(error: unknown): void {
    const body = errorBody(error);
    this.#books.log('error', `The session failed: ${body.message}`);
    this.#standing({ state: 'failed', error: body, endedMs: this.#parts.clock.nowMs() });
  }
}
