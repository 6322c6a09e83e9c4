/** What only cTrader does: frames, signing in, heartbeats, cut answers, ticks, access that runs out. */
import { afterEach, describe, expect, it } from 'vitest';
import { priceOf, readTicks, readTrendbars } from '../../src-main/data/providers/ctrader/bars.ts';
import { CTraderConnection } from '../../src-main/data/providers/ctrader/connection.ts';
import { decodeFrame, encodeFrame, PAYLOAD } from '../../src-main/data/providers/ctrader/messages.ts';
import { KeysExpired } from '../../src-main/data/providers/port.ts';
import type { CTraderPeerOptions, PeerTick } from '../peers/ctraderPeer.ts';
import { type CTraderFixture, ctraderFixture, FROM_MS, KEY } from '../peers/fixtures.ts';
import { collect, testIo } from '../peers/providerFixture.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * DAY_MS;

describe('cTrader messages', () => {
  it('are the frames of the documentation', () => {
    const payload = { clientId: 'a', clientSecret: 'b' };
    const text = '{"clientMsgId":"1","payloadType":2100,"payload":{"clientId":"a","clientSecret":"b"}}';
    expect(encodeFrame('1', PAYLOAD.applicationAuthReq, payload)).toBe(text);
    expect(decodeFrame(text)).toEqual({ clientMsgId: '1', payloadType: 2100, payload });
    expect(encodeFrame(undefined, PAYLOAD.heartbeat, {})).toBe('{"payloadType":51,"payload":{}}');
    expect(decodeFrame('{"payloadType":51}')).toEqual({
      clientMsgId: undefined,
      payloadType: 51,
      payload: {},
    });
    expect(() => decodeFrame('{"payloadType":"x"}')).toThrow('whole number');
  });

  it('bars are a low and differences to it, rounded to the digits of the symbol', () => {
    // By hand: EURUSD 1.10234 is 110234; USDJPY 151.237 with three digits is 15123700.
    const bar = {
      volume: 7,
      low: '110200',
      deltaOpen: 34,
      deltaHigh: 50,
      deltaClose: 1,
      utcTimestampInMinutes: 28_492_320,
    };
    expect(readTrendbars({ trendbar: [bar] }, 5)).toEqual({
      hasMore: false,
      rows: [
        { timeMs: 1_709_539_200_000, open: 1.10234, high: 1.1025, low: 1.102, close: 1.10201, volume: 7 },
      ],
    });
    expect(priceOf(15_123_700, 3)).toBe(151.237);
    expect(priceOf(15_123_749, 3)).toBe(151.237);
    // A bar that only fell: the differences that are zero are not sent.
    const flat = { volume: 1, low: 110_000, deltaOpen: 5, deltaHigh: 5, utcTimestampInMinutes: 1 };
    expect(readTrendbars({ trendbar: [flat] }, 5).rows[0]).toMatchObject({
      low: 1.1,
      close: 1.1,
      open: 1.10005,
    });
    expect(() => readTrendbars({ trendbar: [{ ...flat, deltaHigh: -1 }] }, 5)).toThrow('below its low');
  });

  it('ticks come newest first as differences, and a wrong sign is noticed', () => {
    const answer = {
      tickData: [
        { timestamp: '1709539205000', tick: '110240' },
        { timestamp: -1500, tick: -3 },
        { timestamp: 0, tick: 1 },
        { timestamp: -3000, tick: -8 },
      ],
      hasMore: true,
    };
    expect(readTicks(answer, 5)).toEqual({
      hasMore: true,
      ticks: [
        { timeMs: 1_709_539_200_500, price: 1.1023 },
        { timeMs: 1_709_539_203_500, price: 1.10238 },
        { timeMs: 1_709_539_203_500, price: 1.10237 },
        { timeMs: 1_709_539_205_000, price: 1.1024 },
      ],
    });
    const wrong = {
      tickData: [
        { timestamp: 1_709_539_205_000, tick: 110_240 },
        { timestamp: 1500, tick: -3 },
      ],
    };
    expect(() => readTicks(wrong, 5)).toThrow('after the one before');
  });
});

