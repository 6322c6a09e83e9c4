import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { createRouterClient } from '@orpc/server';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { LocalJobs } from '../jobs/local.ts';
import { createLogger } from '../ops/log.ts';
import { loadMarkets } from '../ops/markets.ts';
import { workerEntry } from '../ops/paths.ts';
import type { SecretStore } from '../ops/secrets.ts';
import { ArtifactStore } from '../store/artifacts.ts';
import { BarStore } from '../store/bars.ts';
import { acquireHomeLock } from '../store/lock.ts';
import { openStores } from '../store/stores.ts';
import { type EngineContext, type HostKind, homePaths, JobTitles } from './context.ts';
import { backtestHandlers } from './handlers/backtest.ts';
import { chartHandlers } from './handlers/chart.ts';
import { dataHandlers } from './handlers/data.ts';
import { liveHandlers } from './handlers/live.ts';
import { marketsHandlers } from './handlers/markets.ts';
import { newsHandlers } from './handlers/news.ts';
import { optimizeHandlers } from './handlers/optimize.ts';
import { reportHandlers } from './handlers/report.ts';
import { systemHandlers } from './handlers/system.ts';
import { trainingHandlers } from './handlers/training.ts';
import { reconcileHistories } from './historySettle.ts';
import { Hub } from './hub.ts';
import { systemClock, TimeIds } from './ids.ts';
import { createLive } from './live.ts';
import { implementer } from './rpc.ts';
import { StudyRuns } from './studyRuns.ts';
import { TrainingRuns } from './trainingRuns.ts';
import { Uploads } from './uploads.ts';

export interface EngineOptions {
  /** The data folder; made when it does not exist. */
  readonly home: string;
  readonly host: HostKind;
  readonly secrets: SecretStore;
}

function routerOf(context: EngineContext) {
  const studies = new StudyRuns(context);
  const os = implementer((error) => context.log('A request failed unexpectedly.', error));
  return os.router({
    system: systemHandlers(os, context),
    data: dataHandlers(os, context),
    chart: chartHandlers(os, context),
    markets: marketsHandlers(os, context),
    news: newsHandlers(os, context),
    training: trainingHandlers(os, context, new TrainingRuns(context)),
    backtest: backtestHandlers(os, context),
    optimize: optimizeHandlers(os, context, studies),
    live: liveHandlers(os, context),
    report: reportHandlers(os, context, studies),
  });
}

export type FrontierRouter = ReturnType<typeof routerOf>;

export interface FrontierEngine {
  readonly router: FrontierRouter;
  /** The same procedures without a transport: the command line and the main job call what the interface calls. */
  readonly client: FrontierClient;
  readonly context: EngineContext;
  /** Stops sessions and jobs cleanly, closes the stores and gives the data folder back. */
  close(): Promise<void>;
}

function makeFolder(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FrontierError(
      'UNAVAILABLE',
      `The data folder ${home} cannot be made: ${why}`,
      'Choose another with --home DIR.',
      error,
    );
  }
}

/**
 * Opens a data folder and composes the engine on it. One process per folder.
 * @throws FrontierError LOCKED when another process has the folder open; CORRUPT or REFUSED when its database
 *   cannot be opened; UNAVAILABLE where the folder cannot be made
 */
export async function createEngine(options: EngineOptions): Promise<FrontierEngine> {
  const home = resolve(options.home);
  makeFolder(home);
  const lock = acquireHomeLock(home, { host: options.host, sinceMs: systemClock.nowMs() });
  try {
    const logger = createLogger(home);
    loadMarkets(home);
    const ids = new TimeIds(systemClock);
    const hub = new Hub();
    const stores = openStores(home);
    const bars = new BarStore(homePaths.bars(home));
    const base = {
      home,
      host: options.host,
      clock: systemClock,
      ids,
      stores,
      bars,
      artifacts: new ArtifactStore(home),
      jobs: new LocalJobs({
        entry: workerEntry(),
        ids,
        maxParallel: 3,
        onOutput: (kind, line) => logger.info({ kind }, line),
      }),
      titles: new JobTitles(),
      hub,
      uploads: new Uploads(homePaths.uploads(home), systemClock),
      secrets: options.secrets,
      log: (message: string, error?: unknown) => logger.error({ err: error }, message),
    };
    const live = createLive(base);
    const context: EngineContext = { ...base, live };
    await reconcileHistories(context);
    const router = routerOf(context);
    const close = async (): Promise<void> => {
      hub.close();
      await live.close();
      await context.jobs.close();
      await bars.close();
      stores.close();
      lock.release();
    };
    return { router, client: createRouterClient(router, { context: {} }), context, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}
