/** Engines whose providers are peers on this machine. */
import { afterAll } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import type { FetchRunDto, FetchTaskInput } from '../../src-shared/contract/fetch.ts';
import type { ProviderFixture } from '../peers/providerFixture.ts';
import { openEngine } from './engine.ts';

const VARIABLE = 'FRONTIER_TEST_PROVIDERS';

/** What a process takes for the addresses of providers. */
export function providerVariable(fixtures: readonly ProviderFixture[]): Record<string, string> {
  const addresses = fixtures.map(({ provider, peer }) => {
    const tokenUrl = 'tokenUrl' in peer ? { tokenUrl: String(peer.tokenUrl) } : {};
    return [provider.id, { baseUrl: peer.url, ...tokenUrl }] as const;
  });
  return { [VARIABLE]: JSON.stringify(Object.fromEntries(addresses)) };
}

/** An engine that asks the peers, with their keys stored. */
export async function engineWith(
  fixtures: readonly ProviderFixture[],
  home?: string,
): Promise<FrontierEngine> {
  process.env[VARIABLE] = providerVariable(fixtures)[VARIABLE];
  const engine = await openEngine(home);
  for (const { keys } of fixtures) {
    for (const [secret, value] of Object.entries(keys))
      await engine.client.data.fetch.setKey({ secret, value });
  }
  return engine;
}

afterAll(() => {
  delete process.env[VARIABLE];
});

/** Follows a download to its end. */
export async function endOfFetch({ client }: FrontierEngine, fetchId: string): Promise<FetchRunDto> {
  for await (const runs of await client.data.fetch.watch()) {
    const run = runs.find((r) => r.id === fetchId);
    if (run && run.endedMs !== null) return run;
  }
  throw new Error('the download was not followed to its end');
}

/** What the fixture asks for, as a task. */
export function taskOf({ request }: ProviderFixture): FetchTaskInput {
  const { symbol, timeframe, priceSide, fromMs, toMs } = request;
  return { symbol, timeframe, priceSide, fromMs, toMs };
}

/** Downloads all that the fixture has. */
export async function fetchAllOf(engine: FrontierEngine, fixture: ProviderFixture): Promise<FetchRunDto> {
  const input = { providerId: fixture.provider.id, tasks: [taskOf(fixture)] };
  const { fetchId } = await engine.client.data.fetch.start(input);
  return endOfFetch(engine, fetchId);
}

/** The first 5,000 candles as OANDA would send them. */
export function firstPageOf({ world, barOf }: ProviderFixture) {
  const candles = world.bars.slice(0, 5000).map((bar) => {
    const { open, high, low, close, volume } = barOf(bar);
    const text = (price: number): string => price.toFixed(5);
    return {
      complete: true,
      volume,
      time: new Date(bar.timeMs).toISOString(),
      bid: { o: text(open), h: text(high), l: text(low), c: text(close) },
    };
  });
  return { status: 200, body: { instrument: 'EUR_USD', granularity: 'M1', candles } };
}
