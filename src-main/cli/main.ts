import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import {
  ALL_TIMEFRAMES,
  type AnyTimeframe,
  TIMEFRAMES,
  type Timeframe,
} from '../../src-shared/market/timeframes.ts';
import { appVersion } from '../ops/paths.ts';
import type { FetchOptions } from './commands/fetch.ts';
import type { FileOptions, ImportOptions } from './commands/import.ts';
import type { RepairOptions } from './commands/repair.ts';
import type { EntryOptions } from './entryOptions.ts';
import { resolveHome } from './home.ts';
import { reportError } from './output.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly home: string;
  readonly json: boolean;
}

function whole(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return value;
  };
}

function real(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < min || value > max)
      throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
    return value;
  };
}

const program = new Command('frontier')
  .description('Trading workstation: bring history, train, backtest, optimise, deploy, watch.')
  .version(appVersion())
  .showSuggestionAfterError()
  .configureOutput({ outputError: () => undefined });

const sideOption = (): Option =>
  new Option(
    '--side <side>',
    'side of the prices (default: bid where it is stored, else mid, else ask)',
  ).choices(['bid', 'ask', 'mid']);

/** Options that say which entries a strategy leaves out. */
function entryOptions(c: Command): Command {
  return c
    .addOption(
      new Option('--blackout <impact>', 'no entries around news of this impact or above').choices([
        'medium',
        'high',
      ]),
    )
    .option('--blackout-before <minutes>', 'so long before an event', whole(0, 1440), 30)
    .option('--blackout-after <minutes>', 'so long after it', whole(0, 1440), 30)
    .option('--include-repaired', 'allow entries after repaired bars');
}

const timeframeOption = (): Option =>
  new Option('-t, --timeframe <timeframe>', 'bar length').choices([...TIMEFRAMES]);

// Each command loads what it needs when it runs, so that help and refusals come at once.

type Raw = Record<string, unknown>;

/** Adds a command with the common options; `run` gets them resolved. */
function command<O extends Raw>(
  parent: Command,
  spec: string,
  about: string,
  run: (args: string[], options: O & CommonOptions) => Promise<void>,
): Command {
  return parent
    .command(spec)
    .description(about)
    .option('--home <dir>', 'data folder (default: FRONTIER_HOME, else the place for application data)')
    .option('--json', 'print one JSON object as the last line')
    .action(async (...given: unknown[]) => {
      const self = given.at(-1) as Command;
      const options = self.opts<O & { home?: string; json?: boolean }>();
      await run(self.args, { ...options, home: resolveHome(options.home), json: options.json === true });
    });
}

command<{
  data?: string;
  symbol?: string;
  timeframe?: Timeframe;
  zone?: string;
  open: boolean;
  evaluations: number;
  seed: number;
}>(program, 'demo', 'run the whole main job and open the workstation on the result', async (_, o) =>
  (await import('./commands/demo.ts')).demo(o),
)
  .option('--data <file>', "the user's own history in place of the embedded demo market")
  .option('--symbol <symbol>', 'symbol of that history')
  .addOption(timeframeOption())
  .option('--zone <zone>', 'time zone of that history when its times carry none')
  .option('--no-open', 'end instead of opening the workstation')
  .option('--evaluations <n>', 'evaluations of the study', whole(200, 100_000), 400)
  .option('--seed <n>', 'seed of training and study', whole(0, 0xffffffff), 7);

/** What a file is, for commands that read one. */
function withFileOptions(c: Command): Command {
  return c
    .option('-s, --symbol <symbol>', 'symbol of the history (default: what the name of the file tells)')
    .addOption(timeframeOption())
    .option('--zone <zone>', 'time zone when the times carry none, for example America/New_York or -05:00')
    .addOption(sideOption())
    .option('--columns <roles>', 'what the columns are, for example date,clock,open,high,low,close,ignore')
    .option('--entry <name>', 'file of a zip archive that holds several');
}

function importSpec(parent: Command): void {
  withFileOptions(
    command<Omit<ImportOptions, keyof CommonOptions> & Raw>(
      parent,
      'import <files...>',
      'read, check and store files of bars or ticks; the word demo names the embedded SYNTHETIC market',
      async (files, o) => (await import('./commands/import.ts')).importCommand(files, o),
    ),
  )
    .option('--repair <kind=choice...>', 'what to do with rows that cannot be stored as they are')
    .option('--merge', 'add to the stored history in place of replacing it');
}

importSpec(program);

