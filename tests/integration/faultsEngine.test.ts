import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import type { SessionDto } from '../../src-shared/contract/live.ts';
import {
  cleanUp,
  cli,
  copyOf,
  descendantsOf,
  type HostProcess,
  isAlive,
  jsonOf,
  openEngine,
  reach,
  startHostProcess,
  until,
} from '../support/engine.ts';
import { endOfSession, engineOn, makeWorld, untilPositionHeld, type World } from '../support/engineWorld.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
afterAll(cleanUp);

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

async function killHard(host: HostProcess): Promise<void> {
  host.child.kill('SIGKILL');
  expect((await host.ended).signal).toBe('SIGKILL');
}

const withoutIds = <T extends object>(rows: readonly T[]): unknown[] =>
  rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => !/id$/i.test(key) && key !== 'note')),
  );

/** What a session did, without the identifiers that differ from one session to the next. */
function journalOf(engine: FrontierEngine, session: SessionDto) {
  return {
    state: session.state,
    balance: session.balance,
    equity: session.equity,
    barsDone: session.barsDone,
    unreconciled: session.unreconciled,
    decisions: withoutIds(engine.context.stores.journal.decisions(session.id)),
    orders: withoutIds(session.orders),
    fills: withoutIds(session.fills),
    trades: withoutIds(session.trades),
    equityCurve: session.equityCurve,
  };
}

const positionOf = ({ position }: SessionDto): unknown =>
  position === undefined ? undefined : withoutIds([position])[0];

/** Starts a session in a host, waits until it holds a position, and kills the host. */
async function killWithPosition(home: string, sessionId?: string): Promise<{ id: string; seen: SessionDto }> {
  const host = await startHostProcess(home);
  const { client } = await reach(host.port, host.token);
  let id = sessionId;
  if (id === undefined)
    ({ sessionId: id } = await client.live.start({ deploymentId: world.deploymentId, speed: 60 }));
  else await client.live.resume({ sessionId: id });
  const before = (await client.live.get({ sessionId: id })).barsDone;
  await client.live.setSpeed({ sessionId: id, speed: 100 });
  await until('a bar went by', async () => (await client.live.get({ sessionId: id })).barsDone > before);
  const seen = await untilPositionHeld(client, id);
  await killHard(host);
  return { id, seen };
}

