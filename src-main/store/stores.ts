import { BacktestRepository } from './backtests.ts';
import { ChangeRepository } from './changes.ts';
import { openStateDatabase, type Sqlite } from './database.ts';
import { DatasetRepository } from './datasets.ts';
import { DeploymentRepository } from './deployments.ts';
import { DrawingRepository } from './drawings.ts';
import { Journal } from './journal.ts';
import { ModelRepository } from './models.ts';
import { NewsRepository } from './news.ts';
import { ReportRepository } from './reports.ts';
import { SessionRepository } from './sessions.ts';
import { SettingsRepository } from './settings.ts';
import { StudyRepository } from './studies.ts';
import { TrainingRunRepository } from './trainingRuns.ts';

/** Every repository of one data folder, over one database. */
export interface Stores {
  readonly db: Sqlite;
  readonly datasets: DatasetRepository;
  readonly changes: ChangeRepository;
  readonly trainingRuns: TrainingRunRepository;
  readonly models: ModelRepository;
  readonly backtests: BacktestRepository;
  readonly studies: StudyRepository;
  readonly deployments: DeploymentRepository;
  readonly sessions: SessionRepository;
  readonly journal: Journal;
  readonly settings: SettingsRepository;
  readonly reports: ReportRepository;
  readonly news: NewsRepository;
  readonly drawings: DrawingRepository;
  close(): void;
}

/** The repositories over an open database. */
export function storesOf(db: Sqlite): Stores {
  return {
    db,
    datasets: new DatasetRepository(db),
    changes: new ChangeRepository(db),
    trainingRuns: new TrainingRunRepository(db),
    models: new ModelRepository(db),
    backtests: new BacktestRepository(db),
    studies: new StudyRepository(db),
    deployments: new DeploymentRepository(db),
    sessions: new SessionRepository(db),
    journal: new Journal(db),
    settings: new SettingsRepository(db),
    reports: new ReportRepository(db),
    news: new NewsRepository(db),
    drawings: new DrawingRepository(db),
    close: () => db.close(),
  };
}

/**
 * Opens the state of a data folder, creating or migrating it. Take the lock (`acquireHomeLock`) first.
 * @throws FrontierError CORRUPT or REFUSED, see `openSqlite`
 */
export function openStores(home: string): Stores {
  return storesOf(openStateDatabase(home));
}