const data = program.command('data').description('stored histories');
importSpec(data);
command(data, 'list', 'list the stored histories', async (_, o) =>
  (await import('./commands/data.ts')).dataList(o),
);
withFileOptions(
  command<Omit<FileOptions, keyof CommonOptions> & Raw>(
    data,
    'quality <file-or-symbol> [timeframe]',
    'what the check of a file or of a stored history finds',
    async ([what, t], o) => {
      const { fileQuality, isFile } = await import('./commands/import.ts');
      if (t === undefined && isFile(what!)) await fileQuality(what!, o);
      else await (await import('./commands/data.ts')).dataQuality(what!, t ?? o.timeframe ?? '', o);
    },
  ),
);
command<{ side?: PriceSide }>(
  data,
  'remove <symbol> <timeframe>',
  'remove a stored history; `data undo` brings it back',
  async ([s, t], o) => (await import('./commands/data.ts')).dataRemove(s!, t!, o),
).addOption(sideOption());
command<{ side?: PriceSide; timeframe?: Timeframe; limit: number }>(
  data,
  'changes [symbol]',
  'what was done to the stored histories, the newest first',
  async ([s], o) => (await import('./commands/data.ts')).dataChanges(s, o),
)
  .addOption(timeframeOption())
  .addOption(sideOption())
  .option('--limit <n>', 'at most so many', whole(1, 1000), 100);
command<Omit<RepairOptions, keyof CommonOptions> & Raw>(
  data,
  'repair <symbol> <timeframe>',
  'show what repairs of a stored history would change; with --apply do it, and `data undo` takes it back',
  async ([s, t], o) => (await import('./commands/repair.ts')).repairCommand(s!, t!, o),
)
  .option('--drop <kind...>', 'remove the bars of this kind of issue')
  .option('--clip <kind...>', 'limit their prices to what the bars around make plausible')
  .option('--fill <kind...>', 'fill missing bars with the close before them, marked as filled')
  .option('--refetch <kind...>', 'ask the provider of the history again')
  .option('--at <time>', 'only the issue that starts at this time; the kind "bar" names any single bar')
  .addOption(sideOption())
  .option('--apply', 'store the result');
command(data, 'undo <change>', 'take back the newest change of a history', async ([change], o) =>
  (await import('./commands/data.ts')).dataUndo(change!, o),
);
command<{ side?: PriceSide }>(
  data,
  'resample <symbol> <timeframe> <target>',
  'store a history in a longer timeframe too',
  async ([s, t, target], o) => (await import('./commands/data.ts')).dataResample(s!, t!, target!, o),
).addOption(sideOption());
command<{
  side?: PriceSide;
  as?: AnyTimeframe;
  format?: 'csv' | 'parquet';
  from?: string;
  to?: string;
  overwrite?: boolean;
}>(
  data,
  'export <symbol> <timeframe> <file>',
  'write a stored history to a CSV or Parquet file',
  async ([s, t, file], o) => (await import('./commands/data.ts')).dataExport(s!, t!, file!, o),
)
  .addOption(sideOption())
  .addOption(new Option('--as <timeframe>', 'resampled to a longer timeframe').choices([...ALL_TIMEFRAMES]))
  .addOption(
    new Option('--format <format>', 'kind of file (default: by its name, else csv)').choices([
      'csv',
      'parquet',
    ]),
  )
  .option('--from <time>', 'bars that open at or after, for example 2024-03-01 or 2024-03-01T14:30Z')
  .option('--to <time>', 'bars that open before')
  .option('--overwrite', 'replace the file when it exists');

command<Omit<FetchOptions, keyof CommonOptions> & Raw>(
  data,
  'fetch <symbols...>',
  'download histories from a provider; asks only for what is missing',
  async (symbols, o) => (await import('./commands/fetch.ts')).fetchCommand(symbols, o),
)
  .requiredOption('-p, --provider <id>', 'see `data providers`')
  .addOption(timeframeOption().makeOptionMandatory())
  .requiredOption('--from <time>', 'bars that open at or after, for example 2024-03-01 or 2024-03-01T14:30Z')
  .option('--to <time>', 'bars that open before (default: now)')
  .addOption(sideOption());
