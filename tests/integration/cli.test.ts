import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { cleanUp, cli, jsonOf, newFolder } from '../support/engine.ts';

vi.setConfig({ testTimeout: 60_000 });
afterAll(cleanUp);

/** Every command and subcommand, with the least arguments that it accepts. */
const COMMANDS: readonly (readonly string[])[] = [
  ['demo'],
  ['import', 'x.csv'],
  ['data', 'list'],
  ['data', 'quality', 'EURUSD', 'H1'],
  ['data', 'remove', 'EURUSD', 'H1'],
  ['train', 'EURUSD', 'H1'],
  ['backtest', 'mdl_0000'],
  ['optimize', 'mdl_0000'],
  ['study', 'study_0000'],
  ['list', 'MODELS'],
  ['deploy', 'study_0000'],
  ['live', 'run', 'dep_0000'],
  ['live', 'resume', 'ses_0000'],
  ['live', 'list'],
  ['live', 'stop', 'ses_0000'],
  ['flatten'],
  ['report', 'mdl_0000'],
  ['serve'],
  ['doctor'],
];
const nameOf = (words: readonly string[]): string => words.filter((word) => /^[a-z]+$/.test(word)).join(' ');

/** Two at a time: what two cores can do. */
async function each<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await run(item);
  };
  await Promise.all([lane(), lane()]);
}