describe('the engine killed during a paper session', () => {
  let reference: ReturnType<typeof journalOf>;

  beforeAll(async () => {
    const engine = await engineOn(world);
    const { sessionId } = await engine.client.live.start({ deploymentId: world.deploymentId });
    const session = await endOfSession(engine, sessionId);
    expect(session.state).toBe('finished');
    expect(session.trades.length).toBeGreaterThan(3);
    reference = journalOf(engine, session);
    await engine.close();
  });

  it('comes back with position and orders intact, and ends as if nothing had happened', async () => {
    const home = copyOf(world.home);
    const { id, seen } = await killWithPosition(home);
    // Killed a second time, after a resume: recovery itself must survive it.
    await killWithPosition(home, id);

    const engine = await openEngine(home);
    const back = await engine.client.live.get({ sessionId: id });
    expect(back.state).toBe('interrupted');
    expect(back.barsDone).toBeGreaterThan(seen.barsDone);
    expect(back.barsDone).toBeLessThan(back.barsTotal);
    const { decisions, orders, fills } = journalOf(engine, back);
    expect(decisions).toEqual(reference.decisions.slice(0, decisions.length));
    expect(orders).toEqual(reference.orders.slice(0, orders.length));
    expect(fills).toEqual(reference.fills.slice(0, fills.length));
    expect(orders.length).toBeGreaterThanOrEqual(seen.orders.length);
    expect(positionOf(back), 'the position is known').toBeDefined();
    const { live } = await statusOf(engine);
    expect(live).toMatchObject({ sessionId: id, state: 'interrupted', openPositions: 1, badge: 'PAPER' });

    await engine.client.live.resume({ sessionId: id });
    await engine.client.live.setSpeed({ sessionId: id, speed: 0 });
    const session = await endOfSession(engine, id);
    expect(journalOf(engine, session)).toEqual(reference);
    const ids = session.orders.map((o) => o.clientOrderId);
    expect(new Set(ids).size).toBe(ids.length);
    const { differences, decisionsEqual } = await engine.client.live.adherence({ sessionId: id });
    expect(differences).toEqual([]);
    expect(decisionsEqual).toBe(reference.decisions.length);
    await engine.close();
  });

  it('can be resumed from the command line, which follows it to its end', async () => {
    const home = copyOf(world.home);
    const { id } = await killWithPosition(home);
    const ended = await cli(['live', 'resume', id, '--speed', '0', '--json', '--home', home]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(jsonOf(ended)).toMatchObject({ id, state: 'finished', balance: reference.balance });
  });

  it('can be flattened before it is resumed', async () => {
    const home = copyOf(world.home);
    const { id } = await killWithPosition(home);
    const engine = await openEngine(home);
    expect(await engine.client.live.flattenPreview()).toMatchObject({
      positions: 1,
      text: expect.stringMatching(/Closes at market now: (long|short) [\d.]+ lots of SYNFX \(PAPER\)/),
    });
    const first = await engine.client.live.flatten();
    expect(first).toMatchObject({ closedPositions: 1, stoppedSessions: 1, messages: [] });
    const flat = await engine.client.live.get({ sessionId: id });
    expect(flat).toMatchObject({ state: 'stopped', unrealised: 0 });
    expect(flat.position).toBeUndefined();
    await expect(engine.client.live.resume({ sessionId: id })).rejects.toMatchObject({ code: 'CONFLICT' });
    await engine.close();
  });
});

async function statusOf(engine: FrontierEngine) {
  for await (const status of await engine.client.system.status()) return status;
  throw new Error('no status');
}

describe('flatten during a running session', () => {
  it('closes the position, stops the session, and does nothing the second time', async () => {
    const engine = await engineOn(world);
    const { live } = engine.client;
    const { sessionId } = await live.start({ deploymentId: world.deploymentId, speed: 60 });
    await untilPositionHeld(engine.client, sessionId);
    // Pressed twice at once, as people do.
    const [first, same] = await Promise.all([live.flatten(), live.flatten()]);
    expect(first).toMatchObject({ closedPositions: 1, stoppedSessions: 1, messages: [] });
    expect(same).toEqual(first);
    const flat = await live.get({ sessionId });
    expect(flat.state).toBe('stopped');
    expect(flat.position).toBeUndefined();
    expect([flat.unrealised, flat.equity]).toEqual([0, flat.balance]);
    expect(flat.orders.filter((o) => o.reason === 'flatten')).toMatchObject([
      { purpose: 'close', state: 'filled', price: expect.any(Number) },
    ]);
    expect(flat.orders.filter((o) => ['created', 'sent', 'accepted'].includes(o.state))).toEqual([]);
    expect(await live.flatten()).toEqual({
      closedPositions: 0,
      cancelledOrders: 0,
      stoppedSessions: 0,
      messages: [],
    });
    expect(await live.get({ sessionId })).toEqual(flat);
    await engine.close();
  });
});

describe.skipIf(process.platform !== 'linux')('the workers of a killed engine', () => {
  it('end with it', async () => {
    const host = await startHostProcess(copyOf(world.home));
    const { client } = await reach(host.port, host.token);
    await client.training.start({
      symbol: 'SYNFX',
      timeframe: 'H1',
      epochs: 1000,
      patience: 0,
      engine: 'cpu',
    });
    await client.optimize.start({ modelId: world.modelId, evaluations: 50_000 });
    const jobsRunning = async (): Promise<number> => {
      for await (const { jobs } of await client.system.status())
        return jobs.filter((j) => j.state === 'running' && j.fraction > 0).length;
      return 0;
    };
    await until('both jobs run', async () => (await jobsRunning()) === 2);
    const workers = descendantsOf(host.child.pid!);
    expect(workers.length).toBeGreaterThanOrEqual(2);
    await killHard(host);
    await until('no worker is left', () => workers.every((pid) => !isAlive(pid)), 10_000);
  });

  it('leave runs and studies that a new engine shows as stopped and takes up again', async () => {
    const home = copyOf(world.home);
    const host = await startHostProcess(home);
    const { client } = await reach(host.port, host.token);
    const { runId } = await client.training.start({
      symbol: 'SYNFX',
      timeframe: 'H1',
      epochs: 1000,
      patience: 0,
      engine: 'cpu',
    });
    const { studyId } = await client.optimize.start({ modelId: world.modelId, evaluations: 3000 });
    await until('both are under way', async () => {
      const [run, study] = [await client.training.get({ runId }), await client.optimize.get({ studyId })];
      return run.step > 0 && study.evaluations > 0;
    });
    await killHard(host);
    const engine = await openEngine(home);
    expect(await engine.client.training.get({ runId })).toMatchObject({
      state: 'stopped',
      error: { code: 'WORKER_LOST', hint: expect.stringMatching(/[Rr]esume/) },
    });
    const study = await engine.client.optimize.get({ studyId });
    expect(study).toMatchObject({ state: 'stopped', error: { code: 'WORKER_LOST' } });
    const kept = study.trials.length;
    expect(kept).toBeGreaterThan(0);
    await engine.client.optimize.resume({ studyId });
    await until(
      'it goes on',
      async () => (await engine.client.optimize.get({ studyId })).trials.length > kept,
    );
    await engine.client.optimize.stop({ studyId });
    await engine.close();
  });
});