command<{ side?: PriceSide }>(
  data,
  'update [symbol] [timeframe]',
  'ask the provider of a history, or of all of them, for what came since',
  async ([s, t], o) => (await import('./commands/fetch.ts')).updateCommand(s, t, o),
).addOption(sideOption());
command(data, 'providers', 'list the providers of histories', async (_, o) =>
  (await import('./commands/fetch.ts')).providersCommand(o),
);
const key = data.command('key').description('keys of providers, kept in the secret store');
command(key, 'set <name>', 'keep a key; its value is typed unseen or piped in', async ([name], o) =>
  (await import('./commands/fetch.ts')).keySet(name!, o),
);
command(key, 'remove <name>', 'forget a key', async ([name], o) =>
  (await import('./commands/fetch.ts')).keyRemove(name!, o),
);
command(key, 'list', 'names of the keys that providers ask for', async (_, o) =>
  (await import('./commands/fetch.ts')).keyList(o),
);

command<{
  family: 'mlp' | 'tcn';
  horizon: number;
  window: number;
  epochs: number;
  seed: number;
  engine: 'auto' | 'cpu' | 'webgpu';
  resume?: string;
  includeRepaired?: boolean;
}>(
  program,
  'train <symbol> <timeframe>',
  'train a network on a stored history, calibrate it and store the model',
  async ([s, t], o) => (await import('./commands/train.ts')).trainCommand(s!, t!, o),
)
  .addOption(new Option('--family <family>', 'kind of network').choices(['mlp', 'tcn']).default('mlp'))
  .option('--horizon <bars>', 'bars ahead whose return is predicted', whole(1, 240), 12)
  .option('--window <bars>', 'bars the network sees', whole(1, 512), 1)
  .option('--epochs <n>', 'passes over the training span', whole(1, 1000), 30)
  .option('--seed <n>', 'seed', whole(0, 0xffffffff), 7)
  .addOption(
    new Option('--engine <engine>', 'where it runs').choices(['auto', 'cpu', 'webgpu']).default('auto'),
  )
  .option('--include-repaired', 'learn from samples that touch repaired bars too')
  .option('--resume <run>', 'go on with a run that was stopped or lost');

entryOptions(
  command<
    {
      span: string;
      threshold?: number;
      stop?: number;
      target?: number;
      risk?: number;
      holding?: number;
    } & EntryOptions
  >(program, 'backtest <model>', 'backtest the thresholded strategy of a model', async ([model], o) =>
    (await import('./commands/backtest.ts')).backtestCommand(model!, o),
  )
    .addOption(
      new Option('--span <span>', 'part of the history')
        .choices(['train', 'validation', 'calibration', 'optimisation', 'test', 'replay'])
        .default('test'),
    )
    .option('--threshold <x>', 'entry threshold', real(0, 10))
    .option('--stop <atr>', 'stop-loss in ATR', real(0.1, 50))
    .option('--target <atr>', 'take-profit in ATR', real(0.1, 100))
    .option('--risk <fraction>', 'share of equity at risk per trade, 0.01 is 1 %', real(0.0001, 0.1))
    .option('--holding <bars>', 'maximum holding', whole(1, 10_000)),
);

entryOptions(
  command<
    {
      evaluations: number;
      population: number;
      seed: number;
      minTrades: number;
      resume?: string;
    } & EntryOptions
  >(
    program,
    'optimize <model>',
    'search the genes with NSGA-II on return, drawdown, Sharpe and win rate',
    async ([model], o) => (await import('./commands/optimize.ts')).optimizeCommand(model!, o),
  )
    .option('--evaluations <n>', 'evaluations in all', whole(16, 100_000), 400)
    .option('--population <n>', 'population', whole(8, 500), 40)
    .option('--seed <n>', 'seed', whole(0, 0xffffffff), 7)
    .option('--min-trades <n>', 'fewer trades make a point infeasible', whole(1, 10_000), 20)
    .option('--resume <study>', 'go on with a study that was stopped or lost'),
);
command(
  program,
  'list <what>',
  'list runs, models, backtests, studies, deployments or reports with their ids',
  async ([what], o) => (await import('./commands/list.ts')).listCommand(what!, o),
);

command(program, 'study <study>', 'the front of a study', async ([study], o) =>
  (await import('./commands/optimize.ts')).studyCommand(study!, o),
);

command<{ trial?: string; yes?: boolean }>(
  program,
  'deploy <study>',
  'deploy a point of the front to the paper broker',
  async ([study], o) => (await import('./commands/live.ts')).deployCommand(study!, o),
).option('--trial <trial>', 'point to deploy (default: the recommended one)');

const live = program.command('live').description('live sessions on the paper broker');
command<{ bars?: number; speed: number }>(
  live,
  'run <deployment>',
  'replay the last days of history through a live session',
  async ([d], o) => (await import('./commands/live.ts')).liveRun(d!, o),
)
  .option('--bars <n>', 'bars to replay (default: the span kept for it)', whole(1, 1_000_000))
  .option('--speed <bars>', 'bars per second; 0 is as fast as it goes', real(0, 1_000_000), 0);
