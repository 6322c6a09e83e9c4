import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  dataset,
  deployment,
  drawing,
  headline,
  model,
  newsEvent,
  quality,
  sessionRecord,
} from '../../tests/fixtures/records.ts';
import { openSqlite, openStateDatabase, STATE_FILE } from './database.ts';
import type { Migration } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { openStores } from './stores.ts';

const one: Migration = {
  id: 1,
  name: 'one',
  sql: 'CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);',
};
const two: Migration = { id: 2, name: 'two', sql: 'ALTER TABLE a ADD COLUMN y INTEGER;' };

describe('state database', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-db-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const file = (): string => join(home, 'x.sqlite');

  it('MIG-1: pending migrations run once and are recorded', () => {
    openSqlite(file(), [one]).close();
    const db = openSqlite(file(), [one, two]);
    expect(db.prepare('SELECT id, name FROM schema_migrations').all()).toEqual([
      { id: 1, name: 'one' },
      { id: 2, name: 'two' },
    ]);
    expect(db.prepare('SELECT count(*) AS n FROM a').get()).toEqual({ n: 1 });
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    db.close();
  });

  it('MIG-2: a failing migration leaves schema, rows and history as they were', () => {
    openSqlite(file(), [one]).close();
    const bad: Migration = { id: 3, name: 'bad', sql: 'DROP TABLE a; CREATE TABLE b (x); SELECT nonsense;' };
    expect(() => openSqlite(file(), [one, two, bad])).toThrow(/Migration 3 \(bad\) of x.sqlite failed/);
    const db = openSqlite(file(), [one]);
    expect(db.prepare('SELECT * FROM a').all()).toEqual([{ x: 1 }]);
    expect(db.prepare('SELECT count(*) AS n FROM schema_migrations').get()).toEqual({ n: 1 });
    db.close();
  });

  it('MIG-3: a database of a newer Frontier is refused', () => {
    openSqlite(file(), [one, two]).close();
    expect(() => openSqlite(file(), [one])).toThrow(
      /newer Frontier \(schema 2; this one knows schemas up to 1\)/,
    );
  });

  it('MIG-4: a database with another history is refused', () => {
    openSqlite(file(), [one]).close();
    expect(() => openSqlite(file(), [{ ...one, name: 'other' }])).toThrow(/records migration 1 as "one"/);
  });

  it('MIG-5: a file that is no database is refused as corrupt and stays as it is', () => {
    writeFileSync(file(), 'this is not a database, '.repeat(100));
    expect(() => openSqlite(file(), [one])).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });

  it('MIG-6: the database of schema 1 opens and holds its rows', () => {
    copyFileSync(join(import.meta.dirname, '../../tests/fixtures/schema-1.sqlite'), join(home, STATE_FILE));
    const stores = openStores(home);
    expect(stores.models.get(model.id)).toEqual({ ...model, pinned: false, present: true });
    // Sides, marks and providers came later: the row has what they were before there were any.
    expect(stores.datasets.list()).toEqual([dataset]);
    expect(stores.datasets.find('EURUSD', 'H1', 'bid')?.quality).toEqual(quality);
    expect(stores.datasets.find('EURUSD', 'H1', 'ask')).toBeUndefined();
    expect(stores.changes.list({}, 10)).toEqual([]);
    expect(stores.deployments.get(deployment.id)).toEqual(deployment);
    expect(stores.sessions.get('ses_fixture')).toEqual(sessionRecord('ses_fixture'));
    expect(stores.journal.orders('ses_fixture').map((o) => o.state)).toEqual(['filled']);
    expect(stores.journal.fills('ses_fixture')).toHaveLength(1);
    const applied = stores.db.prepare('SELECT count(*) AS n FROM schema_migrations').get();
    expect(applied).toEqual({ n: MIGRATIONS.length });
    stores.close();
  });

  it('MIG-6: the database of schema 4 opens and holds its changes, news and drawings', () => {
    copyFileSync(join(import.meta.dirname, '../../tests/fixtures/schema-4.sqlite'), join(home, STATE_FILE));
    const stores = openStores(home);
    expect(stores.datasets.list()).toEqual([dataset]);
    expect(stores.changes.get('chg_fixture')).toMatchObject({
      kind: 'repair',
      versionBefore: '1',
      versionAfter: '2',
      recordBefore: { dataset, quality, notes: ['times read as UTC'] },
    });
    const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 10 };
    expect(stores.news.events(all)).toEqual([newsEvent('evt_fixture', 0)]);
    expect(stores.news.headlines(all)).toEqual([headline('hdl_fixture', 1)]);
    expect(stores.drawings.list('EURUSD')).toEqual([drawing('drw_fixture')]);
    stores.close();
  });

  it('MIG-6: the database of schema 6 opens and holds its runs, pins and intervals', () => {
    copyFileSync(join(import.meta.dirname, '../../tests/fixtures/schema-6.sqlite'), join(home, STATE_FILE));
    const stores = openStores(home);
    expect(stores.models.get(model.id)).toEqual({ ...model, pinned: true, present: true });
    const { id } = stores.trainingRuns.list()[0]!;
    expect(stores.trainingRuns.get(id).curve).toEqual([
      { step: 1, train: 0.5, validation: 0.6, learningRate: 0.001, gradientNorm: 2, stepsPerSecond: 900 },
    ]);
    expect(stores.trainingRuns.log(id)).toMatchObject([{ level: 'decision', topic: 'engine' }]);
    const columns = stores.db.prepare('PRAGMA table_info(decisions)').all() as { name: string }[];
    expect(columns.map((c) => c.name)).toEqual(expect.arrayContaining(['lower', 'upper', 'judged']));
    stores.close();
  });

  it('opening twice is harmless', () => {
    openStateDatabase(home).close();
    const db = openStateDatabase(home);
    expect(db.prepare('SELECT count(*) AS n FROM schema_migrations').get()).toEqual({ n: MIGRATIONS.length });
    db.close();
  });
});
