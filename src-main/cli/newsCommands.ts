/** `frontier calendar` and the commands of `frontier news`. */
import { type Command, Option } from 'commander';
import { command } from './options.ts';

/** Adds them. */
export function addNewsCommands(program: Command): void {
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
}
