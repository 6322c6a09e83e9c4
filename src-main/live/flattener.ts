/** Flatten & stop over every session of the engine, running or not. */
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import type { Broker } from '../brokers/port.ts';
import type { SessionRecord } from '../store/sessions.ts';
import type { Stores } from '../store/stores.ts';
import { Bookkeeper } from './bookkeeper.ts';
import { type FlattenOutcome, flattenAccount } from './flatten.ts';
import { reconcile } from './reconcile.ts';
import { ALIVE } from './types.ts';

/** What happened to every account. */
export interface FlattenAllOutcome extends FlattenOutcome {
  readonly stoppedSessions: number;
}

export interface FlattenerOptions {
  readonly stores: Pick<Stores, 'sessions' | 'deployments' | 'journal'>;
  readonly clock: Clock;
  /** Ends the session's loop, if it has one, and gives its account. */
  readonly halt: (record: SessionRecord) => Promise<Broker>;
  readonly onChange: (sessionId: string) => void;
}

/** Neither stopped, finished nor failed. */
function isUnderWay({ state }: SessionRecord): boolean {
  return ALIVE.includes(state) || state === 'interrupted';
}

/** Closes what is open, whoever opened it. */
export class Flattener {
  readonly #options: FlattenerOptions;
  #inProgress: Promise<FlattenAllOutcome> | undefined;

  constructor(options: FlattenerOptions) {
    this.#options = options;
  }

  /** Sessions that flatten would touch: under way, or with a position left open. */
  #exposed(): SessionRecord[] {
    return this.#options.stores.sessions.list().filter((s) => isUnderWay(s) || s.position !== undefined);
  }

  /** What flatten would do, in the words of the consequence. */
  preview(): { positions: number; text: string } {
    const exposed = this.#exposed();
    if (exposed.length === 0) return { positions: 0, text: 'Nothing is open and no session is running.' };
    const open = exposed.flatMap(({ position, venue, badge }) =>
      position === undefined
        ? []
        : [`${position.direction} ${position.volumeLots} lots of ${venue.instrument.symbol} (${badge})`],
    );
    const ending = exposed.filter(isUnderWay).length;
    const closing = open.length === 0 ? 'No position is open.' : `Closes at market now: ${open.join('; ')}.`;
    const stopping = ending === 1 ? 'Stops 1 session' : `Stops ${ending} sessions`;
    return { positions: open.length, text: `${closing} ${stopping} and cancels waiting orders.` };
  }

  /** One failure stops no other. Pressed twice, it runs once: two at a time could close a position twice. */
  all(): Promise<FlattenAllOutcome> {
    this.#inProgress ??= this.#all().finally(() => {
      this.#inProgress = undefined;
    });
    return this.#inProgress;
  }

  async #all(): Promise<FlattenAllOutcome> {
    let closedPositions = 0;
    let cancelledOrders = 0;
    let stoppedSessions = 0;
    const messages: string[] = [];
    for (const record of this.#exposed()) {
      try {
        const outcome = await this.#one(record);
        closedPositions += outcome.closedPositions;
        cancelledOrders += outcome.cancelledOrders;
        messages.push(...outcome.messages);
        if (isUnderWay(record)) stoppedSessions += 1;
      } catch (error) {
        messages.push(this.#couldNot(record.id, error));
      }
    }
    return { closedPositions, cancelledOrders, stoppedSessions, messages };
  }

  /** The loop has ended, the position may be open: the session can be resumed or flattened again. */
  #couldNot(sessionId: string, error: unknown): string {
    const { sessions, journal } = this.#options.stores;
    const why = error instanceof Error ? error.message : String(error);
    const message = `Session ${sessionId} could not be flattened: ${why} Check its position at the broker.`;
    const record = sessions.get(sessionId);
    if (isUnderWay(record)) sessions.update(sessionId, { state: 'interrupted' });
    journal.log(sessionId, this.#marketMs(record), 'error', message);
    this.#options.onChange(sessionId);
    return message;
  }

  #marketMs(record: SessionRecord): number {
    const { journal, deployments } = this.#options.stores;
    const decidedMs = journal.lastDecision(record.id)?.barTimeMs;
    if (decidedMs === undefined) return record.source.fromMs;
    return decidedMs + timeframeMs(deployments.get(record.deploymentId).timeframe);
  }

  async #one(exposed: SessionRecord): Promise<FlattenOutcome> {
    const { stores, clock, halt, onChange } = this.#options;
    const { sessions, journal } = stores;
    const broker = await halt(exposed);
    await broker.connect();
    const record = sessions.get(exposed.id);
    const marketMs = this.#marketMs(record);
    const books = new Bookkeeper({
      journal,
      sessionId: record.id,
      digits: record.venue.instrument.digits,
      marketMs: () => marketMs,
      onChange: () => onChange(record.id),
    });
    const input = { record, journal, broker, books, marketMs };
    const { unreconciled } = await reconcile(input);
    const outcome = await flattenAccount(input);
    const { balance, equity } = await broker.account();
    const [left] = (await broker.positions()).filter((p) => p.symbol === record.venue.instrument.symbol);
    sessions.update(record.id, {
      state: record.state === 'finished' ? 'finished' : 'stopped',
      endedMs: record.endedMs ?? clock.nowMs(),
      balance,
      equity,
      position: left,
      unreconciled,
    });
    onChange(record.id);
    return { ...outcome, messages: [...unreconciled, ...outcome.messages] };
  }
}
