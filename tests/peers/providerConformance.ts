/** What every history provider must do, whatever its protocol. An adapter joins by a factory that brings a peer. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FetchedPage, fetchAll, fetchMissing } from '../../src-main/data/providers/incremental.ts';
import type { BarRequest } from '../../src-main/data/providers/port.ts';
import { type Bar, barCount } from '../../src-shared/market/bars.ts';
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { Fault } from './peer.ts';
import { collect, type ProviderFixture, rowsOf, testIo } from './providerFixture.ts';

/** What may differ between providers. */
export interface ProviderTraits {
  /** `one`: everything comes in one answer. Else what happens when a page comes again in place of the next. */
  readonly pages: 'one' | 'repeats-dropped' | 'repeats-refused';
  /** `known`: it has a list of symbols and asks for no other. */
  readonly unknownSymbol: 'refused' | 'known' | 'empty';
  /** What a message says about a server that fails. Default: its status. */
  readonly serverError?: string;
  /** It needs no account. */
  readonly keyless?: boolean;
}

function expectSilent(value: unknown, keys: Readonly<Record<string, string>>): void {
  const text = inspect(value, { depth: 8, maxStringLength: null });
  for (const key of Object.values(keys)) expect(text).not.toContain(key);
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );

/** Registers the suite for one adapter. */
export function providerConformance(
  name: string,
  traits: ProviderTraits,
  create: () => Promise<ProviderFixture>,
): void {
  describe(`provider conformance: ${name}`, () => {
    let fixture: ProviderFixture;
    let all: Bar[];

    beforeEach(async () => {
      fixture = await create();
      all = fixture.world.bars.map((bar) => fixture.barOf(bar));
    });
    afterEach(() => fixture.peer.stop());

    it('PRV-1: delivers every bar once, in order and bit for bit, within its limits', async () => {
      const { io, startsMs, progress } = testIo(fixture);
      const { rows, pages, spans } = await collect(fixture, io);
      expect(rows).toEqual(all);
      expect(spans).toEqual([{ fromMs: fixture.request.fromMs, toMs: fixture.request.toMs }]);
      expect(pages.slice(1).map((p) => p.span.fromMs)).toEqual(pages.slice(0, -1).map((p) => p.span.toMs));
      expect(pages.flatMap((p) => p.gaps)).toEqual([]);
      if (traits.pages !== 'one') expect(fixture.peer.requests.length).toBeGreaterThan(1);
      for (const { requests, perMs } of fixture.provider.capabilities.rateLimits) {
        for (const startMs of startsMs) {
          expect(startsMs.filter((s) => s >= startMs && s < startMs + perMs).length).toBeLessThanOrEqual(
            requests,
          );
        }
      }
      expect(progress.findLast((p) => p.kind === 'page')).toMatchObject({ bars: all.length });
    });

    it('PRV-2: asks for what is missing and for nothing else', async () => {
      const third = Math.floor(all.length / 3);
      const stored = [{ fromMs: all[third]!.timeMs, toMs: all[2 * third]!.timeMs }];
      const { rows, spans } = await collect(fixture, testIo(fixture).io, stored);
      expect(rows).toEqual([...all.slice(0, third), ...all.slice(2 * third)]);
      const asked = fixture.peer.requests.length;
      expect((await collect(fixture, testIo(fixture).io, spans)).rows).toEqual([]);
      expect(fixture.peer.requests).toHaveLength(asked);
    });

    it('PRV-3: goes on after the last page that was stored', async () => {
      const first: FetchedPage[] = [];
      for await (const page of fetchMissing(fixture.provider, fixture.request, [], testIo(fixture).io)) {
        first.push(page);
        break;
      }
      const stored = first.map((p) => p.span);
      const rest = await collect(fixture, testIo(fixture).io, stored);
      expect([...rowsOf(first), ...rest.rows]).toEqual(all);
    });

    it('PRV-4: waits as long as a 429 asks, also by a clock that is wrong', async () => {
      const { peer } = fixture;
      peer.faults.push({ kind: 'too-many', headers: { 'retry-after': '7' } });
      const one = testIo(fixture);
      expect((await collect(fixture, one.io)).rows).toEqual(all);
      expect(Math.max(...one.waits)).toBeGreaterThanOrEqual(7000);
      expect(one.startsMs[1]! - one.startsMs[0]!).toBeGreaterThanOrEqual(7000);
      const until = new Date(peer.nowMs + 20_000).toUTCString();
      peer.faults.push({ kind: 'too-many', headers: { 'retry-after': until } });
      const ahead = testIo(fixture, 2 * 3_600_000);
      expect((await collect(fixture, ahead.io)).rows).toEqual(all);
      expect(ahead.startsMs[1]! - ahead.startsMs[0]!).toBeGreaterThanOrEqual(20_000);
      expect(ahead.startsMs[1]! - ahead.startsMs[0]!).toBeLessThan(120_000);
    });

    it('PRV-5: honours the reset time of a limit, and refuses to wait for hours', async () => {
      const { peer } = fixture;
      const reset = (ms: number) => String(Math.floor((peer.nowMs + ms) / 1000));
      peer.faults.push({ kind: 'too-many', headers: { 'x-ratelimit-reset': reset(30_000) } });
      const one = testIo(fixture, -3_600_000);
      expect((await collect(fixture, one.io)).rows).toEqual(all);
      expect(one.startsMs[1]! - one.startsMs[0]!).toBeGreaterThanOrEqual(29_000);
      peer.faults.push({ kind: 'too-many', headers: { 'retry-after': '7200' } });
      await expect(collect(fixture, testIo(fixture).io)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        hint: expect.stringContaining('2 hours'),
      });
    });

    it.each<Fault>([
      { kind: 'server-error' },
      { kind: 'server-error', status: 503 },
      { kind: 'truncated' },
      { kind: 'cut-json' },
      { kind: 'reset' },
    ])('PRV-6: gets over $kind $status', async (fault) => {
      fixture.peer.faults.push(fault, fault);
      const { io, waits } = testIo(fixture);
      expect((await collect(fixture, io)).rows).toEqual(all);
      expect(waits.length).toBeGreaterThanOrEqual(2);
    });

    it('PRV-7: gets over a request that hangs', async () => {
      fixture.peer.faults.push({ kind: 'slow' });
      const { io, progress } = testIo(fixture, 0, 700);
      expect((await collect(fixture, io)).rows).toEqual(all);
      expect(progress).toContainEqual(
        expect.objectContaining({ kind: 'waiting', reason: 'no answer within 30 s' }),
      );
    });

    it('PRV-8: gives up after six attempts, with growing waits', async () => {
      fixture.peer.faults.push(...Array.from({ length: 9 }, (): Fault => ({ kind: 'server-error' })));
      const { io, waits } = testIo(fixture);
      const error = await failureOf(collect(fixture, io));
      expect(error).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining(traits.serverError ?? 'status 500'),
      });
      expect(fixture.peer.requests).toHaveLength(6);
      const backoffs = waits.filter((ms) => ms < 20_000);
      expect(backoffs).toHaveLength(5);
      expect(backoffs.every((ms, i) => i === 0 || ms > backoffs[i - 1]!)).toBe(true);
      expectSilent(error, fixture.keys);
    });

    it.skipIf(traits.keyless === true)(
      'PRV-9: says what to do about a key that expired, at once and without the key',
      async () => {
        fixture.world.key = 'renewed-key-of-someone-else';
        const { io, progress } = testIo(fixture);
        const error = await failureOf(collect(fixture, io));
        expect(error).toMatchObject({
          code: 'REFUSED',
          message: expect.stringMatching(/does not accept the key/),
        });
        expect(error).toMatchObject({ hint: expect.stringMatching(/enter/) });
        expect(fixture.peer.requests).toHaveLength(1);
        expectSilent([error, progress], fixture.keys);
      },
    );

    it.skipIf(traits.keyless === true)(
      'PRV-10: asks nobody without a key, or with one that cannot be sent',
      async () => {
        const { io } = testIo(fixture);
        const without = collect(fixture, { ...io, key: async () => undefined });
        await expect(without).rejects.toMatchObject({
          code: 'REFUSED',
          message: expect.stringMatching(/needs a key/),
        });
        const error = await failureOf(collect(fixture, { ...io, key: async () => 'two secret\nlines' }));
        expect(error).toMatchObject({ code: 'BAD_INPUT' });
        expectSilent(error, { key: 'two secret' });
        expect(fixture.peer.requests).toHaveLength(0);
      },
    );

    it('PRV-11: refuses a web page', async () => {
      fixture.peer.faults.push({ kind: 'html' });
      const error = await failureOf(collect(fixture, testIo(fixture).io));
      expect(error).toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining('web page instead of data'),
      });
      expect(fixture.peer.requests).toHaveLength(1);
      expectSilent(error, fixture.keys);
    });

    it('PRV-12: takes its keys to no other address', async () => {
      const other = await create();
      fixture.peer.faults.push({ kind: 'redirect', to: `${other.peer.url}/elsewhere` });
      const error = await failureOf(collect(fixture, testIo(fixture).io));
      expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('redirects') });
      expect(other.peer.requests).toHaveLength(0);
      await other.peer.stop();
    });

    it('PRV-13: reports a gap and fills nothing', async () => {
      const from = Math.floor(all.length / 2);
      const to = from + 7;
      fixture.world.bars = fixture.world.bars.filter((_, i) => i < from || i >= to);
      const { rows, pages, spans } = await collect(fixture, testIo(fixture).io);
      expect(rows).toEqual([...all.slice(0, from), ...all.slice(to)]);
      const gaps = pages.flatMap((p) => p.gaps);
      expect(gaps.reduce((n, g) => n + g.missingBars, 0)).toBe(7);
      expect(gaps[0]!.fromMs).toBe(all[from - 1]!.timeMs + timeframeMs(fixture.request.timeframe));
      expect(gaps.at(-1)!.toMs).toBe(all[to]!.timeMs);
      expect(spans).toHaveLength(1);
    });

    it.skipIf(traits.pages === 'one')('PRV-14: a page that comes again does no harm', async () => {
      const pages: FetchedPage[] = [];
      const run = async () => {
        for await (const page of fetchMissing(fixture.provider, fixture.request, [], testIo(fixture).io)) {
          if (pages.length === 0) fixture.peer.faults.push({ kind: 'repeat' });
          pages.push(page);
        }
      };
      if (traits.pages === 'repeats-refused') {
        await expect(run()).rejects.toMatchObject({ code: 'CORRUPT' });
        expect(rowsOf(pages)).toEqual(all.slice(0, rowsOf(pages).length));
        return;
      }
      await run();
      expect(rowsOf(pages)).toEqual(all);
      expect(pages.reduce((n, p) => n + p.duplicatesDropped, 0)).toBe(barCount(pages[0]!.bars));
    });

    it.skipIf(traits.pages === 'one')('PRV-15: a provider that repeats itself for ever is left', async () => {
      const run = async () => {
        let pages = 0;
        for await (const _ of fetchMissing(fixture.provider, fixture.request, [], testIo(fixture).io)) {
          if (pages++ === 0) {
            fixture.peer.faults.push(...Array.from({ length: 50 }, (): Fault => ({ kind: 'repeat' })));
          }
        }
      };
      await expect(run()).rejects.toMatchObject({ code: 'CORRUPT' });
      expect(fixture.peer.requests.length).toBeLessThan(8);
    });

    it.each([0, 2 * 3_600_000, -2 * 3_600_000])(
      'PRV-16: delivers closed bars only, with a clock %i ms ahead, and the rest when it is there',
      async (skewMs) => {
        const k = Math.floor(all.length / 2);
        const halfMs = timeframeMs(fixture.request.timeframe) / 2;
        fixture.peer.nowMs = all[k]!.timeMs + halfMs;
        const first = await collect(fixture, testIo(fixture, skewMs).io);
        expect(first.rows).toEqual(all.slice(0, k));
        expect(first.spans).toEqual([{ fromMs: fixture.request.fromMs, toMs: all[k - 1]!.timeMs + 1 }]);
        fixture.peer.nowMs = all[k + 10]!.timeMs + halfMs;
        const second = await collect(fixture, testIo(fixture, skewMs).io, first.spans);
        expect(second.rows).toEqual(all.slice(k, k + 10));
      },
    );

    it('PRV-17: refuses what it cannot deliver before it asks', async () => {
      const { io } = testIo(fixture);
      const { capabilities } = fixture.provider;
      const bad: Partial<BarRequest>[] = [
        { toMs: fixture.request.fromMs - 1, fromMs: fixture.request.fromMs + 0.5 },
        { symbol: 'SYNFX' },
        { symbol: '../x' },
      ];
      for (const side of ['bid', 'ask', 'mid'] as const) {
        if (!capabilities.priceSides.includes(side)) bad.push({ priceSide: side });
      }
      if (!capabilities.timeframes.includes('H4')) bad.push({ timeframe: 'H4' });
      for (const change of bad) {
        const pages = fixture.provider.fetchBars({ ...fixture.request, ...change }, io);
        const run = async () => {
          for await (const _ of pages);
        };
        await expect(run(), JSON.stringify(change)).rejects.toMatchObject({ code: 'BAD_INPUT' });
      }
      expect(fixture.peer.requests).toHaveLength(0);
    });

    it('PRV-18: does not invent a symbol that the provider does not have', async () => {
      const request = { ...fixture.request, symbol: fixture.unknownSymbol };
      const result = collect(fixture, testIo(fixture).io, [], request);
      if (traits.unknownSymbol !== 'empty') {
        await expect(result).rejects.toMatchObject({ code: expect.stringMatching(/NOT_FOUND|BAD_INPUT/) });
        expect(fixture.peer.requests).toHaveLength(traits.unknownSymbol === 'known' ? 0 : 1);
      } else {
        expect((await result).rows).toEqual([]);
      }
    });

    it('PRV-19: stops when told, also while it waits', async () => {
      fixture.peer.faults.push({ kind: 'too-many', headers: { 'retry-after': '60' } });
      const { io, stop } = testIo(fixture);
      const stopping = { ...io, onProgress: () => stop.abort() };
      await expect(collect(fixture, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(fixture.peer.requests).toHaveLength(1);
    });

    it('PRV-20: one symbol that fails does not stop the others', async () => {
      const tasks = [
        { request: { ...fixture.request, priceSide: fixture.request.priceSide, toMs: -1 }, stored: [] },
        {
          request: { ...fixture.request, fromMs: fixture.request.toMs, toMs: fixture.request.fromMs },
          stored: [],
        },
        { request: fixture.request, stored: [] },
        { request: { ...fixture.request, symbol: 'SYNFX' }, stored: [] },
      ];
      const { io } = testIo(fixture);
      const rows = new Map<BarRequest, number>();
      const results = await fetchAll(
        fixture.provider,
        tasks,
        () => io,
        async ({ request }, page) => {
          rows.set(request, (rows.get(request) ?? 0) + barCount(page.bars));
        },
        3,
      );
      expect(results.map((r) => r.task)).toEqual(tasks);
      expect(results[2]!.error).toBeUndefined();
      expect(rows.get(fixture.request)).toBe(all.length);
      expect(results[3]!.error).toMatchObject({ code: 'BAD_INPUT' });
    });
  });
}
