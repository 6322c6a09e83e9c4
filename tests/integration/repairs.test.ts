/** Repairs through the engine, its workers and the store; fetched again from a peer on this machine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { joinStretches } from '../../src-main/app/repairs.ts';
import { generateDemoMarket } from '../../src-main/data/demoMarket.ts';
import type { RepairStep } from '../../src-shared/contract/repairs.ts';
import { type BarColumns, barAt, barCount } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { MARK } from '../../src-shared/market/marks.ts';
import { oandaFixture } from '../peers/fixtures.ts';
import { cleanUp, cli, jsonOf, newFolder, openEngine } from '../support/engine.ts';
import { endOfRun } from '../support/engineWorld.ts';
import { engineWith, fetchAllOf } from '../support/fetchWorld.ts';

const REF = { symbol: 'EURUSD', timeframe: 'H1' } as const;
const demo = generateDemoMarket(3, { bars: 1200 }).bars;
const SPIKE = 500;
const GAP = [300, 301, 302, 303, 304, 305];

afterAll(cleanUp);

/** An engine with a stored history that has a spike and a gap. */
async function damagedWorld(): Promise<FrontierEngine> {
  const lines = ['time,open,high,low,close,volume'];
  for (let i = 0; i < barCount(demo); i++) {
    if (GAP.includes(i)) continue;
    const { timeMs, open, high, low, close, volume } = barAt(demo, i);
    const top = i === SPIKE ? high + 0.08 : high;
    lines.push([new Date(timeMs).toISOString(), open, top, low, close, volume].join(','));
  }
  const path = join(newFolder(), 'damaged.csv');
  writeFileSync(path, `${lines.join('\n')}\n`);
  const engine = await openEngine();
  for await (const _ of await engine.client.data.import({ source: { kind: 'path', path }, ...REF }));
  return engine;
}

const stored = ({ context }: FrontierEngine) => context.bars.loadMarked('EURUSD', 'H1');
const at = ({ timeMs }: BarColumns, time: number) => timeMs.indexOf(time);

