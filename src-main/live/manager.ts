import type { DeploymentDto, SessionDto, SessionSummary } from '../../src-shared/contract/live.ts';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { Clock, IdSource } from '../../src-shared/runtime.ts';
import type { VenueSpec } from '../../src-shared/trading/types.ts';
import type { Broker } from '../brokers/port.ts';
import type { SessionRecord, SessionSource } from '../store/sessions.ts';
import type { Stores } from '../store/stores.ts';
import { type FlattenAllOutcome, Flattener } from './flattener.ts';
import { LiveSession } from './session.ts';
import { sessionOf, summaryOf } from './snapshot.ts';
import { ALIVE, type Pipeline } from './types.ts';

export interface StartRequest {
  /** The last so many bars of the history; the replay span when absent. */
  readonly bars?: number | undefined;
  /** Bars per second; 0 runs as fast as it goes. */
  readonly speed: number;
}

/** What a new session will trade on. */
export interface SessionPlan {
  readonly venue: VenueSpec;
  readonly source: SessionSource;
  /** The feed in words, e.g. `Replay of EURUSD H1, 12 to 30 May 2024`. */
  readonly feed: string;
  readonly barsTotal: number;
}

/** Builds what sessions are made of; the composition root supplies it. */
export interface SessionAssembler {
  plan(deployment: DeploymentDto, request: StartRequest): Promise<SessionPlan>;
  /** The account of this session, as it stands; not connected. */
  broker(record: SessionRecord): Promise<Broker>;
  /** Feed, features and model. The feed may begin at `source.fromMs`: decided bars are skipped. */
  pipeline(record: SessionRecord, deployment: DeploymentDto): Promise<Pipeline>;
}

export interface LiveManagerOptions {
  readonly stores: Pick<Stores, 'sessions' | 'deployments' | 'journal'>;
  readonly assembler: SessionAssembler;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly yieldControl: () => Promise<void>;
  /** A fault that could not even be journaled, e.g. a full disk. */
  readonly onFault?: ((sessionId: string, error: unknown) => void) | undefined;
}

interface Running {
  readonly session: LiveSession;
  readonly broker: Broker;
}

const RESUMABLE = ['interrupted', 'failed'];

function notResumable(record: SessionRecord): FrontierError {
  return new FrontierError(
    'CONFLICT',
    `Session ${record.id} is ${record.state} and cannot go on.`,
    'Only paused, interrupted and failed sessions can; start a new one from the deployment.',
  );
}

/** Every live session of the engine. */
export class LiveManager {
  readonly #options: LiveManagerOptions;
  readonly #running = new Map<string, Running>();
  readonly #listeners = new Set<(sessionId: string) => void>();
  /** Sessions being taken up right now, so that two clicks do not start two loops. */
  readonly #opening = new Map<string, Promise<void>>();
  readonly #flattener: Flattener;

