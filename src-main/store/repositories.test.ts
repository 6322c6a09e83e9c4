import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as rows from '../../tests/fixtures/records.ts';
import { openStores, type Stores } from './stores.ts';

describe('repositories', () => {
  let home: string;
  let stores: Stores;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-store-'));
    stores = openStores(home);
  });
  afterEach(() => {
    stores.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('data sets: saving again replaces, removing says whether there was one', () => {
    const record = { dataset: rows.dataset, quality: rows.quality, notes: ['times read as UTC'] };
    stores.datasets.save(record);
    stores.datasets.save({ ...record, dataset: { ...rows.dataset, bars: 6000 } });
    expect(stores.datasets.list().map((d) => d.bars)).toEqual([6000]);
    expect(stores.datasets.find('EURUSD', 'H1')?.quality).toEqual(rows.quality);
    expect(stores.datasets.remove('EURUSD', 'H1', 'bid')).toBe(true);
    expect(stores.datasets.remove('EURUSD', 'H1', 'bid')).toBe(false);
    expect(stores.datasets.find('EURUSD', 'H1')).toBeUndefined();
  });

  it('data sets: one per side, bid before mid before ask', () => {
    const save = (priceSide: 'bid' | 'ask' | 'mid', bars: number) =>
      stores.datasets.save({
        dataset: { ...rows.dataset, priceSide, bars },
        quality: rows.quality,
        notes: [],
      });
    save('ask', 1);
    expect(stores.datasets.find('EURUSD', 'H1')?.dataset.bars).toBe(1);
    save('mid', 2);
    save('bid', 3);
    expect(stores.datasets.find('EURUSD', 'H1')?.dataset.bars).toBe(3);
    expect(stores.datasets.find('EURUSD', 'H1', 'mid')?.dataset.bars).toBe(2);
    stores.datasets.remove('EURUSD', 'H1', 'bid');
    expect(stores.datasets.list().map((d) => d.priceSide)).toEqual(['ask', 'mid']);
    expect(stores.datasets.find('EURUSD', 'H1')?.dataset.bars).toBe(2);
  });

  it('changes: the newest first; one that goes on keeps its place, one that is undone makes way', () => {
    const change = {
      symbol: 'EURUSD',
      timeframe: 'H1',
      priceSide: 'bid',
      kind: 'import',
      summary: 'Imported.',
      detail: { rows: [1, 2] },
      versionBefore: null,
      versionAfter: 'v1',
      recordBefore: undefined,
      undoneMs: null,
    } as const;
    const record = { dataset: rows.dataset, quality: rows.quality, notes: ['note'] };
    stores.changes.add({ ...change, id: 'chg_0001', madeMs: 5 });
    stores.changes.add({ ...change, id: 'chg_0002', madeMs: 5, versionBefore: 'v1', recordBefore: record });
    stores.changes.add({ ...change, id: 'chg_0003', madeMs: 4, priceSide: 'ask' });
    expect(() => stores.changes.add({ ...change, id: 'chg_0001', madeMs: 9 })).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
    const ids = (filter = {}, limit = 10) => stores.changes.list(filter, limit).map((c) => c.id);
    expect(ids()).toEqual(['chg_0002', 'chg_0001', 'chg_0003']);
    expect(ids({ priceSide: 'ask' })).toEqual(['chg_0003']);
    expect(ids({ timeframe: 'M1' })).toEqual([]);
    expect(ids({}, 1)).toEqual(['chg_0002']);
    stores.changes.extend('chg_0001', { summary: 'More.', detail: null, versionAfter: 'v9' });
    expect(stores.changes.get('chg_0001')).toMatchObject({ summary: 'More.', versionAfter: 'v9', madeMs: 5 });
    expect(stores.changes.newest({ symbol: 'EURUSD', timeframe: 'H1', priceSide: 'bid' })).toEqual({
      ...change,
      id: 'chg_0002',
      madeMs: 5,
      versionBefore: 'v1',
      recordBefore: record,
    });
    stores.changes.markUndone('chg_0002', 7);
    expect(stores.changes.get('chg_0002').undoneMs).toBe(7);
    expect(stores.changes.newest({ symbol: 'EURUSD', timeframe: 'H1', priceSide: 'bid' })?.id).toBe(
      'chg_0001',
    );
    expect(() => stores.changes.markUndone('chg_9999', 1)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    );
  });

  it('drawings: kept by symbol in the order in which they were made, whatever changes later', () => {
    stores.drawings.save(rows.drawing('drw_0001'), 1);
    stores.drawings.save(rows.drawing('drw_0002'), 2);
    stores.drawings.save({ ...rows.drawing('drw_0003'), symbol: 'GBPUSD' }, 3);
    stores.drawings.save({ ...rows.drawing('drw_0001'), color: '#00ff00' }, 4);
    expect(stores.drawings.list('EURUSD').map((d) => [d.id, d.color])).toEqual([
      ['drw_0001', '#00ff00'],
      ['drw_0002', '#ff0000'],
    ]);
    expect(stores.drawings.find('drw_0002')).toEqual(rows.drawing('drw_0002'));
    expect(stores.drawings.remove('drw_0002')).toBe(true);
    expect(stores.drawings.remove('drw_0002')).toBe(false);
    expect(stores.drawings.find('drw_0002')).toBeUndefined();
  });

  it('training runs: the curve outlives updates, and a repeated step is replaced', () => {
    stores.trainingRuns.save(rows.trainingRun);
    stores.trainingRuns.appendCurve('run_0001', [
      { step: 5, train: 1, learningRate: 0.001 },
      { step: 10, train: 0.9, validation: 0.95 },
    ]);
    stores.trainingRuns.save({ ...rows.trainingRun, state: 'done', finalLoss: 0.8 });
    stores.trainingRuns.appendCurve('run_0001', [{ step: 10, train: 0.91 }]);
    const run = stores.trainingRuns.get('run_0001');
    expect(run).toMatchObject({ state: 'done', finalLoss: 0.8 });
    expect(run.curve).toEqual([
      { step: 5, train: 1, learningRate: 0.001 },
      { step: 10, train: 0.91, validation: 0.95 },
    ]);
    expect(stores.trainingRuns.list().map((r) => r.id)).toEqual(['run_0001']);
  });

  it('training runs: log and readings are bounded, and go with the run', () => {
    const runs = stores.trainingRuns;
    runs.save(rows.trainingRun);
    const line = (i: number) => ({ timeMs: i, level: 'info' as const, topic: 'batch', message: `line ${i}` });
    runs.appendLog(
      'run_0001',
      Array.from({ length: 2009 }, (_, i) => line(i)),
    );
    runs.appendLog('run_0001', [line(2009)]);
    const log = runs.log('run_0001');
    expect(log).toHaveLength(2000);
    expect(log[0]).toEqual({ timeMs: 10, level: 'info', topic: 'batch', message: 'line 10' });
    expect(log.at(-1)!.message).toBe('line 2009');
    const unknown = {
      utilization: null,
      memoryBytes: null,
      temperatureC: null,
      powerWatt: null,
      fanPct: null,
    };
    const reading = (step: number) =>
      ['cpu', 'cuda:0'].map((device) => ({ ...unknown, timeMs: step * 2000, step, device }));
    runs.appendReadings('run_0001', Array.from({ length: 2000 }, (_, i) => reading(i)).flat());
    expect(runs.readings('run_0001')).toHaveLength(4000);
    runs.appendReadings('run_0001', reading(2000));
    const readings = runs.readings('run_0001');
    expect(readings).toHaveLength(2002);
    expect(readings.flatMap(({ device, step }) => (device === 'cpu' ? [step] : []))).toEqual(
      Array.from({ length: 1001 }, (_, i) => 2 * i),
    );
    runs.remove('run_0001');
    expect([runs.log('run_0001'), runs.readings('run_0001')]).toEqual([[], []]);
    expect(() => runs.remove('run_0001')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('training runs: the list has thin curves that end with the last point', () => {
    const runs = stores.trainingRuns;
    runs.save(rows.trainingRun);
    const point = (step: number) => ({ step, train: 1 / step, gradientNorm: step, stepsPerSecond: 2 });
    runs.appendCurve(
      'run_0001',
      Array.from({ length: 1001 }, (_, i) => point(i + 1)),
    );
    expect(runs.get('run_0001').curve).toHaveLength(1001);
    const thin = runs.list()[0]!.curve;
    expect(thin.length).toBeGreaterThan(100);
    expect(thin.length).toBeLessThanOrEqual(200);
    expect(thin.at(-1)).toEqual(point(1001));
  });

  it('models: versions are unique, the latest wins', () => {
    stores.models.add(rows.model);
    expect(() => stores.models.add({ ...rows.model, id: 'mdl_0002' })).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
    stores.models.add({ ...rows.model, id: 'mdl_0002', version: 2 });
    expect(stores.models.latest('EURUSD', 'H1')?.id).toBe('mdl_0002');
    expect(stores.models.get('mdl_0001')).toEqual({ ...rows.model, pinned: false, present: true });
    expect(() => stores.models.get('mdl_9999')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('backtests: figures that trades could not support come back as undefined', () => {
    stores.models.add(rows.model);
    stores.backtests.add(rows.backtest);
    const read = stores.backtests.get('bt_0001');
    expect(read).toEqual(rows.backtest);
    expect(read.metrics.sharpe).toBeUndefined();
    expect(stores.backtests.list()[0]).not.toHaveProperty('trades');
  });

  it('studies: a generation is stored whole or not at all', () => {
    stores.models.add(rows.model);
    stores.studies.save(rows.study);
    const generation = {
      studyId: rows.study.id,
      trials: [rows.trial(1), rows.trial(2)],
      checkpoint: { generation: 1 },
    };
    stores.studies.appendGeneration({ ...generation, frontTrialIds: ['tri_0001'] });
    const clash = { ...rows.trial(2), id: 'tri_other' };
    const next = {
      studyId: rows.study.id,
      trials: [rows.trial(3), clash],
      checkpoint: { generation: 2 },
    };
    expect(() => stores.studies.appendGeneration({ ...next, frontTrialIds: [] })).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
    const study = stores.studies.get('stu_0001');
    expect(study.evaluations).toBe(2);
    expect(study.trials.map((t) => [t.number, t.onFront])).toEqual([
      [1, true],
      [2, false],
    ]);
    expect(stores.studies.checkpoint('stu_0001')).toEqual({ generation: 1 });
  });

  it('studies: the front moves with each generation', () => {
    stores.models.add(rows.model);
    stores.studies.save(rows.study);
    const first = {
      studyId: rows.study.id,
      trials: [rows.trial(1)],
      frontTrialIds: ['tri_0001'],
      checkpoint: 1,
    };
    stores.studies.appendGeneration(first);
    stores.studies.appendGeneration({ ...first, trials: [rows.trial(2)], frontTrialIds: ['tri_0002'] });
    expect(stores.studies.trials('stu_0001').map((t) => t.onFront)).toEqual([false, true]);
    expect(stores.studies.list()[0]).toMatchObject({ id: 'stu_0001', frontSize: 1 });
    expect(stores.studies.trial('stu_0001', 'tri_0002').genes).toEqual(rows.genes);
  });

  it('deployments: append only, and only for a model that exists', () => {
    expect(() => stores.deployments.add(rows.deployment)).toThrow(/FOREIGN KEY/);
    stores.models.add(rows.model);
    stores.deployments.add(rows.deployment);
    expect(stores.deployments.get('dep_0001')).toEqual(rows.deployment);
    expect(() => stores.db.exec("UPDATE deployments SET parameter_hash = 'x'")).toThrow(/append-only/);
  });

  it('sessions: a patch changes what it names', () => {
    stores.models.add(rows.model);
    stores.deployments.add(rows.deployment);
    stores.sessions.add(rows.sessionRecord('ses_0001'));
    const error = { code: 'INTERNAL' as const, message: 'm' };
    stores.sessions.update('ses_0001', { state: 'failed', error });
    expect(stores.sessions.get('ses_0001')).toEqual({
      ...rows.sessionRecord('ses_0001'),
      state: 'failed',
      error,
    });
    expect(stores.sessions.list()).toHaveLength(1);
  });

  it('settings: any JSON by name, checked when read', () => {
    stores.settings.set('ui.theme', { dark: true }, 1);
    expect(stores.settings.get('ui.theme', z.object({ dark: z.boolean() }))).toEqual({ dark: true });
    expect(() => stores.settings.get('ui.theme', z.string())).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    );
    stores.settings.set('ui.theme', undefined, 2);
    expect(stores.settings.all()).toEqual({});
  });

  it('reports: listed newest first', () => {
    const report = { path: 'reports/a.html', createdMs: 1, title: 'A', sources: { modelId: 'mdl_0001' } };
    stores.reports.add({ ...report, reportId: 'rep_0001' });
    stores.reports.add({ ...report, reportId: 'rep_0002', path: 'reports/b.html', createdMs: 2 });
    expect(stores.reports.list().map((r) => r.reportId)).toEqual(['rep_0002', 'rep_0001']);
    expect(stores.reports.get('rep_0001').path).toBe('reports/a.html');
  });

  it('a row spoilt on disk is named where it is read', () => {
    stores.models.add(rows.model);
    stores.db.exec(`UPDATE models SET body = '{"id": 5}'`);
    expect(() => stores.models.get('mdl_0001')).toThrow(/The stored model mdl_0001 cannot be read/);
  });
});
