import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { MARK } from '../../src-shared/market/marks.ts';
import { cleanUp, newFolder } from '../support/engine.ts';
import { endOfSession, endOfStudy, engineOn, makeWorld, type World } from '../support/engineWorld.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const POLICY = { impact: 'high', beforeMin: 60, afterMin: 240 } as const;

describe('entries that news forbid, through the whole engine', () => {
  let world: World;
  let engine: FrontierEngine;
  beforeAll(async () => {
    world = await makeWorld();
    engine = await engineOn(world);
    const [dataset] = await engine.client.data.list();
    const { fromMs, toMs } = dataset!;
    // A dollar event at 12:00 UTC on every day of the history.
    const rows = ['date,time,currency,impact,event'];
    for (let day = Math.ceil(fromMs / DAY_MS) * DAY_MS; day <= toMs; day += DAY_MS)
      rows.push(`${new Date(day).toISOString().slice(0, 10)},12:00,USD,high,Noon`);
    const path = join(newFolder(), 'noon.csv');
    writeFileSync(path, `${rows.join('\n')}\n`);
    await engine.client.news.import({ source: { kind: 'path', path } });
  }, 180_000);
  afterAll(cleanUp);

  const inWindow = (timeMs: number): boolean => {
    const hour = (timeMs % DAY_MS) / HOUR_MS;
    return hour >= 11 && hour < 16;
  };

  it('ORD-21: a backtest without rules is what it was before there were news', async () => {
    const { client } = engine;
    const plain = await client.backtest.run({ modelId: world.modelId });
    const unblocked = await client.backtest.run({
      modelId: world.modelId,
      blackout: { ...POLICY, beforeMin: 0, afterMin: 0 },
    });
    expect(plain.blackout).toBeUndefined();
    expect(plain.blockedEntries).toBeUndefined();
    expect(unblocked.trades).toEqual(plain.trades);
    expect(plain.trades.some((t) => inWindow(t.entryTimeMs))).toBe(true);
    const excluding = await client.backtest.run({ modelId: world.modelId, excludeRepaired: true });
    expect(excluding.parameterHash).toBe(plain.parameterHash);
    const including = await client.backtest.run({ modelId: world.modelId, excludeRepaired: false });
    expect(including.parameterHash).not.toBe(plain.parameterHash);
  }, 60_000);

  it('ORD-20: a backtest with a blackout opens nothing inside of it, and says how many entries that cost', async () => {
    const masked = await engine.client.backtest.run({ modelId: world.modelId, blackout: POLICY });
    expect(masked.trades.length).toBeGreaterThan(5);
    expect(masked.trades.filter((t) => inWindow(t.entryTimeMs))).toEqual([]);
    expect(masked.blockedEntries).toBeGreaterThan(0);
    const stored = await engine.client.backtest.get({ backtestId: masked.id });
    expect(stored).toMatchObject({ blackout: POLICY, blockedEntries: masked.blockedEntries });
  }, 60_000);

  it('ORD-20: bars that are marked as repaired are left out unless they are allowed', async () => {
    const marked = await engineOn(world);
    const { bars } = marked.context;
    const [stored] = await bars.list();
    const history = await bars.load(stored!.symbol, stored!.timeframe);
    const hourOf = (timeMs: number): number => (timeMs % DAY_MS) / HOUR_MS;
    const marks = Uint8Array.from(history.timeMs, (timeMs) =>
      hourOf(timeMs) < 12 ? MARK.filled : MARK.none,
    );
    const saved = await bars.save(stored!, history, { marks });
    expect(saved.dataHash).toBe(stored!.dataHash);
    const plain = await engine.client.backtest.run({ modelId: world.modelId });
    const without = await marked.client.backtest.run({ modelId: world.modelId });
    // An order fills an hour after the open of the bar that it was decided on.
    expect(without.trades.filter((t) => hourOf(t.entryTimeMs - HOUR_MS) < 12)).toEqual([]);
    expect(without.blockedEntries).toBeGreaterThan(0);
    expect(without.parameterHash).toBe(plain.parameterHash);
    const allowed = await marked.client.backtest.run({ modelId: world.modelId, excludeRepaired: false });
    expect(allowed.trades).toEqual(plain.trades);
  }, 60_000);

  it('tells how long ago the feed of a running session delivered a bar', async () => {
    const { client } = engine;
    const { sessionId } = await client.live.start({ deploymentId: world.deploymentId, speed: 4 });
    const seen: (number | null | undefined)[] = [];
    for await (const status of await client.system.status()) {
      seen.push(status.live?.feedAgeMs);
      if (typeof seen.at(-1) === 'number' || seen.length > 40) break;
    }
    expect(seen.at(-1)).toBeGreaterThanOrEqual(0);
    expect(seen.at(-1)).toBeLessThan(5000);
    await client.live.stop({ sessionId });
    expect(engine.context.live.feedAgeMs(sessionId)).toBeNull();
  }, 60_000);

  it('ORD-20: study, point, deployment and session follow the same rules, and the session is as the backtest', async () => {
    const { client } = engine;
    const { studyId } = await client.optimize.start({
      modelId: world.modelId,
      evaluations: 80,
      minTrades: 5,
      blackout: POLICY,
    });
    const study = await endOfStudy(engine, studyId);
    expect(study.input.blackout).toEqual(POLICY);
    const trialId = study.recommendedTrialId!;
    const point = await client.optimize.point({ studyId, trialId });
    const deployment = await client.live.deploy({ studyId, trialId });
    expect(deployment.blackout).toEqual(POLICY);
    expect(deployment.parameterHash).toBe(point.parameterHash);
    const { sessionId } = await client.live.start({ deploymentId: deployment.id, speed: 0 });
    const session = await endOfSession(engine, sessionId);
    expect(session.state).toBe('finished');
    expect(session.fills.filter((f) => f.effect === 'open' && inWindow(f.timeMs))).toEqual([]);
    const decisions = engine.context.stores.journal.decisions(sessionId);
    const blocked = decisions.filter((d) => d.explanation.startsWith('No entry: news until'));
    expect(blocked.length).toBeGreaterThan(0);
    expect(blocked[0]!.explanation).toContain('USD Noon (high impact)');
    // What the session was told is kept, so that news that change later change nothing.
    const kept = readdirSync(join(engine.context.home, 'blackouts'));
    expect(kept).toHaveLength(2);
    expect(kept).toContain(`${studyId}.json`);
    await client.news.removeSource({ source: 'file noon.csv' });
    expect((await client.optimize.point({ studyId, trialId })).optimisation).toEqual(point.optimisation);
    const adherence = await client.live.adherence({ sessionId });
    expect(adherence).toMatchObject({ decisionsEqual: decisions.length, differences: [] });
    expect(adherence.fillsEqual).toBe(adherence.fillsCompared);
    const { live } = engine.context;
    expect(live.feedAgeMs(sessionId)).toBeNull();
  }, 120_000);
});
