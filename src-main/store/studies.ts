import { z } from 'zod';
import { genesSchema } from '../../src-shared/contract/common.ts';
import {
  type StudyDto,
  type StudySummary,
  studySchema,
  type TrialDto,
} from '../../src-shared/contract/optimize.ts';
import type { Sqlite } from './database.ts';
import { conflictOnDuplicate, decode, decodeOptional, encode, found } from './json.ts';

/** A study without its trials, which are rows of their own. */
export type StudyRecord = Omit<StudyDto, 'trials'>;

interface Row {
  readonly id: string;
  readonly body: string;
}

interface TrialRow {
  readonly id: string;
  readonly number: number;
  readonly genes: string;
  readonly objectives: string;
  readonly feasible: number;
  readonly on_front: number;
  readonly trades: number;
}

const recordSchema = studySchema.omit({ trials: true });
const objectivesSchema = z.array(z.number().nullable());

function trialOf(row: TrialRow): TrialDto {
  const where = `trial ${row.id}`;
  return {
    id: row.id,
    number: row.number,
    genes: decode(genesSchema, row.genes, where),
    objectives: decode(objectivesSchema, row.objectives, where),
    feasible: row.feasible === 1,
    onFront: row.on_front === 1,
    trades: row.trades,
  };
}

/** One finished generation: what it adds, which trials are on the front now, and how to go on after a kill. */
export interface Generation {
  readonly studyId: string;
  readonly trials: readonly TrialDto[];
  /** Every trial of the whole study that is on the front now. */
  readonly frontTrialIds: readonly string[];
  /** State of the sampler, any JSON; a resumed study starts from here. */
  readonly checkpoint: unknown;
}

/** Studies and their trials. */
export class StudyRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Adds the study or replaces what is known of it; trials and checkpoint are kept. */
  save(study: StudyRecord): void {
    this.#db
      .prepare(
        `INSERT INTO studies (id, job_id, model_id, state, started_ms, body) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id, state = excluded.state, body = excluded.body`,
      )
      .run(
        study.id,
        study.jobId,
        study.input.modelId,
        study.state,
        study.startedMs,
        encode(recordSchema.parse(study)),
      );
  }

  /**
   * Stores a generation whole or not at all.
   * @throws FrontierError CONFLICT when a trial number is already there
   */
  appendGeneration(generation: Generation): void {
    const { studyId, trials, frontTrialIds, checkpoint } = generation;
    const insert = this.#db.prepare(
      `INSERT INTO trials (id, study_id, number, genes, objectives, feasible, on_front, trades)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
    );
    const write = this.#db.transaction(() => {
      for (const t of trials) {
        insert.run(
          t.id,
          studyId,
          t.number,
          encode(t.genes),
          encode(t.objectives),
          t.feasible ? 1 : 0,
          t.trades,
        );
      }
      this.#db
        .prepare(
          `UPDATE trials SET on_front = (id IN (SELECT value FROM json_each(@front)))
           WHERE study_id = @study AND on_front <> (id IN (SELECT value FROM json_each(@front)))`,
        )
        .run({ study: studyId, front: encode(frontTrialIds) });
      this.#db
        .prepare('UPDATE studies SET checkpoint = ? WHERE id = ?')
        .run(encode(checkpoint ?? null), studyId);
    });
    conflictOnDuplicate(
      () => write.immediate(),
      `A trial of this generation is already stored in study ${studyId}.`,
      'Resume the study from its checkpoint.',
    );
  }

  /** State of the sampler after the last stored generation. */
  checkpoint(id: string): unknown {
    const row = this.#db
      .prepare<[string], { checkpoint: string | null }>('SELECT checkpoint FROM studies WHERE id = ?')
      .get(id);
    return decodeOptional(z.unknown(), row?.checkpoint ?? null, `checkpoint of study ${id}`);
  }

  /** What is known of a study apart from its trials; cheap. @throws FrontierError NOT_FOUND */
  record(id: string): StudyRecord {
    const row = this.#db.prepare<[string], Row>('SELECT id, body FROM studies WHERE id = ?').get(id);
    const known = found(row, `study ${id}`, 'List the studies to see their ids.');
    return decode(recordSchema, known.body, `study ${id}`);
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): StudyDto {
    return { ...this.record(id), trials: this.trials(id) };
  }

  /** @throws FrontierError NOT_FOUND */
  trial(studyId: string, trialId: string): TrialDto {
    const row = this.#db
      .prepare<[string, string], TrialRow>('SELECT * FROM trials WHERE study_id = ? AND id = ?')
      .get(studyId, trialId);
    return trialOf(found(row, `trial ${trialId} in study ${studyId}`, 'Open the study to see its trials.'));
  }

  /** In the order in which they ran. */
  trials(studyId: string): TrialDto[] {
    return this.#db
      .prepare<[string], TrialRow>('SELECT * FROM trials WHERE study_id = ? ORDER BY number')
      .all(studyId)
      .map(trialOf);
  }

  /** Newest first. */
  list(): StudySummary[] {
    return this.#db
      .prepare<[], Row & { front: number }>(
        `SELECT id, body, (SELECT count(*) FROM trials WHERE study_id = studies.id AND on_front = 1) AS front
         FROM studies ORDER BY started_ms DESC, id DESC`,
      )
      .all()
      .map((row) => {
        const { hypervolume: _, ...rest } = decode(recordSchema, row.body, `study ${row.id}`);
        return { ...rest, frontSize: row.front };
      });
  }
}
