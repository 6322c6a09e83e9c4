import { type ChildProcess, fork } from 'node:child_process';
import { FrontierError } from '../../src-shared/errors.ts';
import type { Answer, Order } from './parallelProtocol.ts';

/** Thrown inside the pool where a process is gone; it never leaves this folder. */
class Lost extends Error {}

type Answered = Omit<Answer, 'id' | 'error'>;

/** The coordinator's end of one worker process. */
class Member {
  readonly index: number;
  readonly #process: ChildProcess;
  #next = 0;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (e: Error) => void }>();
  lost: string | undefined;

  constructor(index: number, entry: string) {
    this.index = index;
    this.#process = fork(entry, [], {
      stdio: ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    this.#process.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.resolve(answer);
    });
    this.#process.on('error', (error) => this.#gone(error.message));
    this.#process.on('exit', (code, signal) =>
      this.#gone(signal ? `killed by ${signal}` : `ended with status ${code}`),
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  #gone(reason: string): void {
    this.lost ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new Lost(reason));
  }

  /** @throws Lost; FrontierError as the worker answers */
  async ask(order: Order): Promise<Answered> {
    if (this.lost !== undefined) throw new Lost(this.lost);
    const id = this.#next++;
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    // A channel that breaks is a process that ends: `exit` tells.
    this.#process.send({ id, order }, () => undefined);
    try {
      const { error, ...answer } = await answered;
      if (error) throw new FrontierError(error.code, error.message, error.hint);
      return answer;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Ends the process; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.lost !== undefined) return;
    const gone = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    await this.ask({ type: 'end' }).catch(() => this.#process.kill('SIGKILL'));
    await gone;
  }
}

/** A worker that is gone, with what was heard of its end. */
export interface LostWorker {
  /** From 0, as they were started. */
  readonly index: number;
  readonly reason: string;
  /** Workers that go on. */
  readonly left: number;
}

/** The worker processes of a run. Losing some of them is part of the plan; losing all is an error. */
export class WorkerPool {
  readonly #members: readonly Member[];
  readonly #onLost: (lost: LostWorker) => void;
  readonly #reported = new Set<Member>();

  constructor(entry: string, count: number, onLost: (lost: LostWorker) => void) {
    this.#members = Array.from({ length: count }, (_, index) => new Member(index, entry));
    this.#onLost = onLost;
  }

  get #alive(): readonly Member[] {
    return this.#members.filter((member) => member.lost === undefined);
  }

  get size(): number {
    return this.#alive.length;
  }

  get pids(): readonly (number | undefined)[] {
    return this.#members.map((member) => member.pid);
  }

  /** Tells the losses that were not told yet. */
  #report(): void {
    for (const member of this.#members) {
      if (member.lost === undefined || this.#reported.has(member)) continue;
      this.#reported.add(member);
      this.#onLost({ index: member.index, reason: member.lost, left: this.size });
    }
  }

  /**
   * Orders for several workers at once.
   * @returns the answers of those that still live, with the order each was given
   * @throws FrontierError as a worker answers, after all have answered; WORKER_LOST where none is left
   */
  async #askMany(orders: ReadonlyMap<Member, Order>): Promise<Map<Member, Answered>> {
    const asked = [...orders];
    const settled = await Promise.allSettled(asked.map(([member, order]) => member.ask(order)));
    const answers = new Map<Member, Answered>();
    let failure: unknown;
    settled.forEach((result, i) => {
      if (result.status === 'fulfilled') answers.set(asked[i]![0], result.value);
      else if (!(result.reason instanceof Lost)) failure ??= result.reason;
    });
    this.#report();
    if (failure !== undefined) throw failure;
    if (this.size === 0)
      throw new FrontierError(
        'WORKER_LOST',
        'every worker of the parallel run was lost',
        'They may have run out of memory: lower the batch or the number of devices. The run goes on from its checkpoint.',
      );
    return answers;
  }

  /** The same order to all, each with its own index in it where the order depends on that. */
  async askAll(order: Order | ((index: number) => Order)): Promise<Answered[]> {
    const of = typeof order === 'function' ? order : () => order;
    const answers = await this.#askMany(new Map(this.#alive.map((member) => [member, of(member.index)])));
    return [...answers.values()];
  }

  /** An order to one that lives. */
  async askOne(order: Order): Promise<Answered> {
    for (;;) {
      const [member] = this.#alive;
      const answers = await this.#askMany(member ? new Map([[member, order]]) : new Map());
      const [answer] = answers.values();
      if (answer) return answer;
    }
  }

  /**
   * Has pieces of work done by the workers: piece i by worker i as long as it lives, the pieces of lost ones by the
   * others in turn. A worker lost on the way has its pieces done again by those that are left.
   * @param order makes the order for some pieces; its answer has one `shards` entry per piece, in their order
   * @param heard is given every answer
   * @returns the `shards` entries by piece
   */
  async overPieces(
    count: number,
    order: (pieces: readonly number[]) => Order,
    heard: (answer: Answered) => void = () => undefined,
  ): Promise<NonNullable<Answer['shards']>[number][]> {
    const done = new Map<number, NonNullable<Answer['shards']>[number]>();
    while (done.size < count) {
      const pending = Array.from({ length: count }, (_, i) => i).filter((piece) => !done.has(piece));
      const assigned = this.#assign(pending);
      const orders = new Map([...assigned].map(([member, pieces]) => [member, order(pieces)]));
      const answers = await this.#askMany(orders);
      for (const [member, answer] of answers) {
        heard(answer);
        assigned.get(member)!.forEach((piece, i) => {
          done.set(piece, answer.shards![i]!);
        });
      }
    }
    return Array.from({ length: count }, (_, piece) => done.get(piece)!);
  }

  #assign(pieces: readonly number[]): Map<Member, number[]> {
    const alive = this.#alive;
    const assigned = new Map<Member, number[]>();
    let turn = 0;
    for (const piece of pieces) {
      const own = alive.find((member) => member.index === piece);
      const member = own ?? alive[turn++ % Math.max(1, alive.length)];
      if (member) assigned.set(member, [...(assigned.get(member) ?? []), piece]);
    }
    return assigned;
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()));
  }
}
