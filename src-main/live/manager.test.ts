import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bar } from '../../src-shared/market/bars.ts';
import type { OrderRequest } from '../../src-shared/trading/types.ts';
import { openWorld, stubSignal, type World, type WorldOptions } from '../../tests/fixtures/liveWorld.ts';
import { deployment } from '../../tests/fixtures/records.ts';
import { PaperBroker } from '../brokers/paper.ts';
import { PAPER_FILE } from '../brokers/paperLedger.ts';
import type { SubmitResult } from '../brokers/port.ts';
import { STATE_FILE } from '../store/database.ts';

describe('live manager', () => {
  const homes: string[] = [];
  let world: World | undefined;
  const newHome = (): string => {
    const home = mkdtempSync(join(tmpdir(), 'frontier-manager-'));
    homes.push(home);
    return home;
  };
  let home: string;
  beforeEach(() => {
    home = newHome();
  });
  afterEach(async () => {
    await leave();
    for (const folder of homes.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const open = (options: Partial<WorldOptions> = {}): World => {
    world = openWorld({ home, bars: 120, ...options });
    return world;
  };
  /** The engine ends in good order. */
  async function leave(): Promise<void> {
    await world?.manager.close();
    world?.close();
    world = undefined;
  }
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 5000 && !condition(); i++) await new Promise((resolve) => setImmediate(resolve));
    expect(condition()).toBe(true);
  };
  /** Starts and pauses as soon as the condition holds. */
  async function pausedWhen(w: World, condition: (id: string) => boolean, left?: string): Promise<string> {
    let done = false;
    const unsubscribe = w.manager.subscribe((id) => {
      if (done || w.stores.sessions.get(id).state !== 'running' || !condition(id)) return;
      done = true;
      w.manager.pause(id);
    });
    const id = left ?? (await w.manager.start(deployment.id, { speed: 0 }));
    if (left !== undefined) await w.manager.resume(left);
    await until(() => w.stores.sessions.get(id).state === 'paused');
    // Lets a bar in hand finish.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    unsubscribe();
    return id;
  }
  const inPosition = (w: World) => (id: string) => w.stores.sessions.get(id).position !== undefined;

  it('REC-9: a session whose engine ended is interrupted, visible with its position, and trades only when resumed', async () => {
    const first = open();
    const id = await pausedWhen(first, inPosition(first));
    const before = first.manager.snapshot(id);
    // As a kill leaves it: the row still says paused.
    first.close();
    world = undefined;
    const second = open();
    expect(second.manager.recover()).toEqual([id]);
    const left = second.manager.snapshot(id);
    expect(left.state).toBe('interrupted');
    expect(left.position).toEqual(before.position);
    expect(left.orders).toEqual(before.orders);
    expect(left.decisions).toBe(before.decisions);
    expect(() => second.manager.pause(id)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    await second.manager.resume(id);
    await second.manager.ended(id);
    expect(second.manager.snapshot(id)).toMatchObject({
      state: 'finished',
      decisions: 120,
      unreconciled: [],
    });
  });

  it('an engine that ends in good order leaves its sessions to be resumed', async () => {
    const first = open();
    const id = await pausedWhen(first, () => true);
    await leave();
    const second = open();
    expect(second.manager.recover()).toEqual([]);
    expect(second.manager.snapshot(id).state).toBe('interrupted');
  });

  it('JRN-7: flatten closes at the last price, stops the session, and journals all of it', async () => {
    const w = open();
    const id = await pausedWhen(w, inPosition(w));
    const { direction } = w.manager.snapshot(id).position!;
    const preview = w.manager.flattenPreview();
    expect(preview.positions).toBe(1);
    expect(preview.text).toMatch(
      new RegExp(`^Closes at market now: ${direction} .* lots of EURUSD \\(PAPER\\)`),
    );
    const outcome = await w.manager.flattenAll();
    expect(outcome).toMatchObject({ closedPositions: 1, stoppedSessions: 1, messages: [] });
    const dto = w.manager.snapshot(id);
    expect(dto).toMatchObject({ state: 'stopped', unrealised: 0, unreconciled: [] });
    expect(dto.position).toBeUndefined();
    expect(dto.fills.at(-1)).toMatchObject({ exitReason: 'flatten', effect: 'close' });
    expect(dto.trades.at(-1)).toMatchObject({ exitReason: 'flatten' });
    const order = dto.orders.at(-1)!;
    expect(order).toMatchObject({ reason: 'flatten', state: 'filled' });
    expect(w.stores.journal.orderHistory(order.clientOrderId).map((e) => e.state)).toEqual([
      'created',
      'sent',
      'filled',
    ]);
    const booked = dto.fills.reduce((sum, f) => sum + f.grossProfit - f.commission, 0);
    expect(dto.balance).toBeCloseTo(10_000 + booked, 6);
    expect(await w.manager.flattenAll()).toMatchObject({ closedPositions: 0, stoppedSessions: 0 });
    expect(w.manager.flattenPreview()).toEqual({
      positions: 0,
      text: 'Nothing is open and no session is running.',
    });
  });

  it('JRN-7: flatten cancels an order that waits for the next bar', async () => {
    const w = open();
    const waits = (id: string): boolean => w.stores.journal.openOrders(id)[0]?.state === 'accepted';
    const id = await pausedWhen(w, waits);
    expect(w.stores.journal.openOrders(id)).toHaveLength(1);
    expect(await w.manager.flattenAll()).toMatchObject({ cancelledOrders: 1, messages: [] });
    expect(w.manager.snapshot(id).orders.at(-1)?.state).toMatch(/cancelled|filled/);
    expect(w.stores.journal.openOrders(id)).toEqual([]);
  });

  it('JRN-7: flatten also closes what a stopped or an interrupted session left open', async () => {
    const first = open();
    const id = await pausedWhen(first, inPosition(first));
    await first.manager.stop(id);
    expect(first.manager.snapshot(id).position).toBeDefined();
    await leave();
    const second = open();
    second.manager.recover();
    expect(await second.manager.flattenAll()).toMatchObject({ closedPositions: 1, stoppedSessions: 0 });
    expect(second.manager.snapshot(id).position).toBeUndefined();
  });

  it('JRN-7: pressed twice while the session runs, flatten acts once', async () => {
    const w = open({ bars: 600 });
    const id = await w.manager.start(deployment.id, { speed: 0 });
    await until(() => w.stores.sessions.get(id).position !== undefined);
    const [first, second] = await Promise.all([w.manager.flattenAll(), w.manager.flattenAll()]);
    expect(second).toBe(first);
    expect(first.messages).toEqual([]);
    const dto = w.manager.snapshot(id);
    expect(dto).toMatchObject({ state: 'stopped', unreconciled: [] });
    expect(dto.decisions).toBeLessThan(600);
    expect(dto.position).toBeUndefined();
    expect(w.stores.journal.openOrders(id)).toEqual([]);
  });

  it('JRN-7: a broker that gives no answer to flatten is named, and flatten can be pressed again', async () => {
    let silent = true;
    const broker: WorldOptions['broker'] = (options) =>
      new (class extends PaperBroker {
        override async closeAll(orders: readonly OrderRequest[]): Promise<readonly SubmitResult[]> {
          if (!silent) return super.closeAll(orders);
          silent = false;
          throw new Error('timed out.');
        }
      })(options);
    const w = open({ broker });
    const id = await pausedWhen(w, inPosition(w));
    const failed = await w.manager.flattenAll();
    expect(failed).toMatchObject({ closedPositions: 0, stoppedSessions: 0 });
    expect(failed.messages[0]).toMatch(/could not be flattened: timed out. Check its position at the broker/);
    expect(w.manager.snapshot(id)).toMatchObject({ state: 'interrupted' });
    expect(w.manager.snapshot(id).orders.at(-1)).toMatchObject({ state: 'unknown' });
    expect(await w.manager.flattenAll()).toMatchObject({ closedPositions: 1, stoppedSessions: 1 });
    const dto = w.manager.snapshot(id);
    expect(dto.position).toBeUndefined();
    const flattens = dto.orders.filter((o) => o.reason === 'flatten');
    expect(flattens.map((o) => [o.clientOrderId.slice(-2), o.state])).toEqual([
      ['-f', 'cancelled'],
      ['f2', 'filled'],
    ]);
  });

  /** Trades on the first bars only, so that later bars pass without an event. */
  const quietAfter = (bars: number): WorldOptions['predict'] => {
    let calls = 0;
    return async (window) => ({ signal: calls++ < bars ? stubSignal(window) : 0 });
  };
  const quiet = quietAfter(0);
  const decided = (w: World, n: number) => (id: string) =>
    (w.stores.journal.lastDecision(id)?.number ?? 0) >= n;

  /** Data folders after 40 and after 60 bars, nothing having happened in between. */
  async function twoMoments(): Promise<{ id: string; early: string; late: string }> {
    const early = newHome();
    const first = open({ predict: quietAfter(20) });
    const id = await pausedWhen(first, decided(first, 40));
    expect(first.manager.snapshot(id).position).toBeUndefined();
    await leave();
    for (const file of [STATE_FILE, PAPER_FILE]) copyFileSync(join(home, file), join(early, file));
    const second = open({ predict: quiet });
    await pausedWhen(second, decided(second, 60), id);
    await leave();
    return { id, early, late: home };
  }

  it('JRN-8: after a power cut took the last quiet bars from the broker, it lives through them again', async () => {
    const { id, early, late } = await twoMoments();
    copyFileSync(join(early, PAPER_FILE), join(late, PAPER_FILE));
    const lived: number[] = [];
    const broker: WorldOptions['broker'] = (options) =>
      new (class extends PaperBroker {
        override onBar(bar: Bar): Promise<void> {
          lived.push(bar.timeMs);
          return super.onBar(bar);
        }
      })(options);
    const w = open({ predict: quiet, broker });
    const decidedMs = w.stores.journal.lastDecision(id)!.barTimeMs;
    await w.manager.resume(id);
    await w.manager.ended(id);
    expect(w.manager.snapshot(id)).toMatchObject({ state: 'finished', decisions: 120, unreconciled: [] });
    expect(lived[0]).toBeLessThan(decidedMs);
    const from = w.bars.timeMs.indexOf(lived[0]!);
    expect(lived).toEqual([...w.bars.timeMs.subarray(from)]);
  });

  it('REC-7: after a power cut took the last decisions, they are not made again with a later account', async () => {
    const { id, early, late } = await twoMoments();
    copyFileSync(join(early, STATE_FILE), join(late, STATE_FILE));
    const w = open({ predict: quiet });
    await w.manager.resume(id);
    await w.manager.ended(id);
    const dto = w.manager.snapshot(id);
    expect(dto).toMatchObject({ state: 'finished', unreconciled: [] });
    expect(dto.decisions).toBeGreaterThan(90);
    expect(dto.decisions).toBeLessThan(110);
    expect(dto.log.some((line) => line.message.includes('lost with the power'))).toBe(true);
  });

  it('REC-6: a broker whose memory was lost is noticed, and nothing is traded', async () => {
    const first = open();
    const id = await pausedWhen(first, inPosition(first));
    await leave();
    rmSync(join(home, PAPER_FILE));
    const second = open();
    await second.manager.resume(id);
    await until(() => second.manager.snapshot(id).state === 'paused');
    const held = second.manager.snapshot(id);
    expect(held.unreconciled.join(' ')).toMatch(/journal holds position .* which the broker does not have/);
    expect(held.unreconciled.join(' ')).toMatch(/balance is 10000.00, by the journal/);
  });

  it('an unknown deployment and an unknown session are named', async () => {
    const w = open();
    await expect(w.manager.start('dep_none', { speed: 0 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(() => w.manager.snapshot('ses_none')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    await expect(w.manager.stop('ses_none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