command<{ speed?: number }>(
  live,
  'resume <session>',
  'go on with a session that was paused or interrupted',
  async ([s], o) => (await import('./commands/live.ts')).liveResume(s!, o),
).option('--speed <bars>', 'bars per second from now on (default: as before)', real(0, 1_000_000));
command(live, 'list', 'list the sessions', async (_, o) => (await import('./commands/live.ts')).liveList(o));
command(live, 'stop <session>', 'end a session; positions stay open', async ([s], o) =>
  (await import('./commands/live.ts')).liveStop(s!, o),
);

command(
  program,
  'flatten',
  'cancel pending orders, close every position at market, stop every session',
  async (_, o) => (await import('./commands/live.ts')).flattenCommand(o),
);

command<{ backtest?: string; study?: string; session?: string }>(
  program,
  'report <model>',
  'write an HTML report',
  async ([model], o) => (await import('./commands/report.ts')).reportCommand(model!, o),
)
  .option('--backtest <id>', 'backtest to include')
  .option('--study <id>', 'study to include')
  .option('--session <id>', 'paper session to include');

command<{ port: number; open: boolean }>(
  program,
  'serve',
  'open the workstation in the browser, on this machine only',
  async (_, o) =>
    (await import('./commands/serve.ts')).serve({
      home: o.home,
      port: o.port,
      open: o.open,
      quiet: !o.open || o.json,
      announce: o.json ? ({ url, port }) => console.log(JSON.stringify({ url, port })) : undefined,
    }),
)
  .option('--port <port>', 'port (default: any free one)', whole(0, 65_535), 0)
  .option('--no-open', 'print the address and do not open the browser');

command(program, 'doctor', 'check this machine and the data folder', async (_, o) =>
  (await import('./commands/doctor.ts')).doctor(o),
);

command<{ at?: string }>(
  program,
  'calendar <symbol>',
  'whether the market of a symbol is open, when that changes, and its next sessions',
  async ([symbol], o) => (await import('./commands/calendar.ts')).calendarCommand(symbol!, o),
).option('--at <instant>', 'at this instant instead of now, for example 2026-11-20T14:30Z');

const news = program.command('news').description('economic calendar and headlines');
command<{ zone?: string }>(
  news,
  'import <file>',
  'read a CSV or ICS calendar, whole or not at all',
  async ([file], o) => (await import('./commands/news.ts')).newsImport(file!, o),
).option('--zone <zone>', 'time zone when the times carry none, for example America/New_York');
command<{ from?: string; to?: string; currency?: string; impact?: 'low' | 'medium' | 'high' | 'holiday' }>(
  news,
  'list',
  'list scheduled events (default: of the next seven days)',
  async (_, o) => (await import('./commands/news.ts')).newsList(o),
)
  .option('--from <instant>', 'first instant, for example 2026-11-20')
  .option('--to <instant>', 'end')
  .option('--currency <codes>', 'currencies, separated by commas')
  .addOption(new Option('--impact <impact>', 'impact').choices(['low', 'medium', 'high', 'holiday']));
command<{ from?: string; to?: string }>(
  news,
  'fetch [provider]',
  'ask a provider; without one, list them',
  async ([provider], o) => (await import('./commands/news.ts')).newsFetch(provider, o),
)
  .option('--from <instant>', 'first instant (default: a week ago)')
  .option('--to <instant>', 'end (default: in a week)');

/** The help nearest to what was typed. */
function helpCommand(): string {
  const known = program.commands.find((c) => c.name() === process.argv[2]);
  return known ? `frontier ${known.name()} --help` : 'frontier --help';
}

function fail(error: unknown): void {
  const json = process.argv.includes('--json');
  if (!(error instanceof CommanderError)) {
    process.exitCode = reportError(error, json);
    return;
  }
  if (error.exitCode === 0) return;
  const message = error.message.replace(/^error: /, '');
  if (json) console.log(JSON.stringify({ error: { code: 'BAD_INPUT', message, hint: 'See --help.' } }));
  else if (message !== '(outputHelp)') console.error(`${message}\n  See ${helpCommand()}.`);
  process.exitCode = 2;
}

function throwInsteadOfExit(c: Command): void {
  c.exitOverride().configureOutput({ outputError: () => undefined });
  for (const sub of c.commands) throwInsteadOfExit(sub);
}

throwInsteadOfExit(program);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  fail(error);
}
// Streams that clients abandoned must not keep a finished command alive.
process.exit();
