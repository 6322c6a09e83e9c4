import type { FrontierClient } from '../../../src-shared/contract/index.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { ALL_TIMEFRAMES, TIMEFRAMES, type Timeframe } from '../../../src-shared/market/timeframes.ts';
import { connect } from '../connect.ts';
import type { CommonOptions } from '../options.ts';
import { printResult, StepProgress } from '../output.ts';

/** @throws FrontierError BAD_INPUT naming the known ones */
export function timeframeOf(text: string): Timeframe {
  const found = TIMEFRAMES.find((t) => t === text.toUpperCase());
  if (found) return found;
  const made = ALL_TIMEFRAMES.find((t) => t === text.toUpperCase());
  if (made) {
    throw new FrontierError(
      'BAD_INPUT',
      `Histories of ${made} are not stored; ${TIMEFRAMES.join(', ')} are.`,
      `Charts make ${made} of a shorter one, and \`frontier data export SYMBOL M1 FILE --as ${made}\` writes it to a file.`,
    );
  }
  throw new FrontierError(
    'BAD_INPUT',
    `"${text}" is not a timeframe.`,
    `Use one of ${TIMEFRAMES.join(', ')}.`,
  );
}

export interface CommandTools {
  readonly client: FrontierClient;
  readonly progress: StepProgress;
  /** Aborted by Ctrl-C: long work is stopped cleanly and what was finished is kept. */
  readonly signal: AbortSignal;
}

/**
 * Opens the engine (or asks the running one), runs a command, prints its result, and closes.
 * @param text the result for people
 * @param figures the result for machines: all of it where nothing else is said
 */
export async function withEngine<T>(
  options: CommonOptions,
  run: (tools: CommandTools) => Promise<T>,
  text: (result: T) => string,
  figures: (result: T) => unknown = (result) => result,
): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void =>
    stop.abort(new FrontierError('CANCELLED', 'Stopped by the user. What was finished is kept.'));
  // Not once: under npm one Ctrl-C comes twice, and the second must not cut the closing short.
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // Listening before the engine starts: a signal meanwhile ends the command as cleanly as one later.
  const connection = await connect(options.home);
  const progress = new StepProgress(options.json);
  try {
    stop.signal.throwIfAborted();
    const result = await run({ client: connection.client, progress, signal: stop.signal });
    progress.stop();
    printResult(options.json, figures(result), () => text(result));
  } finally {
    progress.stop();
    await connection.close();
  }
}
