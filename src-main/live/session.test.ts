import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionSchema } from '../../src-shared/contract/live.ts';
import type { OrderRequest } from '../../src-shared/trading/types.ts';
import {
  openWorld,
  stubSignal,
  WARMUP_BARS,
  type World,
  type WorldOptions,
} from '../../tests/fixtures/liveWorld.ts';
import { deployment, HOUR_MS } from '../../tests/fixtures/records.ts';
import { PaperBroker } from '../brokers/paper.ts';
import type { OrderReport, SubmitResult } from '../brokers/port.ts';

/** Loses answers or orders, once, at the n-th submit; or does not answer questions. */
class Faulty extends PaperBroker {
  mode: 'answer-lost' | 'order-lost' | 'order-lost-twice' | undefined;
  silent = false;
  submits = 0;

  override async submit(order: OrderRequest): Promise<SubmitResult> {
    this.submits += 1;
    const lost = this.mode === 'order-lost' || this.mode === 'order-lost-twice';
    if (lost) {
      this.mode = this.mode === 'order-lost-twice' ? 'order-lost' : undefined;
      throw new Error('connection reset');
    }
    const answer = await super.submit(order);
    if (this.mode !== 'answer-lost') return answer;
    this.mode = undefined;
    throw new Error('timed out');
  }

  override async orderStatus(id: string): Promise<OrderReport> {
    if (this.silent) throw new Error('maintenance');
    return super.orderStatus(id);
  }
}

