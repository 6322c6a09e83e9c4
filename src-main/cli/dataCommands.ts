/** The commands of `frontier data`, and `frontier import`. */
import { type Command, Option } from 'commander';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe, type Timeframe } from '../../src-shared/market/timeframes.ts';
import type { FetchOptions } from './commands/fetch.ts';
import type { FileOptions, ImportOptions } from './commands/import.ts';
import type { RepairOptions } from './commands/repair.ts';
import { type CommonOptions, command, type Raw, sideOption, timeframeOption, whole } from './options.ts';

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

/** Adds them. */
export function addDataCommands(program: Command): void {
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
    .requiredOption(
      '--from <time>',
      'bars that open at or after, for example 2024-03-01 or 2024-03-01T14:30Z',
    )
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
}