  constructor(options: LiveManagerOptions) {
    this.#options = options;
    this.#flattener = new Flattener({
      stores: options.stores,
      clock: options.clock,
      halt: (record) => this.#haltForFlatten(record),
      onChange: (sessionId) => this.#changed(sessionId),
    });
  }

  /**
   * REC-9: to be called once when the engine starts: sessions whose engine ended without a stop become
   * `interrupted`, with position and orders as the journal has them. Nothing is traded.
   * @returns their ids
   */
  recover(): string[] {
    const { sessions, journal } = this.#options.stores;
    const left = sessions.list().filter((s) => ALIVE.includes(s.state) && !this.#running.has(s.id));
    for (const { id, state, source } of left) {
      const timeMs = journal.lastDecision(id)?.barTimeMs ?? source.fromMs;
      sessions.update(id, { state: 'interrupted' });
      journal.log(
        id,
        timeMs,
        'warning',
        `The engine ended while this session was ${state}. Resume reconciles first.`,
      );
    }
    return left.map((s) => s.id);
  }

  /** Tells of every change by the session's id, without data: read `snapshot`. @returns ends it */
  subscribe(listener: (sessionId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts a session and returns when it is under way.
   * @throws FrontierError NOT_FOUND for an unknown deployment, or what the assembler finds wrong
   */
  async start(deploymentId: string, request: StartRequest): Promise<string> {
    const { stores, assembler, ids, clock } = this.#options;
    const deployment = stores.deployments.get(deploymentId);
    const plan = await assembler.plan(deployment, request);
    const { initialBalance } = plan.venue.account;
    const record: SessionRecord = {
      ...plan,
      id: ids.next('ses'),
      deploymentId,
      broker: deployment.broker,
      badge: 'PAPER',
      startedMs: clock.nowMs(),
      initialBalance,
      state: 'starting',
      endedMs: undefined,
      speed: request.speed,
      balance: initialBalance,
      equity: initialBalance,
      lastPrice: undefined,
      position: undefined,
      unreconciled: [],
      error: undefined,
    };
    stores.sessions.add(record);
    await this.#open(record, deployment);
    return record.id;
  }

  async #open(record: SessionRecord, deployment: DeploymentDto): Promise<void> {
    const opening = this.#takeUp(record, deployment);
    this.#opening.set(record.id, opening);
    try {
      await opening;
    } finally {
      this.#opening.delete(record.id);
    }
  }

  async #takeUp(record: SessionRecord, deployment: DeploymentDto): Promise<void> {
    const { stores, assembler, clock, yieldControl } = this.#options;
    const { sessions, journal } = stores;
    const onChange = (): void => this.#changed(record.id);
    try {
      const broker = await assembler.broker(record);
      const pipeline = await assembler.pipeline(record, deployment);
      const { genes } = deployment;
      const parts = { record, genes, pipeline, broker, journal, sessions, clock, yieldControl, onChange };
      const session = new LiveSession(parts);
      this.#running.set(record.id, { session, broker });
      void session
        .run()
        .catch((error: unknown) => this.#options.onFault?.(record.id, error))
        .finally(() => this.#leave(record.id));
    } catch (error) {
      sessions.update(record.id, { state: 'failed', endedMs: clock.nowMs(), error: errorBody(error) });
      journal.log(
        record.id,
        record.source.fromMs,
        'error',
        error instanceof Error ? error.message : String(error),
      );
      onChange();
      throw error;
    }
  }

  #leave(sessionId: string): void {
    this.#running.delete(sessionId);
    this.#changed(sessionId);
  }

  #changed(sessionId: string): void {
    for (const listener of [...this.#listeners]) listener(sessionId);
  }

  /** @throws FrontierError NOT_FOUND, or CONFLICT when it is not running */
  pause(sessionId: string): void {
    this.#require(sessionId).session.pause();
  }

  /**
   * Goes on after a pause, after the engine died, or after a failure: reconciles first, places nothing twice.
   * @throws FrontierError NOT_FOUND, or CONFLICT for a session that has ended
   */
  async resume(sessionId: string): Promise<void> {
    const running = this.#running.get(sessionId);
    if (running !== undefined) {
      running.session.resume();
      return;
    }
    const { sessions, deployments } = this.#options.stores;
    const record = sessions.get(sessionId);
    if (!RESUMABLE.includes(record.state) || this.#opening.has(sessionId)) throw notResumable(record);
    sessions.update(sessionId, { state: 'starting', endedMs: undefined, error: undefined, unreconciled: [] });
    await this.#open(sessions.get(sessionId), deployments.get(record.deploymentId));
  }

  /** Ends the session and leaves positions as they are. @throws FrontierError NOT_FOUND */
  async stop(sessionId: string): Promise<void> {
    const running = this.#running.get(sessionId);
    if (running !== undefined) {
      await running.session.halt('stopped');
      return;
    }
    const { sessions } = this.#options.stores;
    const { state } = sessions.get(sessionId);
    if (state !== 'interrupted') return;
    sessions.update(sessionId, { state: 'stopped', endedMs: this.#options.clock.nowMs() });
    this.#changed(sessionId);
  }

  /** @param speed bars per second; 0 runs as fast as it goes @throws FrontierError NOT_FOUND or CONFLICT */
  setSpeed(sessionId: string, speed: number): void {
    this.#require(sessionId).session.setSpeed(speed);
  }

  #require(sessionId: string): Running {
    const running = this.#running.get(sessionId);
    if (running !== undefined) return running;
    const { state } = this.#options.stores.sessions.get(sessionId);
    throw new FrontierError(
      'CONFLICT',
      `Session ${sessionId} is ${state}.`,
      'Resume it, or start a new one.',
    );
  }

  /** What flatten would do, in the words of the consequence. */
  flattenPreview(): { positions: number; text: string } {
    return this.#flattener.preview();
  }

  /** Cancels waiting orders, closes every position at market, stops every session. One failure stops no other. */
  flattenAll(): Promise<FlattenAllOutcome> {
    return this.#flattener.all();
  }

  /** Ends the loop, also of a session that is being taken up just now, so that one broker object acts at a time. */
  async #haltForFlatten(record: SessionRecord): Promise<Broker> {
    await this.#opening.get(record.id)?.catch(() => undefined);
    const running = this.#running.get(record.id);
    await running?.session.halt('flatten');
    return running?.broker ?? this.#options.assembler.broker(record);
  }

  /** @throws FrontierError NOT_FOUND */
  snapshot(sessionId: string): SessionDto {
    const { sessions, deployments, journal } = this.#options.stores;
    const record = sessions.get(sessionId);
    return sessionOf(record, deployments.get(record.deploymentId), journal);
  }

  /** Wall-clock time since a running session's feed last delivered a bar; null before that and when it has ended. */
  feedAgeMs(sessionId: string): number | null {
    return this.#running.get(sessionId)?.session.feedAgeMs ?? null;
  }

  /** Newest first. */
  list(): SessionSummary[] {
    const { sessions, deployments, journal } = this.#options.stores;
    return sessions.list().map((record) => summaryOf(record, deployments.get(record.deploymentId), journal));
  }

  /** Resolves when the session's loop has ended; at once when it is not running. */
  async ended(sessionId: string): Promise<void> {
    await this.#running
      .get(sessionId)
      ?.session.run()
      .catch(() => undefined);
  }

  /** For the end of the engine: every loop ends after its bar, the sessions can be resumed later. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map(({ session }) => session.halt('interrupted').catch(() => undefined)),
    );
  }
}