describe('live session', () => {
  let home: string;
  let world: World | undefined;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-live-'));
  });
  afterEach(async () => {
    await world?.manager.close();
    world?.close();
    world = undefined;
    rmSync(home, { recursive: true, force: true });
  });
  const open = (options: Partial<WorldOptions> = {}): World => {
    world = openWorld({ home, bars: 120, ...options });
    return world;
  };
  const play = async (w: World): Promise<string> => {
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await w.manager.ended(id);
    return id;
  };
  /** A broker that misbehaves from its first order on. */
  const faulty = (
    prepare: (broker: Faulty) => void,
  ): { broker: () => Faulty; options: Partial<WorldOptions> } => {
    let made: Faulty | undefined;
    return {
      broker: () => made!,
      options: {
        broker: (o) => {
          made = new Faulty(o);
          prepare(made);
          return made;
        },
      },
    };
  };
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 5000 && !condition(); i++) await new Promise((resolve) => setImmediate(resolve));
    expect(condition()).toBe(true);
  };

  it('runs to the end of the feed: every bar decided, every order final, the snapshot as the contract says', async () => {
    const w = open();
    const id = await play(w);
    const dto = w.manager.snapshot(id);
    expect(sessionSchema.parse(dto)).toEqual(dto);
    expect(dto).toMatchObject({
      state: 'finished',
      decisions: 120,
      barsDone: 120,
      barsTotal: 120,
      unreconciled: [],
    });
    expect(dto.trades.length).toBeGreaterThan(5);
    expect(dto.fills.filter((f) => f.effect === 'close')).toHaveLength(dto.trades.length);
    const last = dto.orders.findLastIndex((o) => o.state === 'accepted');
    expect(last === -1 || last === dto.orders.length - 1).toBe(true);
    const booked = dto.fills.reduce((sum, f) => sum + f.grossProfit - f.commission, 0);
    expect(dto.balance).toBeCloseTo(10_000 + booked, 6);
    expect(dto.equityCurve.timeMs).toHaveLength(120);
    expect(w.manager.list()[0]).toMatchObject({ id, decisions: 120 });
  });

  it('JRN-3: an order is journaled as sent before it leaves', async () => {
    const seen: (string | undefined)[] = [];
    const w = open({
      broker: (o) =>
        new (class extends PaperBroker {
          override submit(order: OrderRequest): Promise<SubmitResult> {
            seen.push(w.stores.journal.orderState(order.clientOrderId));
            return super.submit(order);
          }
        })(o),
    });
    await play(w);
    expect(seen.length).toBeGreaterThan(5);
    expect(new Set(seen)).toEqual(new Set(['sent']));
  });

  it('JRN-6: order ids follow from session, bar and purpose', async () => {
    const w = open();
    const id = await play(w);
    for (const order of w.stores.journal.orders(id)) {
      const letter = order.request.purpose.kind === 'open' ? 'o' : 'c';
      expect(order.request.clientOrderId).toBe(`${id}-${order.barTimeMs.toString(36)}-${letter}`);
    }
  });

  it('REC-3: an answer that is lost is asked for; the order is neither lost nor doubled', async () => {
    const reference = open();
    const expected = reference.stores.journal.fills(await play(reference));
    reference.close();
    rmSync(home, { recursive: true, force: true });
    const fault = faulty((b) => {
      b.mode = 'answer-lost';
    });
    const w = open(fault.options);
    const id = await play(w);
    expect(w.manager.snapshot(id).state).toBe('finished');
    expect(w.stores.journal.fills(id)).toEqual(expected);
    const first = w.stores.journal.orders(id)[0]!;
    expect(w.stores.journal.orderHistory(first.request.clientOrderId).map((e) => e.state)).toEqual([
      'created',
      'sent',
      'unknown',
      'accepted',
      'filled',
    ]);
  });

  it('REC-4: an order that surely never arrived goes out once more under its own id', async () => {
    const fault = faulty((b) => {
      b.mode = 'order-lost';
    });
    const w = open(fault.options);
    const id = await play(w);
    const first = w.stores.journal.orders(id)[0]!;
    expect(first.state).toBe('filled');
    const fills = w.stores.journal.fills(id).filter((f) => f.clientOrderId === first.request.clientOrderId);
    expect(fills).toHaveLength(1);
  });

  it('REC-4: lost twice, the session holds until a person resumes, and then takes it as not executed', async () => {
    const fault = faulty((b) => {
      b.mode = 'order-lost-twice';
    });
    const w = open(fault.options);
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await until(() => w.manager.snapshot(id).unreconciled.length > 0);
    const held = w.manager.snapshot(id);
    expect(held.state).toBe('paused');
    expect(held.unreconciled[0]).toMatch(/did not reach the broker/);
    await w.manager.resume(id);
    await w.manager.ended(id);
    const dto = w.manager.snapshot(id);
    expect(dto).toMatchObject({ state: 'finished', decisions: 120, unreconciled: [] });
    expect(dto.orders[0]).toMatchObject({ state: 'cancelled', note: 'taken as not executed by a person' });
  });

  it('REC-2: while the broker does not say what became of an order, nothing more is traded', async () => {
    const fault = faulty((b) => {
      b.mode = 'answer-lost';
      b.silent = true;
    });
    const w = open(fault.options);
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await until(() => w.manager.snapshot(id).unreconciled.length > 0);
    expect(w.manager.snapshot(id).orders.map((o) => o.state)).toEqual(['unknown']);
    expect(fault.broker().submits).toBe(1);
    const before = w.manager.snapshot(id).decisions;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(w.manager.snapshot(id).decisions).toBe(before);
  });

  it('pauses before the next bar, resumes, and stops without touching the position', async () => {
    const w = open();
    let wanted: 'pause' | undefined = 'pause';
    w.manager.subscribe((id) => {
      if (wanted === undefined || w.stores.sessions.get(id).position === undefined) return;
      wanted = undefined;
      w.manager.pause(id);
    });
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await until(() => w.manager.snapshot(id).state === 'paused');
    const { decisions } = w.manager.snapshot(id);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(w.manager.snapshot(id).decisions).toBe(decisions);
    await w.manager.stop(id);
    const dto = w.manager.snapshot(id);
    expect(dto).toMatchObject({ state: 'stopped', decisions });
    expect(dto.position).toBeDefined();
    await expect(w.manager.resume(id)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('a model that fails ends the session visibly; it can go on from the bar that failed', async () => {
    let calls = 0;
    const predict = async (window: Float32Array) => {
      calls += 1;
      if (calls === 40) throw new Error('out of memory');
      return { signal: stubSignal(window) };
    };
    const w = open({ predict });
    const id = await play(w);
    expect(w.manager.snapshot(id)).toMatchObject({ state: 'failed', error: { message: 'out of memory' } });
    await w.manager.resume(id);
    await w.manager.ended(id);
    const dto = w.manager.snapshot(id);
    expect(dto).toMatchObject({ state: 'finished', decisions: 120 });
    expect(dto.error).toBeUndefined();
  });

  it('the event loop gets its turn while a replay runs at full speed', async () => {
    const w = open({ bars: 600, clock: { nowMs: () => performance.now() } });
    const id = await w.manager.start(deployment.id, { speed: 0 });
    const gaps: number[] = [];
    let last = performance.now();
    let over = false;
    void w.manager.ended(id).then(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      gaps.push(performance.now() - last);
      last = performance.now();
    }
    gaps.sort((a, b) => a - b);
    expect(gaps.length).toBeGreaterThan(20);
    expect(gaps[Math.floor(gaps.length * 0.5)]).toBeLessThan(15);
  });

  it('the last decided bar and the market time of log lines are those of the bars', async () => {
    const w = open();
    const id = await play(w);
    const dto = w.manager.snapshot(id);
    expect(dto.barTimeMs).toBe(w.bars.timeMs.at(-1));
    expect(dto.log.at(-1)!.timeMs).toBe(w.bars.timeMs.at(-1)! + HOUR_MS);
    expect(w.bars.timeMs[WARMUP_BARS]).toBe(w.stores.journal.decisions(id)[0]!.barTimeMs);
  });
});