describe('the frontier command', () => {
  it('explains every command, with the options that all have', async () => {
    await each(COMMANDS, async (words) => {
      const name = nameOf(words);
      const { status, stdout, stderr } = await cli([...name.split(' '), '--help']);
      expect([status, stderr], name).toEqual([0, '']);
      expect(stdout, name).toContain(`Usage: frontier ${name}`);
      for (const option of ['--home <dir>', '--json']) expect(stdout, name).toContain(option);
    });
  });

  it('lists every command in its own help', async () => {
    const { status, stdout } = await cli(['--help']);
    expect(status).toBe(0);
    for (const words of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${words[0]}\\b`, 'm'));
    expect((await cli(['--version'])).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.each<[string, readonly string[], number, string, RegExp]>([
    ['an unknown command', ['nothing'], 2, 'BAD_INPUT', /unknown command 'nothing'/],
    ['a misspelt command', ['imprt', 'x.csv'], 2, 'BAD_INPUT', /Did you mean import/],
    ['an unknown option', ['data', 'list', '--wrong'], 2, 'BAD_INPUT', /unknown option '--wrong'/],
    ['a missing argument', ['train', 'EURUSD'], 2, 'BAD_INPUT', /missing required argument 'timeframe'/],
    ['too many arguments', ['data', 'list', 'more'], 2, 'BAD_INPUT', /too many arguments/],
    ['a number that is none', ['train', 'EURUSD', 'H1', '--epochs', 'x'], 2, 'BAD_INPUT', /--epochs/],
    ['a number out of range', ['serve', '--port', '70000'], 2, 'BAD_INPUT', /--port/],
    ['too few evaluations', ['demo', '--no-open', '--evaluations', '199'], 2, 'BAD_INPUT', /--evaluations/],
    ['a choice that is none', ['import', 'x', '--symbol', 'A', '--side', 'up'], 2, 'BAD_INPUT', /--side/],
    ['a timeframe that is none', ['train', 'EURUSD', 'H9'], 2, 'BAD_INPUT', /"H9" is not a timeframe/],
    [
      'a setting that an argument says',
      ['train', 'EURUSD', 'H1', '--set', 'symbol=GOOG'],
      2,
      'BAD_INPUT',
      /no setting symbol/,
    ],
    ['a file without a symbol', ['import', 'x.csv'], 2, 'BAD_INPUT', /Which symbol is x\.csv/],
    ['a symbol that is a path', ['import', 'demo', '--symbol', '../x'], 2, 'BAD_INPUT', /^symbol: /],
    ['an id that is none', ['backtest', '../../x'], 2, 'BAD_INPUT', /^modelId: /],
    ['a history that is not there', ['train', 'EURUSD', 'H1'], 3, 'NOT_FOUND', /no EURUSD H1 history/],
    ['a model that is not there', ['backtest', 'mdl_0000'], 3, 'NOT_FOUND', /mdl_0000/],
    ['a study that is not there', ['deploy', 'study_0000'], 3, 'NOT_FOUND', /study_0000/],
    ['a session that is not there', ['live', 'stop', 'ses_0000'], 3, 'NOT_FOUND', /ses_0000/],
    [
      'a run to resume that is not there',
      ['train', 'A', 'H1', '--resume', 'run_0000'],
      3,
      'NOT_FOUND',
      /run_0000/,
    ],
  ])('answers %s with its status and one object', async (_, words, status, code, message) => {
    const machine = await cli([...words, '--json', '--home', newFolder()]);
    expect(machine.status).toBe(status);
    expect(machine.stderr).toBe('');
    const { error } = jsonOf(machine) as { error: { code: string; message: string; hint: string } };
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\w/);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    [
      'what was typed wrongly',
      ['data', 'list', '--wrong'],
      2,
      /unknown option '--wrong'\s+See frontier data --help/,
    ],
    ['what is not there', ['data', 'quality', 'EURUSD', 'H1'], 3, /no EURUSD H1 history\.\s+Import it first/],
  ])('tells people on standard error %s, and what to do', async (_, words, status, message) => {
    const ended = await cli([...words, '--home', newFolder()]);
    expect([ended.status, ended.stdout]).toEqual([status, '']);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/node_modules|\.ts:\d/);
  });

  it('says what to type when nothing was asked', async () => {
    for (const words of [[], ['data'], ['live']]) {
      const { status, stdout, stderr } = await cli(words);
      expect(status).toBe(2);
      expect(stdout + stderr).toContain('Usage: frontier');
    }
  });

  it('tries the machine for real', async () => {
    const home = newFolder();
    const ended = await cli(['doctor', '--json', '--home', home]);
    expect(ended.status, ended.stderr).toBe(0);
    const found = jsonOf(ended);
    expect(found).toMatchObject({
      home,
      host: 'cli',
      nodeVersion: process.version,
      interfaceBuilt: expect.any(Boolean),
      datasets: 0,
      models: 0,
    });
    expect(found.engines).toContainEqual({
      name: 'cpu',
      available: true,
      detail: expect.stringMatching(/^works \(probe \d+\.\d ms\)$/),
      devices: ['cpu'],
    });
    const engines = found.engines as { name: string; available: boolean; reason?: string }[];
    expect(engines.map(({ name }) => name)).toEqual(['cpu', 'webgpu', 'cuda', 'directml', 'coreml', 'tfjs']);
    for (const engine of engines) expect(engine.available).toBe(engine.reason === undefined);
    expect(found.devices).toContainEqual(
      expect.objectContaining({ id: 'cpu', available: true, memoryBytes: expect.any(Number) }),
    );
    const { status, stdout } = await cli(['doctor', '--home', home]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Engine cpu +works/m);
    expect(stdout).toMatch(/^Device cpu +.+ cores, [\d.]+ GiB memory/m);
  });
});

describe('the data folder', () => {
  it('is the one of --home, else of FRONTIER_HOME, and nothing is written elsewhere', async () => {
    const [flag, variable, user] = [newFolder(), newFolder(), newFolder()];
    const env = { FRONTIER_HOME: variable, HOME: user, XDG_DATA_HOME: join(user, 'data') };
    expect((await cli(['import', 'demo', '--json', '--home', flag], env)).status).toBe(0);
    const here = jsonOf(await cli(['data', 'list', '--json', '--home', flag], env));
    expect(here.datasets).toMatchObject([{ symbol: 'SYNFX', synthetic: true }]);
    expect(readdirSync(variable)).toEqual([]);
    const there = jsonOf(await cli(['data', 'list', '--json'], env));
    expect(there.datasets).toEqual([]);
    expect(existsSync(join(variable, 'frontier.sqlite'))).toBe(true);
    expect(readdirSync(user)).toEqual([]);
  });

  it('is made with its parents, and stays the user’s own', async () => {
    const home = join(newFolder(), 'a', 'b');
    const { status } = await cli(['data', 'list', '--home', home]);
    expect(status).toBe(0);
    expect(existsSync(join(home, 'frontier.sqlite'))).toBe(true);
  });

  it('takes paths from where the user stands, not from where the program lies', async () => {
    const [home, caller] = [newFolder(), newFolder()];
    mkdirSync(join(caller, 'sub'));
    const ended = await cli(['import', './sub', '--symbol', 'EURUSD', '--json', '--home', home], {
      FRONTIER_CALLER_CWD: caller,
    });
    expect(jsonOf(ended)).toMatchObject({ error: { message: `${join(caller, 'sub')} is not a file.` } });
  });

  it('removes a history only when it is there', async () => {
    const home = newFolder();
    expect((await cli(['import', 'demo', '--home', home])).status).toBe(0);
    const quality = jsonOf(await cli(['data', 'quality', 'synfx', 'h1', '--json', '--home', home]));
    expect(quality).toMatchObject({ score: expect.any(Number), issues: expect.any(Array) });
    const gone = jsonOf(await cli(['data', 'remove', 'SYNFX', 'H1', '--json', '--home', home]));
    expect(gone).toEqual({
      removed: { symbol: 'SYNFX', timeframe: 'H1' },
      changeId: expect.stringMatching(/^chg_/),
    });
    expect((await cli(['data', 'remove', 'SYNFX', 'H1', '--home', home])).status).toBe(3);
    const listed = jsonOf(await cli(['data', 'list', '--json', '--home', home]));
    expect(listed).toEqual({ datasets: [] });
  });

  it('is refused by words where it cannot be made', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, 'in the way');
    const ended = await cli(['data', 'list', '--json', '--home', join(file, 'home')]);
    expect(ended.status).toBe(1);
    expect(jsonOf(ended)).toMatchObject({
      error: { code: 'UNAVAILABLE', message: expect.stringContaining(file) },
    });
  });
});
