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

  it('models: versions are unique, the latest wins', () => {
    stores.models.add(rows.model);
    expect(() => stores.models.add({ ...rows.model, id: 'mdl_0002' })).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
    stores.models.add({ ...rows.model, id: 'mdl_0002', version: 2 });
    expect(stores.models.latest('EURUSD', 'H1')?.id).toBe('mdl_0002');
    expect(stores.models.get('mdl_0001')).toEqual(rows.model);
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
