/** Damaged answers: whatever a provider sends becomes checked bars or a clear refusal, never a crash. */
import { describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { integerBelow, type Rng, SeededRng } from '../../src-shared/runtime.ts';
import {
  alpacaCryptoFixture,
  alphaVantageFixture,
  ctraderFixture,
  dukascopyFixture,
  KEY,
  oandaFixture,
  tiingoFixture,
} from '../peers/fixtures.ts';
import { collect, type ProviderFixture, testIo } from '../peers/providerFixture.ts';

const ROUNDS = 400;
const DAY_MS = 86_400_000;
const VALUES: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  -1,
  0,
  1e308,
  'NaN',
  '1e999',
  [],
  {},
  [null],
  { a: {} },
];

/** Replaces, removes or doubles one value somewhere inside. */
function damaged(body: unknown, rng: Rng): unknown {
  if (typeof body !== 'object' || body === null) return VALUES[integerBelow(rng, VALUES.length)];
  const keys = Object.keys(body);
  const key = keys[integerBelow(rng, keys.length)];
  if (key === undefined || rng.next() < 0.1) return VALUES[integerBelow(rng, VALUES.length)];
  if (Array.isArray(body)) {
    const list: unknown[] = [...body];
    const at = Number(key);
    const choice = rng.next();
    if (choice < 0.1) list.splice(at, 1);
    else if (choice < 0.2) list.splice(at, 0, list[at]);
    else if (choice < 0.3) list.reverse();
    else list[at] = damaged(list[at], rng);
    return list;
  }
  const fields: Record<string, unknown> = { ...body };
  if (rng.next() < 0.15) delete fields[key];
  else fields[key] = damaged(fields[key], rng);
  return fields;
}

function damagedText(text: string, rng: Rng): string {
  if (rng.next() < 0.8) return JSON.stringify(damaged(JSON.parse(text) as unknown, rng));
  const at = integerBelow(rng, text.length);
  return text.slice(0, at) + text.slice(at + integerBelow(rng, 40));
}

const cases: readonly (readonly [string, () => Promise<ProviderFixture>])[] = [
  ['OANDA', () => oandaFixture('bid', 'H1')],
  ['Dukascopy', () => dukascopyFixture('bid')],
  ['Alpaca', alpacaCryptoFixture],
  ['Tiingo FX', () => tiingoFixture('EURUSD', true)],
  ['Tiingo crypto', () => tiingoFixture('BTCUSD', true)],
  ['Alpha Vantage', () => alphaVantageFixture('H1')],
  ['cTrader', () => ctraderFixture('H1', 20)],
];

describe('damaged answers', () => {
  it.each(cases)('of %s', async (name, create) => {
    const rounds = name === 'cTrader' ? ROUNDS / 4 : ROUNDS;
    const fixture = await create();
    fixture.world.bars = fixture.world.bars.slice(0, 40);
    const request = { ...fixture.request, toMs: fixture.world.bars.at(-1)!.timeMs + 1 };
    const outcomes = { refused: 0, taken: 0 };
    for (let seed = 1; seed <= rounds; seed++) {
      const rng = new SeededRng(seed);
      // Two days later each time, so that no limit of a plan is used up.
      // An answer whose id is damaged never comes: that is waited for.
      const { io } = testIo(fixture, seed * 2 * DAY_MS, 100);
      const damaging: typeof io = {
        ...io,
        transport: async (asked) => {
          const answer = await io.transport(asked);
          return { ...answer, text: async () => damagedText(await answer.text(), rng) };
        },
        openSocket: (asked, events) =>
          io.openSocket(asked, {
            ...events,
            // Signing in stays whole, so that what is damaged is history.
            onMessage: (text) =>
              events.onMessage(text.includes('"trendbar"') ? damagedText(text, rng) : text),
          }),
      };
      try {
        const { rows } = await collect(fixture, damaging, [], request);
        outcomes.taken++;
        expect(rows.length, `seed ${seed}`).toBeLessThanOrEqual(40);
        expect(
          rows.every((r, i) => i === 0 || r.timeMs > rows[i - 1]!.timeMs),
          `seed ${seed}`,
        ).toBe(true);
      } catch (error) {
        outcomes.refused++;
        expect(error, `seed ${seed}`).toBeInstanceOf(FrontierError);
        expect((error as FrontierError).message, `seed ${seed}`).not.toContain('limit');
        expect((error as FrontierError).hint, `seed ${seed}`).not.toBe('');
        expect((error as FrontierError).message, `seed ${seed}`).not.toContain(KEY);
      }
    }
    await fixture.peer.stop();
    expect(outcomes.refused).toBeGreaterThan(rounds / 4);
    expect(outcomes.taken).toBeGreaterThan(0);
  });
});
