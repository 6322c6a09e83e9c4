/** One provider, its peer, and a world in which waiting costs no time. */
import { type FetchedPage, fetchMissing, mergeSpans } from '../../src-main/data/providers/incremental.ts';
import type { Span } from '../../src-main/data/providers/pages.ts';
import type {
  BarRequest,
  HistoryProvider,
  ProviderIo,
  ProviderProgress,
} from '../../src-main/data/providers/port.ts';
import { openWebSocket } from '../../src-main/data/providers/socket.ts';
import { fetchTransport } from '../../src-main/data/providers/transport.ts';
import { type Bar, barAt, barCount } from '../../src-shared/market/bars.ts';
import { ManualClock, SeededRng } from '../../src-shared/runtime.ts';
import type { PeerBar } from './market.ts';
import type { Peer } from './peer.ts';
import type { PeerWorld } from './world.ts';

/** One provider with its peer. */
export interface ProviderFixture {
  readonly provider: HistoryProvider;
  readonly peer: Pick<Peer, 'requests' | 'faults' | 'nowMs' | 'url' | 'stop'>;
  readonly world: PeerWorld;
  /** All bars of the world, which lie before the peer's clock. */
  readonly request: BarRequest;
  /** A bar as it must be delivered. */
  barOf(bar: PeerBar): Bar;
  readonly keys: Readonly<Record<string, string>>;
  /** A symbol of the right kind that the peer does not know. */
  readonly unknownSymbol: string;
}

/** A world in which waiting costs no time. */
export interface TestIo {
  readonly io: ProviderIo;
  readonly clock: ManualClock;
  readonly waits: number[];
  readonly progress: ProviderProgress[];
  /** Starts of requests by the client's clock. */
  readonly startsMs: number[];
  readonly stop: AbortController;
}

/** @param skewMs how far the client's clock is ahead of the peer's */
export function testIo(fixture: ProviderFixture, skewMs = 0, deadlineMs = 10_000): TestIo {
  const clock = new ManualClock(fixture.peer.nowMs + skewMs);
  const stop = new AbortController();
  const waits: number[] = [];
  const startsMs: number[] = [];
  const progress: ProviderProgress[] = [];
  const transport = fetchTransport(fetch);
  const io: ProviderIo = {
    transport: (request) => {
      startsMs.push(clock.nowMs());
      return transport(request);
    },
    // Only questions for history count: those are what limits and waits are about.
    openSocket: async (request, events) => {
      const socket = await openWebSocket(request, events);
      const send = (text: string): void => {
        if (/"payloadType":(2137|2145)/.test(text)) startsMs.push(clock.nowMs());
        socket.send(text);
      };
      return { ...socket, send };
    },
    every: () => () => undefined,
    clock,
    rng: new SeededRng(1),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      clock.advanceTo(clock.nowMs() + ms);
    },
    deadline: () => AbortSignal.timeout(deadlineMs),
    key: async (secret) => fixture.keys[secret],
    signal: stop.signal,
    onProgress: (event) => progress.push(event),
  };
  return { io, clock, waits, progress, startsMs, stop };
}

/** Everything that a fetch brought. */
export interface Fetched {
  readonly rows: Bar[];
  readonly pages: FetchedPage[];
  readonly spans: Span[];
}

/** Fetches what is not stored, to the end. @param request all that the fixture has, without it */
export async function collect(
  fixture: ProviderFixture,
  io: ProviderIo,
  stored: readonly Span[] = [],
  request: BarRequest = fixture.request,
): Promise<Fetched> {
  const pages: FetchedPage[] = [];
  for await (const page of fetchMissing(fixture.provider, request, stored, io)) pages.push(page);
  return { pages, rows: rowsOf(pages), spans: mergeSpans([...stored, ...pages.map((p) => p.span)]) };
}

/** The bars of pages, one by one. */
export function rowsOf(pages: readonly FetchedPage[]): Bar[] {
  return pages.flatMap(({ bars }) => Array.from({ length: barCount(bars) }, (_, i) => barAt(bars, i)));
}
