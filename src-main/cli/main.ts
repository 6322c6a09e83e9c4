import { Command, CommanderError, Option } from 'commander';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { appVersion } from '../ops/paths.ts';
import { addDataCommands } from './dataCommands.ts';
import type { EntryOptions } from './entryOptions.ts';
import { addNewsCommands } from './newsCommands.ts';
import { command, entryOptions, real, timeframeOption, whole } from './options.ts';
import { reportError } from './output.ts';
import { addTrainCommands } from './trainCommands.ts';

const program = new Command('frontier')
  .description('Trading workstation: bring history, train, backtest, optimise, deploy, watch.')
  .version(appVersion())
  .showSuggestionAfterError()
  .configureOutput({ outputError: () => undefined });

// Each command loads what it needs when it runs, so that help and refusals come at once.

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

addDataCommands(program);
addTrainCommands(program);

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

addNewsCommands(program);

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

/**
 * Resolves when everything printed has reached whoever reads it: a pipe takes 64 KiB at a time, and an exit would cut
 * off the rest. Somebody who stopped reading wants no more.
 */
async function printed(): Promise<void> {
  const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise((resolve) => {
      stream.once('error', () => resolve());
      stream.write('', () => resolve());
    });
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
}

throwInsteadOfExit(program);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  fail(error);
}
await printed();
// Streams that clients abandoned must not keep a finished command alive.
process.exit();
