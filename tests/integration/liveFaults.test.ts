import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { integerBelow, SeededRng } from '../../src-shared/runtime.ts';

const CHILD = join(import.meta.dirname, '../fixtures/paperSessionChild.ts');
const BARS = 160;

const resultSchema = z.object({
  state: z.string(),
  unreconciled: z.array(z.string()),
  balance: z.number(),
  equity: z.number(),
  decisions: z.array(z.unknown()),
  orders: z.array(
    z.looseObject({ request: z.looseObject({ clientOrderId: z.string() }), state: z.string() }),
  ),
  fills: z.array(z.looseObject({ fillId: z.string(), clientOrderId: z.string(), effect: z.string() })),
  trades: z.array(z.unknown()),
});
type Result = z.infer<typeof resultSchema>;
/** How a process ended: with a result, or killed. */
type Ending = { readonly result: Result } | { readonly killed: true };

const homes: string[] = [];
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'frontier-faults-'));
  homes.push(home);
  return home;
}

/** @param killAfterMs kills from outside so long after the session is under way */
function run(
  home: string,
  options: { kill?: string; killAfterMs?: number; bars?: number } = {},
): Promise<Ending> {
  const { kill, killAfterMs, bars = BARS } = options;
  const args = [CHILD, home, String(bars), ...(kill === undefined ? [] : [kill])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let problem = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    if (killAfterMs !== undefined && out === 'started\n')
      setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  child.stderr.on('data', (data: Buffer) => {
    problem += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = out.trim().split('\n');
      if (signal === 'SIGKILL') resolve({ killed: true });
      else if (code === 0) resolve({ result: resultSchema.parse(JSON.parse(lines.at(-1)!)) });
      else reject(new Error(`child ended with ${code}: ${problem}`));
    });
  });
}

async function finish(home: string, bars = BARS): Promise<Result> {
  const ending = await run(home, { bars });
  if ('killed' in ending) throw new Error('killed without a kill');
  return ending.result;
}

function expectNothingTwice(result: Result): void {
  const ids = result.fills.map((f) => f.clientOrderId).filter((id) => id !== '');
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(result.fills.map((f) => f.fillId)).size).toBe(result.fills.length);
}

describe('kill -9 during a paper session', () => {
  let reference: Result;
  beforeAll(async () => {
    reference = await finish(newHome());
    expect(reference.state).toBe('finished');
    expect(reference.trades.length).toBeGreaterThan(10);
    expectNothingTwice(reference);
  });
  afterAll(() => {
    for (const home of homes) rmSync(home, { recursive: true, force: true });
  });

  it.each([
    ['REC-4: between journaled as sent and submitted', 'journaled-not-submitted:1'],
    ['REC-4: the same, with a position open or closed before', 'journaled-not-submitted:6'],
    ['REC-2: between submitted and the outcome journaled', 'submitted-not-journaled:1'],
    ['REC-2: the same, later', 'submitted-not-journaled:7'],
    ['REC-5: between created and sent', 'created-not-sent:3'],
    ['REC-1: between filled at the broker and journaled', 'filled-not-journaled:4'],
    ['REC-1: just after a fill is journaled', 'fill-journaled:5'],
    ['JRN-2: after the broker lived through a bar, before the decision', 'after-bar:60'],
    ['JRN-2: before the broker saw the bar', 'before-bar:61'],
    ['JRN-2: just after a decision', 'decided:62'],
    ['JRN-4: just after an order was journaled as accepted', 'event-accepted:4'],
  ])('%s: the journal ends as if nothing had happened', async (_name, kill) => {
    const home = newHome();
    expect(await run(home, { kill })).toEqual({ killed: true });
    const result = await finish(home);
    expectNothingTwice(result);
    expect(result).toEqual(reference);
  });

  it('killed again and again at random points, it still ends the same', async () => {
    const seed = 20_241_120;
    const rng = new SeededRng(seed);
    const home = newHome();
    let kills = 0;
    for (;;) {
      const ending = await run(home, { kill: `any:${20 + integerBelow(rng, 160)}` });
      if ('result' in ending) {
        expect(ending.result, `seed ${seed}`).toEqual(reference);
        break;
      }
      kills += 1;
      expect(kills).toBeLessThan(100);
    }
    expect(kills).toBeGreaterThan(3);
  });

  it('killed from outside at random moments, it still ends the same', async () => {
    const seed = 77;
    const rng = new SeededRng(seed);
    const bars = 900;
    const expected = await finish(newHome(), bars);
    const home = newHome();
    let kills = 0;
    let result: Result | undefined;
    while (result === undefined && kills < 5) {
      const ending = await run(home, { bars, killAfterMs: 20 + integerBelow(rng, 150) });
      if ('result' in ending) result = ending.result;
      else kills += 1;
    }
    expect(result ?? (await finish(home, bars)), `seed ${seed}`).toEqual(expected);
    expect(kills).toBeGreaterThan(0);
  });
});
