/** Downloads and keys from the command line, in processes of their own that are stopped and killed. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { barAt, barCount } from '../../src-shared/market/bars.ts';
import { FROM_MS, KEY, oandaFixture } from '../peers/fixtures.ts';
import type { ProviderFixture } from '../peers/providerFixture.ts';
import {
  cleanUp,
  cli,
  descendantsOf,
  isAlive,
  jsonOf,
  newFolder,
  openEngine,
  ROOT,
  startCli,
  until,
} from '../support/engine.ts';
import { firstPageOf, providerVariable } from '../support/fetchWorld.ts';

const MAIN = join(ROOT, 'src-main', 'cli', 'main.ts');
const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

afterAll(cleanUp);

/** Runs a command with something on its standard input. */
function cliWith(
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; out: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (out += data.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out })));
}

/** Every file below a folder that holds a text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() && readFileSync(path).includes(text);
  });
}

describe('frontier data fetch', { timeout: 90_000 }, () => {
  let fixture: ProviderFixture;
  afterEach(() => fixture.peer.stop());

  async function prepared(): Promise<{ home: string; env: Record<string, string>; args: string[] }> {
    const home = newFolder();
    const env = providerVariable([fixture]);
    const { status, out } = await cliWith(
      ['data', 'key', 'set', 'oanda.token', '--home', home],
      `${KEY}\n`,
      env,
    );
    expect([status, out]).toEqual([0, 'Stored oanda.token.\n']);
    const { timeframe, toMs } = fixture.request;
    const span = ['--from', day(FROM_MS), '--to', day(toMs)];
    const args = ['data', 'fetch', 'EURUSD', '-p', 'oanda', '-t', timeframe, ...span, '--home', home];
    return { home, env, args };
  }

  async function expectWhole(home: string): Promise<void> {
    const engine = await openEngine(home);
    const { symbol, timeframe, priceSide } = fixture.request;
    const bars = await engine.context.bars.load(symbol, timeframe, {}, priceSide);
    const rows = Array.from({ length: barCount(bars) }, (_, i) => barAt(bars, i));
    expect(rows).toEqual(fixture.world.bars.map((bar) => fixture.barOf(bar)));
    await engine.close();
  }

  it('takes a key from standard input, downloads, updates, and shows the key nowhere', async () => {
    fixture = await oandaFixture('bid', 'H1', 20);
    const { home, env, args } = await prepared();
    fixture.peer.nowMs = fixture.world.bars[100]!.timeMs + 60_000;
    const first = await cli([...args, '--json'], env);
    expect(first.status).toBe(0);
    expect(jsonOf(first)).toMatchObject({
      runs: [{ state: 'done', tasks: [{ symbol: 'EURUSD', bars: 100 }] }],
    });
    fixture.peer.nowMs = fixture.world.nowMs;
    const update = await cli(['data', 'update', 'EURUSD', 'H1', '--home', home], env);
    expect(update).toMatchObject({ status: 0 });
    // What is asked for now goes beyond the fixture's world; all of that was delivered.
    expect(update.stdout).toContain(`${fixture.world.bars.length - 100}  new bars`);
    await expectWhole(home);
    const keys = jsonOf(await cli(['data', 'key', 'list', '--home', home, '--json'], env));
    expect(keys.keys).toContainEqual({ secret: 'oanda.token', label: expect.any(String), stored: true });
    const removed = await cli(['data', 'key', 'remove', 'oanda.token', '--home', home], env);
    expect(removed.stdout).toBe('Removed oanda.token.\n');
    const without = await cli(['data', 'update', '--home', home, '--json'], env);
    expect(jsonOf(without)).toMatchObject({
      error: { code: 'REFUSED', hint: expect.stringContaining('data key set') },
    });
    expect(filesWith(home, KEY)).toEqual([]);
    const providers = await cli(['data', 'providers', '--home', home], env);
    expect(providers.stdout).toContain('dukascopy: Dukascopy, ready');
    expect(providers.stdout).toContain('oanda: OANDA, needs oanda.token');
  });

  it('stops at Ctrl-C, says what is kept, and goes on from there', async () => {
    fixture = await oandaFixture('bid');
    const { home, env, args } = await prepared();
    fixture.peer.faults.push(
      { kind: 'answer', answer: firstPageOf(fixture) },
      { kind: 'too-many', headers: { 'retry-after': '300' } },
    );
    const program = startCli(args, env);
    await until('it waits', () => fixture.peer.requests.length === 2);
    program.child.kill('SIGINT');
    const ended = await program.ended;
    expect(ended.status).toBe(130);
    expect(ended.stdout).toContain('EURUSD M1 bid  stopped  5000  new bars');
    expect(ended.stdout).toContain('What came is kept; the same command goes on from there.');
    fixture.peer.requests.length = 0;
    expect((await cli(args, env)).status).toBe(0);
    const from = Date.parse(fixture.peer.requests[0]!.query.get('from')!);
    expect(from).toBe(fixture.world.bars[4999]!.timeMs + 1);
    await expectWhole(home);
  });

  it('PRV-36: goes on after kill -9 with what was stored, and leaves no worker behind', async () => {
    fixture = await oandaFixture('bid');
    const { home, env, args } = await prepared();
    // The wait is longer than pages are held back, so that the second page is stored when it comes.
    fixture.peer.faults.push(
      { kind: 'answer', answer: firstPageOf(fixture) },
      { kind: 'too-many', headers: { 'retry-after': '6' } },
    );
    const program = startCli(args, env);
    await until('the second page was asked for again', () => fixture.peer.requests.length >= 3, 30_000);
    fixture.peer.faults.push({ kind: 'slow' }, { kind: 'slow' });
    const started = descendantsOf(program.child.pid!);
    const stored = (): boolean => {
      try {
        const names = readdirSync(join(home, 'bars'), { recursive: true, encoding: 'utf8' });
        return names.some((name) => name.endsWith('dataset.json'));
      } catch {
        // Folders come and go while a version is written.
        return false;
      }
    };
    await until('something is stored', stored, 30_000);
    program.child.kill('SIGKILL');
    await program.ended;
    await until('nothing is left', () => started.every((pid) => !isAlive(pid)), 10_000);
    fixture.peer.faults.length = 0;
    fixture.peer.requests.length = 0;
    const again = await cli([...args, '--json'], env);
    expect(again.status, again.stdout + again.stderr).toBe(0);
    const from = Date.parse(fixture.peer.requests[0]!.query.get('from')!);
    expect(from).toBeGreaterThan(fixture.world.bars[4999]!.timeMs);
    await expectWhole(home);
    const listed = jsonOf(await cli(['data', 'list', '--home', home, '--json'], env)) as {
      datasets: { bars: number }[];
    };
    expect(listed.datasets.map((d) => d.bars)).toEqual([fixture.world.bars.length]);
  });

  it('says what is wrong in one line of JSON and with its status', async () => {
    fixture = await oandaFixture('bid', 'H1', 20);
    const { env, args } = await prepared();
    fixture.peer.faults.push({ kind: 'html' });
    const failed = await cli([...args, '--json'], env);
    expect(failed.status).toBe(1);
    expect(jsonOf(failed)).toMatchObject({
      error: { code: 'UNAVAILABLE', message: expect.stringContaining('web page instead of data') },
      runs: [{ state: 'failed' }],
    });
    const wrong = await cli(
      [
        ...args.slice(0, 3),
        '-p',
        'bloomberg',
        '-t',
        'H1',
        '--from',
        '2024-03-04',
        '--json',
        ...args.slice(-2),
      ],
      env,
    );
    expect([wrong.status, jsonOf(wrong)]).toMatchObject([3, { error: { code: 'NOT_FOUND' } }]);
    const noKey = await cliWith(['data', 'key', 'set', 'oanda.token', ...args.slice(-2)], '\n', env);
    expect(noKey.status).toBe(2);
    expect(noKey.out).toContain('No value was given.');
  });
});
