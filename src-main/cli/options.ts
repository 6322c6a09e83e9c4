/** What the commands of the command line share: their options, and how one is added. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TIMEFRAMES } from '../../src-shared/market/timeframes.ts';
import { resolveHome } from './home.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly home: string;
  readonly json: boolean;
}

/** A whole number within bounds. @throws InvalidArgumentError */
export function whole(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A number within bounds. @throws InvalidArgumentError */
export function real(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < min || value > max)
      throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
    return value;
  };
}

/** Which side of the quote. */
export const sideOption = (): Option =>
  new Option(
    '--side <side>',
    'side of the prices (default: bid where it is stored, else mid, else ask)',
  ).choices(['bid', 'ask', 'mid']);

/** Options that say which entries a strategy leaves out. */
export function entryOptions(c: Command): Command {
  return c
    .addOption(
      new Option('--blackout <impact>', 'no entries around news of this impact or above').choices([
        'medium',
        'high',
      ]),
    )
    .option('--blackout-before <minutes>', 'so long before an event', whole(0, 1440), 30)
    .option('--blackout-after <minutes>', 'so long after it', whole(0, 1440), 30)
    .option('--include-repaired', 'allow entries after repaired bars')
    .option('--require-interval', 'only entries whose whole forecast interval lies beyond the cost')
    .option('--avoid-anomalies <model>', 'no entries after windows that this anomaly model flags');
}

/** One of the stored bar lengths. */
export const timeframeOption = (): Option =>
  new Option('-t, --timeframe <timeframe>', 'bar length').choices([...TIMEFRAMES]);

/** Options of one command. */
export type Raw = Record<string, unknown>;

/** Adds a command with the common options; `run` gets them resolved. */
export function command<O extends Raw>(
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
