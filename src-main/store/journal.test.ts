import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fill, newDecision, orderRequest } from '../../tests/fixtures/journalRows.ts';
import { deployment, HOUR_MS, model, START_MS, sessionRecord } from '../../tests/fixtures/records.ts';
import { openStores, type Stores } from './stores.ts';

const S = 'ses_0001';

describe('journal', () => {
  let home: string;
  let stores: Stores;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-journal-'));
    stores = openStores(home);
    stores.models.add(model);
    stores.deployments.add(deployment);
    stores.sessions.add(sessionRecord(S));
  });
  afterEach(() => {
    stores.close();
    rmSync(home, { recursive: true, force: true });
  });
  const withOrder = (id: string, bar = 0): void => {
    const request = orderRequest(id);
    const order = { request, barTimeMs: START_MS + bar * HOUR_MS, reason: 'signal' };
    stores.journal.recordDecision({ ...newDecision(S, bar), order });
  };

  it('JRN-1: what the journal holds can be neither changed nor removed', () => {
    withOrder('o1');
    stores.journal.recordExecutions(S, [fill('f1', '')], []);
    stores.journal.log(S, START_MS, 'info', 'hello');
    for (const table of ['decisions', 'orders', 'order_events', 'fills', 'session_log']) {
      expect(() => stores.db.exec(`DELETE FROM ${table}`), table).toThrow(/append-only/);
      expect(() => stores.db.exec(`UPDATE ${table} SET rowid = rowid`), table).toThrow();
    }
    expect(() => stores.db.exec("UPDATE fills SET body = '{}'")).toThrow(/append-only/);
    expect(() => stores.db.exec("UPDATE session_log SET message = ''")).toThrow(/append-only/);
  });

  it('JRN-2: one decision per bar; a second one changes nothing, its order included', () => {
    withOrder('o1');
    expect(() => withOrder('o2')).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    expect(stores.journal.decisions(S)).toHaveLength(1);
    expect(stores.journal.orders(S).map((o) => o.request.clientOrderId)).toEqual(['o1']);
  });

  it('JRN-2: signals that are not known come back as NaN, numbers exactly', () => {
    const entry = newDecision(S, 0);
    const decision = { ...entry.decision, signal: Number.NaN, atr: 0.1 + 0.2 };
    stores.journal.recordDecision({ ...entry, decision });
    expect(stores.journal.lastDecision(S)).toMatchObject({ signal: Number.NaN, atr: 0.1 + 0.2, number: 0 });
  });

  it('JRN-3: decision and order are one transaction: when the order id is taken, neither is written', () => {
    withOrder('o1', 0);
    expect(() => withOrder('o1', 1)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    expect(stores.journal.decisions(S)).toHaveLength(1);
    expect(stores.sessions.get(S).lastPrice).toBe(1.1);
  });

  it('JRN-4: an order goes through known states only and ends once', () => {
    withOrder('o1');
    const { journal } = stores;
    expect(() => journal.orderEvent('o1', 'accepted', 1)).toThrow(/is created and cannot become accepted/);
    expect(journal.orderEvent('o1', 'sent', 1)).toBe(true);
    expect(journal.orderEvent('o1', 'sent', 2)).toBe(false);
    journal.orderEvent('o1', 'unknown', 3, 'no answer');
    expect(journal.openOrders(S)).toHaveLength(1);
    journal.orderEvent('o1', 'rejected', 4, 'margin');
    expect(() => journal.orderEvent('o1', 'filled', 5)).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
    expect(journal.openOrders(S)).toEqual([]);
    expect(journal.orderHistory('o1').map((e) => e.state)).toEqual([
      'created',
      'sent',
      'unknown',
      'rejected',
    ]);
    expect(() => journal.orderEvent('never', 'sent', 1)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    );
  });

  it('JRN-5: a fill told twice is one fill, and fills its order', () => {
    withOrder('o1');
    const { journal } = stores;
    journal.orderEvent('o1', 'sent', 1);
    expect(journal.recordExecutions(S, [fill('f1', 'o1')], [])).toHaveLength(1);
    expect(journal.recordExecutions(S, [fill('f1', 'o1')], [])).toEqual([]);
    expect(journal.fills(S)).toEqual([fill('f1', 'o1')]);
    expect(journal.orderState('o1')).toBe('filled');
  });

  it('JRN-5: a known fill with other content is refused, with everything told along with it', () => {
    const { journal } = stores;
    journal.recordExecutions(S, [fill('f1', '')], []);
    const changed = { ...fill('f1', ''), price: 9 };
    expect(() => journal.recordExecutions(S, [fill('f2', ''), changed], [])).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    );
    expect(journal.fills(S).map((f) => f.fillId)).toEqual(['f1']);
  });

  it('JRN-5: a fill that crosses a cancel on the wire counts', () => {
    withOrder('o1');
    const { journal } = stores;
    journal.orderEvent('o1', 'sent', 1);
    journal.orderEvent('o1', 'cancelled', 2);
    journal.recordExecutions(S, [fill('f1', 'o1')], []);
    expect(journal.orderState('o1')).toBe('filled');
  });

  it('the equity curve is thinned evenly and keeps its end', () => {
    for (let i = 0; i < 101; i++) stores.journal.recordDecision(newDecision(S, i));
    const curve = stores.journal.equityCurve(S, 10);
    expect(curve.timeMs.length).toBeLessThanOrEqual(11);
    expect(curve.timeMs.at(-1)).toBe(START_MS + 100 * HOUR_MS);
    expect(stores.journal.equityCurve(S, 1000).equity).toHaveLength(101);
    expect(stores.journal.equityCurve('ses_none', 10)).toEqual({ timeMs: [], equity: [] });
  });

  it('log lines count from 1 and the newest are kept', () => {
    for (let i = 0; i < 5; i++) stores.journal.log(S, i, 'info', `line ${i}`);
    expect(stores.journal.logLines(S, 2).map((l) => [l.seq, l.message])).toEqual([
      [4, 'line 3'],
      [5, 'line 4'],
    ]);
  });
});