describe('repairs of a stored history', { timeout: 60_000 }, () => {
  it('REP-8: does what was shown, marks it, logs it, and takes it back', async () => {
    const engine = await damagedWorld();
    const { data } = engine.client;
    const before = await stored(engine);
    const [listed] = await data.list();
    // A file cannot be asked again.
    expect(await data.repairs.choices(REF)).toEqual([
      { kind: 'bad_tick_spike', count: 1, actions: ['clip', 'drop'] },
      { kind: 'missing_block', count: 1, actions: ['fill'] },
    ]);
    const steps: RepairStep[] = [
      { action: 'clip', kind: 'bad_tick_spike' },
      { action: 'fill', kind: 'missing_block' },
    ];
    const preview = await data.repairs.preview({ ...REF, steps });
    expect(preview).toMatchObject({ dropped: 0, clipped: 1, filled: 6, refetched: 0, notes: [] });
    expect(preview.scoreAfter).toBeGreaterThan(preview.scoreBefore);
    expect(preview.scoreBefore).toBe(listed!.qualityScore);
    expect(await stored(engine)).toEqual(before);
    const { dataset, quality, changeId } = await data.repairs.apply({ ...REF, steps });
    expect(dataset).toMatchObject({ bars: 1200, markedBars: 7, qualityScore: preview.scoreAfter });
    expect(quality.issues.map((i) => [i.kind, i.count])).toEqual([
      ['filled_bars', 6],
      ['repaired_bars', 1],
    ]);
    const after = await stored(engine);
    for (const change of preview.changes) {
      expect(barAt(after.bars, at(after.bars, change.after!.timeMs))).toEqual(change.after);
    }
    expect(GAP.map((i) => after.marks[i])).toEqual(GAP.map(() => MARK.filled));
    expect(after.marks[SPIKE]).toBe(MARK.clipped);
    const [change] = await data.changes({ symbol: 'EURUSD' });
    expect(change).toMatchObject({ id: changeId, kind: 'repair', undoable: true });
    expect(change!.summary).toBe(
      'Repaired EURUSD H1 bid: bars 1 clipped, 6 filled (bad_tick_spike, missing_block).',
    );
    expect(engine.context.stores.changes.get(changeId).detail).toMatchObject({
      steps,
      clipped: 1,
      filled: 6,
      changes: preview.changes,
      changesLeftOut: 0,
    });
    const again = await data.undo({ changeId });
    expect(again?.dataHash).toBe(listed!.dataHash);
    expect(await stored(engine)).toEqual(before);
  });

  it('REP-8: the second of two repairs at once sees what the first left', async () => {
    const engine = await damagedWorld();
    const steps: RepairStep[] = [{ action: 'drop', kind: 'bad_tick_spike' }];
    const both = await Promise.allSettled(
      [1, 2].map(() => engine.client.data.repairs.apply({ ...REF, steps })),
    );
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((r) => r.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'BAD_INPUT' });
    expect(await engine.client.data.changes({ symbol: 'EURUSD' })).toHaveLength(2);
  });

  it('REP-5: refuses to ask again for what came from a file, and what changes nothing', async () => {
    const engine = await damagedWorld();
    const { repairs } = engine.client.data;
    const steps: RepairStep[] = [{ action: 'refetch', kind: 'missing_block' }];
    for (const call of [repairs.preview, repairs.apply]) {
      await expect(call({ ...REF, steps })).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining('came from a file'),
      });
    }
    const nothing: RepairStep[] = [{ action: 'clip', kind: 'bar', timeMs: demo.timeMs[100]! }];
    await expect(repairs.apply({ ...REF, steps: nothing })).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(repairs.choices({ ...REF, timeframe: 'M1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await engine.client.data.changes({ symbol: 'EURUSD' })).toHaveLength(1);
  });

  it('REP-5: asks the provider once for what is shown and then applied', async () => {
    const fixture = await oandaFixture('bid', 'H1', 20);
    try {
      const engine = await engineWith([fixture]);
      await fetchAllOf(engine, fixture);
      const { data } = engine.client;
      const whole = await stored(engine);
      const spans = (await engine.context.bars.find('EURUSD', 'H1'))!.spans;
      const lost = [200, 201, 202, 203, 204, 205, 250].map((i) => whole.bars.timeMs[i]!);
      const drop = lost.map((timeMs): RepairStep => ({ action: 'drop', kind: 'bar', timeMs }));
      await data.repairs.apply({ ...REF, steps: drop });
      const steps: RepairStep[] = [
        { action: 'refetch', kind: 'missing_block' },
        { action: 'refetch', kind: 'missing_scattered' },
      ];
      fixture.peer.requests.length = 0;
      const preview = await data.repairs.preview({ ...REF, steps });
      expect(preview.refetched).toBeGreaterThanOrEqual(lost.length);
      const asked = fixture.peer.requests.length;
      expect(asked).toBeGreaterThan(0);
      const { dataset } = await data.repairs.apply({ ...REF, steps });
      expect(fixture.peer.requests).toHaveLength(asked);
      expect(dataset).toMatchObject({ providerId: 'oanda', markedBars: preview.refetched });
      const after = await stored(engine);
      expect(after.bars).toEqual(whole.bars);
      const marked = lost.map((timeMs) => after.marks[at(after.bars, timeMs)]);
      expect(marked).toEqual(lost.map(() => MARK.refetched));
      // What the provider has answered for is not forgotten.
      expect((await engine.context.bars.find('EURUSD', 'H1'))!.spans).toEqual(spans);
    } finally {
      await fixture.peer.stop();
    }
  });

  it('REP-5: joins near stretches into requests, and asks for no more than a repair is meant for', () => {
    const stretch = (from: number, to: number) => ({ fromMs: from * 60_000, toMs: to * 60_000 });
    expect(joinStretches([stretch(900, 910), stretch(0, 10), stretch(400, 410)], 60_000)).toEqual([
      stretch(0, 910),
    ]);
    expect(joinStretches([stretch(0, 10), stretch(511, 520)], 60_000)).toHaveLength(2);
    const many = Array.from({ length: 51 }, (_, k) => stretch(1000 * k, 1000 * k + 1));
    expect(() => joinStretches(many, 60_000)).toThrow(/51 stretches/);
    expect(() => joinStretches([stretch(0, 100_001)], 60_000)).toThrow(/100001 bars/);
  });

  it('EXC-1: a model says how many samples touch repaired bars and were left out', async () => {
    const engine = await openEngine();
    const { data, training } = engine.client;
    for await (const _ of await data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
    const ref = { symbol: 'SYNFX', timeframe: 'H1' } as const;
    const { bars } = await engine.context.bars.loadMarked('SYNFX', 'H1');
    const drop = [1500, 1501].map(
      (i): RepairStep => ({ action: 'drop', kind: 'bar', timeMs: bars.timeMs[i]! }),
    );
    await data.repairs.apply({ ...ref, steps: drop });
    await data.repairs.apply({ ...ref, steps: [{ action: 'fill', kind: 'missing_scattered' }] });
    const trained = async (excludeRepaired: boolean) => {
      const settings = { ...ref, engine: 'cpu', epochs: 2, windowBars: 3, horizonBars: 4 } as const;
      const { runId } = await training.start({ ...settings, excludeRepaired });
      const { modelId, samplesLeftOut } = await endOfRun(engine, runId);
      const model = await training.model({ modelId: modelId! });
      expect(samplesLeftOut).toBe(model.samplesLeftOut);
      return model.samplesLeftOut;
    };
    // Two bars filled: the horizon reaches 4 ahead of the first, the window 2 behind the last.
    expect(await trained(true)).toBe(8);
    expect(await trained(false)).toBe(0);
  });

  it('shows and applies a repair from the command line', async () => {
    const engine = await damagedWorld();
    const { home } = engine.context;
    await engine.close();
    const repair = (...args: string[]) => cli(['data', 'repair', 'eurusd', 'h1', ...args, '--home', home]);
    const shown = await repair('--clip', 'bad_tick_spike', '--fill', 'missing_block');
    expect(shown.status).toBe(0);
    expect(shown.stdout).toMatch(/0 bars dropped, 1 clipped, 6 filled, 0 fetched again/);
    expect(shown.stdout).toContain('repeat the command with --apply');
    const at = new Date(demo.timeMs[SPIKE]!).toISOString();
    const done = jsonOf(await repair('--drop', 'bad_tick_spike', '--at', at, '--apply', '--json'));
    expect(done).toMatchObject({
      preview: { dropped: 1, clipped: 0, filled: 0, refetched: 0 },
      applied: { changeId: expect.stringMatching(/^chg_/), markedBars: 0 },
    });
    const quality = jsonOf(await cli(['data', 'quality', 'EURUSD', 'H1', '--json', '--home', home]));
    expect(quality).toMatchObject({ rows: 1193, issuesLeftOut: 0 });
    expect(quality.issues).toContainEqual({
      kind: 'missing_block',
      timestamp: new Date(demo.timeMs[GAP[0]!]!).toISOString().replace('.000Z', 'Z'),
      line: null,
      detail: expect.stringContaining('6 bars are missing'),
    });
    expect((await repair()).status).toBe(2);
    expect((await repair('--drop', 'bar', '--at', 'noon')).status).toBe(2);
  });

  it('COV-1: counts bars, expected bars and marks by month', async () => {
    const engine = await damagedWorld();
    const { data } = engine.client;
    await data.repairs.apply({ ...REF, steps: [{ action: 'clip', kind: 'bad_tick_spike' }] });
    const coverage = await data.coverage(REF);
    const { bars, marks } = await stored(engine);
    expect(coverage.months.map((m) => m.bars).reduce((a, b) => a + b)).toBe(1194);
    for (const month of coverage.months) {
      const next = new Date(month.monthMs);
      next.setUTCMonth(next.getUTCMonth() + 1);
      const rows = [...bars.timeMs.keys()].filter(
        (i) => bars.timeMs[i]! >= month.monthMs && bars.timeMs[i]! < next.getTime(),
      );
      expect(month.bars).toBe(rows.length);
      expect(month.marked).toBe(rows.filter((i) => marks[i] !== MARK.none).length);
    }
    const calendar = calendarOf({ calendar: 'fx' });
    const expected = coverage.months.map((m) => m.expected).reduce((a, b) => a + b);
    expect(expected).toBe(calendar.expectedBars(bars.timeMs[0]!, bars.timeMs.at(-1)! + 3_600_000, 'H1'));
    expect(expected).toBe(1200);
  });
});