describe('cTrader', () => {
  let fixture: CTraderFixture;
  afterEach(() => fixture.peer.stop());

  it('PRV-23: signs in once, in order, for downloads side by side', async () => {
    fixture = await ctraderFixture('H1', 20);
    const { provider, request, peer } = fixture;
    const { io } = testIo(fixture);
    const one = async (): Promise<number> => {
      let rows = 0;
      for await (const page of provider.fetchBars(request, io)) rows += page.bars.timeMs.length;
      return rows;
    };
    const all = fixture.world.bars.length;
    expect(await Promise.all([one(), one(), one()])).toEqual([all, all, all]);
    const types = peer.frames.map((f) => f.payloadType);
    expect(types.slice(0, 3)).toEqual([2100, 2149, 2102]);
    for (const type of [2100, 2149, 2102]) expect(types.filter((t) => t === type)).toHaveLength(1);
    expect(peer.frames.find((f) => f.payloadType === 2102)?.payload.ctidTraderAccountId).toBe(1001);
    // The last one out closes the connection.
    await expect.poll(() => peer.connections).toBe(0);
  });

  it.each<[string, CTraderPeerOptions]>([
    ['the newest part first', { maxRows: 700 }],
    ['the oldest part first', { maxRows: 700, part: 'oldest' }],
    ["protobuf's JSON", { maxRows: 2000, asProtobufJson: true }],
    ['an account with real money', { isLive: true }],
  ])('PRV-24: brings every bar with %s', async (_, options) => {
    fixture = await ctraderFixture('M1', 4, options);
    const { rows, spans } = await collect(fixture, testIo(fixture).io);
    expect(rows).toEqual(fixture.world.bars.map((b) => fixture.barOf(b)));
    expect(spans).toEqual([{ fromMs: fixture.request.fromMs, toMs: fixture.request.toMs }]);
  });

  it('PRV-24: asks for no more than the old limit of a request', async () => {
    fixture = await ctraderFixture('M5', 120);
    await collect(fixture, testIo(fixture).io);
    const reach = fixture.peer.requests.map(
      (r) => Number(r.query.get('toTimestamp')) - Number(r.query.get('fromTimestamp')),
    );
    expect(reach).toHaveLength(4);
    expect(Math.max(...reach)).toBeLessThanOrEqual(5 * WEEK_MS);
  });

  it('PRV-24: an answer that says "more" and brings nothing, or other bars, is refused', async () => {
    fixture = await ctraderFixture('H1', 20);
    const answer = (payload: Record<string, unknown>) => ({
      kind: 'answer' as const,
      answer: {
        status: 200,
        body: { payloadType: 2138, payload: { ctidTraderAccountId: 1001, period: 9, ...payload } },
      },
    });
    for (const payload of [
      { trendbar: [], hasMore: true },
      { trendbar: [{ volume: 1, low: 1, utcTimestampInMinutes: 1 }] },
      { trendbar: [{ volume: 1, low: 1.5, utcTimestampInMinutes: 1 }] },
      { trendbar: [], period: 10 },
      { trendbar: [], symbolId: 1 },
    ]) {
      fixture.peer.faults.push(answer(payload));
      await expect(collect(fixture, testIo(fixture).io), JSON.stringify(payload)).rejects.toMatchObject({
        code: 'CORRUPT',
      });
    }
  });

  it('PRV-25: a heartbeat goes out at least every ten seconds, and ends with the connection', async () => {
    fixture = await ctraderFixture('H1', 5);
    const { io } = testIo(fixture);
    const beats: { ms: number; work: () => void; stopped: boolean }[] = [];
    const every = (ms: number, work: () => void) => {
      const beat = { ms, work, stopped: false };
      beats.push(beat);
      return () => {
        beat.stopped = true;
      };
    };
    const connection = await CTraderConnection.open(fixture.peer.url, { ...io, every }, 5000);
    expect(beats).toHaveLength(1);
    expect(beats[0]!.ms).toBeLessThan(10_000);
    beats[0]!.work();
    beats[0]!.work();
    await expect.poll(() => fixture.peer.frames.map((f) => f.payloadType)).toEqual([51, 51]);
    fixture.peer.tell(51, {});
    fixture.peer.drop();
    await expect.poll(() => connection.lost).toBe('the connection was closed');
    expect(beats[0]!.stopped).toBe(true);
    await expect(connection.request(2100, {}, 2101, 1000)).rejects.toMatchObject({ kind: 'lost' });
  });

  it('PRV-25: requests under way fail with the connection; events reach who listens', async () => {
    fixture = await ctraderFixture('H1', 5);
    const connection = await CTraderConnection.open(fixture.peer.url, testIo(fixture).io, 5000);
    const heard: number[] = [];
    connection.subscribe((frame) => heard.push(frame.payloadType));
    await connection.request(2100, { clientId: 'x', clientSecret: KEY }, 2101, 1000);
    fixture.peer.tell(2131, { symbolId: 22 });
    await expect.poll(() => heard).toEqual([2131]);
    fixture.peer.tell(2148, { reason: 'restart' });
    await expect.poll(() => connection.lost).toBe('the server ended the connection');
  });

  it('PRV-26: comes back after the server restarted in the middle of a download', async () => {
    fixture = await ctraderFixture('M5', 120);
    const rows: number[] = [];
    let pages = 0;
    for await (const page of fixture.provider.fetchBars(fixture.request, testIo(fixture).io)) {
      rows.push(...page.bars.timeMs);
      if (pages++ === 1) fixture.peer.drop();
    }
    expect(rows).toEqual(fixture.world.bars.map((b) => b.timeMs));
    expect(fixture.peer.frames.filter((f) => f.payloadType === 2100)).toHaveLength(2);
  });

  it('PRV-26: signs in again when the account is no longer authorised', async () => {
    fixture = await ctraderFixture('H1', 20);
    const refusal = { payloadType: 2142, payload: { errorCode: 'ACCOUNT_NOT_AUTHORIZED' } };
    fixture.peer.faults.push({ kind: 'answer', answer: { status: 200, body: refusal } });
    expect((await collect(fixture, testIo(fixture).io)).rows).toHaveLength(fixture.world.bars.length);
    expect(fixture.peer.frames.filter((f) => f.payloadType === 2102)).toHaveLength(2);
  });

  it('PRV-26: waits for maintenance as long as it is announced', async () => {
    fixture = await ctraderFixture('H1', 20);
    fixture.peer.faults.push({ kind: 'server-error', status: 503 });
    const { io, startsMs, progress } = testIo(fixture);
    await collect(fixture, io);
    expect(startsMs[1]! - startsMs[0]!).toBeGreaterThanOrEqual(19_000);
    expect(progress).toContainEqual(expect.objectContaining({ reason: 'SERVER_IS_UNDER_MAINTENANCE' }));
  });

  it('PRV-27: says that the access ran out, and goes on with renewed keys', async () => {
    fixture = await ctraderFixture('H1', 20);
    fixture.peer.accessToken = 'another';
    const { io } = testIo(fixture);
    const error = await collect(fixture, io).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(KeysExpired);
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('CH_ACCESS_TOKEN_INVALID'),
    });
    expect(JSON.stringify(error)).not.toContain(KEY);

    const keys = new Map(Object.entries(fixture.keys));
    const saved: string[] = [];
    await fixture.provider.renewKeys({ ...io, key: async (name) => keys.get(name) }, async (name, value) => {
      saved.push(name);
      keys.set(name, value);
    });
    expect(saved).toEqual(['ctrader.refreshToken', 'ctrader.accessToken']);
    expect(keys.get('ctrader.refreshToken')).toBe('refresh-2');
    const renewed = { ...io, key: async (name: string) => keys.get(name) };
    expect((await collect(fixture, renewed)).rows).toHaveLength(fixture.world.bars.length);
  });

  it('PRV-27: a refresh token that was used is refused without being shown', async () => {
    fixture = await ctraderFixture('H1', 5);
    const io = {
      ...testIo(fixture).io,
      key: async (name: string) => ({ ...fixture.keys, 'ctrader.refreshToken': 'used-up-token' })[name],
    };
    const error = await fixture.provider
      .renewKeys(io, async () => expect.unreachable())
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('ACCESS_DENIED') });
    expect(String(error)).not.toMatch(/used-up-token|k3y-0f/);
  });

  it('PRV-27: a token that is replaced while connected ends the connection', async () => {
    fixture = await ctraderFixture('M5', 120);
    const run = async (): Promise<void> => {
      let pages = 0;
      for await (const _ of fixture.provider.fetchBars(fixture.request, testIo(fixture).io)) {
        if (pages++ > 0) continue;
        fixture.peer.accessToken = 'replaced';
        fixture.peer.tell(2147, { ctidTraderAccountIds: [1001] });
        await expect.poll(() => fixture.peer.connections).toBe(0);
      }
    };
    await expect(run()).rejects.toBeInstanceOf(KeysExpired);
  });

  it('takes the account that is named, and says when there is none such', async () => {
    fixture = await ctraderFixture('H1', 5);
    const { io } = testIo(fixture);
    const withAccount = (account: string) => ({
      ...io,
      key: async (name: string) => (name === 'ctrader.account' ? account : fixture.keys[name]),
    });
    expect((await collect(fixture, withAccount('3100001'))).rows).toHaveLength(fixture.world.bars.length);
    await expect(collect(fixture, withAccount('77'))).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('no account 77'),
    });
  });

  describe('ticks', () => {
    const ticks: PeerTick[] = Array.from({ length: 2000 }, (_, i) => ({
      // Three ticks share each millisecond; a week ends between them.
      timeMs: FROM_MS + WEEK_MS - HOUR_MS + Math.floor(i / 3) * 10_800,
      points: 110_000 + ((i * 7) % 13),
    }));

    it.each([50, 51, 100_000])('PRV-28: all of them, in order, %i in an answer', async (maxRows) => {
      fixture = await ctraderFixture('H1', 20, { ticks, maxRows });
      const request = {
        symbol: 'EURUSD',
        priceSide: 'ask' as const,
        fromMs: FROM_MS,
        toMs: FROM_MS + 10 * DAY_MS,
      };
      const got = [];
      for await (const part of fixture.provider.fetchTicks(request, testIo(fixture).io)) got.push(...part);
      // The half spread of the peer is one point.
      expect(got).toEqual(ticks.map((t) => ({ timeMs: t.timeMs, price: priceOf(t.points + 1, 5) })));
    });

    it('PRV-28: a millisecond that does not fit an answer is refused instead of cut', async () => {
      const crowded = Array.from({ length: 60 }, (_, i) => ({ timeMs: FROM_MS + 5, points: 110_000 + i }));
      fixture = await ctraderFixture('H1', 20, { ticks: crowded, maxRows: 50 });
      const request = {
        symbol: 'EURUSD',
        priceSide: 'bid' as const,
        fromMs: FROM_MS,
        toMs: FROM_MS + DAY_MS,
      };
      const run = async () => {
        for await (const _ of fixture.provider.fetchTicks(request, testIo(fixture).io));
      };
      await expect(run()).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining('EURUSD ticks'),
      });
    });
  });
});
