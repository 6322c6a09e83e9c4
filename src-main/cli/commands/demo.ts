import { basename } from 'node:path';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { createEngine } from '../../app/index.ts';
import { mainJobFigures, runMainJob } from '../../app/mainJob.ts';
import { FileSecretStore } from '../../ops/secrets.ts';
import { resolveUserPath } from '../home.ts';
import { printResult, StepProgress } from '../output.ts';
import { mainJobSummary } from '../summary.ts';
import { serveEngine } from './serve.ts';

export interface DemoOptions {
  readonly home: string;
  readonly json: boolean;
  readonly open: boolean;
  readonly data?: string | undefined;
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  readonly zone?: string | undefined;
  readonly evaluations: number;
  readonly seed: number;
}

function fileOf(options: DemoOptions) {
  if (!options.data) return undefined;
  if (!options.symbol)
    throw new FrontierError(
      'BAD_INPUT',
      `Which symbol is ${basename(options.data)}?`,
      'Add --symbol, for example --symbol EURUSD.',
    );
  return {
    path: resolveUserPath(options.data),
    symbol: options.symbol,
    timeframe: options.timeframe,
    zone: options.zone,
  };
}

/** The main job in the terminal; afterwards the workstation stays open on the result unless told otherwise. */
export async function demo(options: DemoOptions): Promise<void> {
  const file = fileOf(options);
  const engine = await createEngine({
    home: options.home,
    host: options.open ? 'loopback' : 'cli',
    secrets: new FileSecretStore(options.home),
  });
  const stop = new AbortController();
  const interrupt = (): void =>
    stop.abort(new FrontierError('CANCELLED', 'Stopped by the user. What was finished is kept.'));
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const progress = new StepProgress(options.json);
  try {
    const result = await runMainJob(engine.client, {
      file,
      evaluations: options.evaluations,
      seed: options.seed,
      signal: stop.signal,
      onProgress: (step, fraction, message) => progress.update(step, fraction, message),
    });
    progress.stop();
    printResult(options.json, mainJobFigures(result), () => mainJobSummary(result, options.home));
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    if (options.open)
      await serveEngine(engine, {
        home: options.home,
        port: 0,
        open: true,
        quiet: options.json,
        // Machines read the last line of standard output: it stays the figures.
        announce: options.json ? ({ url }) => console.error(url) : undefined,
      });
  } finally {
    progress.stop();
    await engine.close();
  }
}
