import type { z } from 'zod';
import {
  type curvePointSchema,
  type TrainingRunDto,
  trainingRunSchema,
} from '../../src-shared/contract/training.ts';
import type { Sqlite } from './database.ts';
import { decode, encode, found } from './json.ts';

/** A run without its curve, which is stored point by point. */
export type TrainingRunRecord = Omit<TrainingRunDto, 'curve'>;
export type CurvePoint = z.infer<typeof curvePointSchema>;

interface Row {
  readonly id: string;
  readonly body: string;
}

interface CurveRow {
  readonly step: number;
  readonly train: number;
  readonly validation: number | null;
  readonly learning_rate: number | null;
}

const recordSchema = trainingRunSchema.omit({ curve: true });

function pointOf(row: CurveRow): CurvePoint {
  return {
    step: row.step,
    train: row.train,
    ...(row.validation === null ? {} : { validation: row.validation }),
    ...(row.learning_rate === null ? {} : { learningRate: row.learning_rate }),
  };
}

/** Training runs and their loss curves. */
export class TrainingRunRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Adds the run or replaces what is known of it; the curve is kept. */
  save(run: TrainingRunRecord): void {
    const body: TrainingRunRecord = recordSchema.parse(run);
    this.#db
      .prepare(
        `INSERT INTO training_runs (id, job_id, state, started_ms, body) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id, state = excluded.state, body = excluded.body`,
      )
      .run(run.id, run.jobId, run.state, run.startedMs, encode(body));
  }

  /** Adds points; a step that is there is replaced, as a run that went back to its checkpoint repeats steps. */
  appendCurve(runId: string, points: readonly CurvePoint[]): void {
    const insert = this.#db.prepare(
      `INSERT INTO training_curve (run_id, step, train, validation, learning_rate) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (run_id, step) DO UPDATE SET train = excluded.train,
         validation = coalesce(excluded.validation, validation),
         learning_rate = coalesce(excluded.learning_rate, learning_rate)`,
    );
    this.#db
      .transaction(() => {
        for (const p of points)
          insert.run(runId, p.step, p.train, p.validation ?? null, p.learningRate ?? null);
      })
      .immediate();
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): TrainingRunDto {
    const row = this.#db.prepare<[string], Row>('SELECT id, body FROM training_runs WHERE id = ?').get(id);
    return this.#withCurve(found(row, `training run ${id}`, 'List the runs to see their ids.'));
  }

  /** Newest first. */
  list(): TrainingRunDto[] {
    return this.#db
      .prepare<[], Row>('SELECT id, body FROM training_runs ORDER BY started_ms DESC, id DESC')
      .all()
      .map((row) => this.#withCurve(row));
  }

  #withCurve(row: Row): TrainingRunDto {
    const curve = this.#db
      .prepare<[string], CurveRow>(
        'SELECT step, train, validation, learning_rate FROM training_curve WHERE run_id = ? ORDER BY step',
      )
      .all(row.id)
      .map(pointOf);
    return { ...decode(recordSchema, row.body, `training run ${row.id}`), curve };
  }
}
