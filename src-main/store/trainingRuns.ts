import type { z } from 'zod';
import {
  type curvePointSchema,
  type DeviceReading,
  deviceReadingSchema,
  logEntrySchema,
  type TrainingRunDto,
  type TrainLogEntry,
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
  readonly gradient_norm: number | null;
  readonly steps_per_second: number | null;
}

/** Lines kept of a run's log; older ones go first. */
const MAX_LOG_LINES = 2000;
/** Readings kept of a run's devices together; beyond, every second one goes. */
const MAX_READINGS = 4000;
/** Curve points of a run in the list of all. */
const LISTED_POINTS = 200;

const recordSchema = trainingRunSchema.omit({ curve: true });

function pointOf(row: CurveRow): CurvePoint {
  return {
    step: row.step,
    train: row.train,
    ...(row.validation === null ? {} : { validation: row.validation }),
    ...(row.learning_rate === null ? {} : { learningRate: row.learning_rate }),
    ...(row.gradient_norm === null ? {} : { gradientNorm: row.gradient_norm }),
    ...(row.steps_per_second === null ? {} : { stepsPerSecond: row.steps_per_second }),
  };
}

const CURVE_COLUMNS = 'step, train, validation, learning_rate, gradient_norm, steps_per_second';

/** Training runs with what they told: loss curves, log, readings of devices. */
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
      `INSERT INTO training_curve (run_id, ${CURVE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_id, step) DO UPDATE SET train = excluded.train,
         validation = coalesce(excluded.validation, validation),
         learning_rate = coalesce(excluded.learning_rate, learning_rate),
         gradient_norm = coalesce(excluded.gradient_norm, gradient_norm),
         steps_per_second = coalesce(excluded.steps_per_second, steps_per_second)`,
    );
    const values = (p: CurvePoint): (number | null)[] =>
      [p.validation, p.learningRate, p.gradientNorm, p.stepsPerSecond].map((value) => value ?? null);
    this.#db
      .transaction(() => {
        for (const p of points) insert.run(runId, p.step, p.train, ...values(p));
      })
      .immediate();
  }

  /** Adds lines to the run's log and lets the oldest beyond 2000 go. */
  appendLog(runId: string, entries: readonly TrainLogEntry[]): void {
    const insert = this.#db.prepare(
      'INSERT INTO training_log (run_id, time_ms, level, topic, message) VALUES (?, ?, ?, ?, ?)',
    );
    const prune = this.#db.prepare(
      `DELETE FROM training_log WHERE run_id = ? AND id <=
         (SELECT id FROM training_log WHERE run_id = ? ORDER BY id DESC LIMIT 1 OFFSET ${MAX_LOG_LINES})`,
    );
    this.#db
      .transaction(() => {
        for (const { timeMs, level, topic, message } of entries)
          insert.run(runId, timeMs, level, topic, message);
        prune.run(runId, runId);
      })
      .immediate();
  }

  /** Oldest first. */
  log(runId: string): TrainLogEntry[] {
    return this.#db
      .prepare<[string], unknown>(
        'SELECT time_ms AS timeMs, level, topic, message FROM training_log WHERE run_id = ? ORDER BY id',
      )
      .all(runId)
      .map((row) => logEntrySchema.parse(row));
  }

  /** Adds what devices said; past 4000 readings every second one goes, so that the whole run stays covered. */
  appendReadings(runId: string, readings: readonly DeviceReading[]): void {
    const insert = this.#db.prepare(
      'INSERT OR REPLACE INTO training_readings (run_id, time_ms, device, body) VALUES (?, ?, ?, ?)',
    );
    const count = this.#db.prepare<[string], { n: number }>(
      'SELECT count(*) AS n FROM training_readings WHERE run_id = ?',
    );
    this.#db
      .transaction(() => {
        for (const reading of readings) {
          const body = encode(deviceReadingSchema.parse(reading));
          insert.run(runId, reading.timeMs, reading.device, body);
        }
        if (count.get(runId)!.n > MAX_READINGS) this.#thinReadings(runId);
      })
      .immediate();
  }

  #thinReadings(runId: string): void {
    this.#db
      .prepare(
        `DELETE FROM training_readings WHERE run_id = ? AND (time_ms, device) IN (
           SELECT time_ms, device FROM (
             SELECT time_ms, device, row_number() OVER (PARTITION BY device ORDER BY time_ms) AS place
             FROM training_readings WHERE run_id = ?
           ) WHERE place % 2 = 0
         )`,
      )
      .run(runId, runId);
  }

  /** Oldest first. */
  readings(runId: string): DeviceReading[] {
    return this.#db
      .prepare<[string], { body: string }>(
        'SELECT body FROM training_readings WHERE run_id = ? ORDER BY time_ms, device',
      )
      .all(runId)
      .map(({ body }) => decode(deviceReadingSchema, body, `reading of training run ${runId}`));
  }

  /** Removes the run with its curve, log and readings. @throws FrontierError NOT_FOUND */
  remove(id: string): void {
    this.get(id);
    this.#db.prepare('DELETE FROM training_runs WHERE id = ?').run(id);
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): TrainingRunDto {
    const row = this.#db.prepare<[string], Row>('SELECT id, body FROM training_runs WHERE id = ?').get(id);
    const run = found(row, `training run ${id}`, 'List the runs to see their ids.');
    return { ...this.#record(run), curve: this.#curve(id) };
  }

  /** Newest first. Long curves are thinned to about 200 points; `get` has them whole. */
  list(): TrainingRunDto[] {
    return this.#db
      .prepare<[], Row>('SELECT id, body FROM training_runs ORDER BY started_ms DESC, id DESC')
      .all()
      .map((row) => ({ ...this.#record(row), curve: this.#thinCurve(row.id) }));
  }

  #record(row: Row): TrainingRunRecord {
    return decode(recordSchema, row.body, `training run ${row.id}`);
  }

  #curve(runId: string): CurvePoint[] {
    return this.#db
      .prepare<[string], CurveRow>(
        `SELECT ${CURVE_COLUMNS} FROM training_curve WHERE run_id = ? ORDER BY step`,
      )
      .all(runId)
      .map(pointOf);
  }

  /** Every n-th point counted from the last, which is the one that matters most. */
  #thinCurve(runId: string): CurvePoint[] {
    return this.#db
      .prepare<[string, number], CurveRow>(
        `SELECT ${CURVE_COLUMNS} FROM (
           SELECT ${CURVE_COLUMNS}, row_number() OVER (ORDER BY step DESC) - 1 AS place, count(*) OVER () AS n
           FROM training_curve WHERE run_id = ?
         ) WHERE place % ((n + ?) / ${LISTED_POINTS}) = 0 ORDER BY step`,
      )
      .all(runId, LISTED_POINTS - 1)
      .map(pointOf);
  }
}
