import { z } from 'zod';
import type { Sqlite } from './database.ts';
import { decode, encode, found } from './json.ts';

/** What a report was made from. */
const sourcesSchema = z.object({
  modelId: z.string(),
  backtestId: z.string().optional(),
  studyId: z.string().optional(),
  sessionId: z.string().optional(),
});

export interface ReportRecord {
  readonly reportId: string;
  /** Relative to the data folder. */
  readonly path: string;
  readonly createdMs: number;
  readonly title: string;
  readonly sources: z.infer<typeof sourcesSchema>;
}

interface Row {
  readonly id: string;
  readonly path: string;
  readonly created_ms: number;
  readonly title: string;
  readonly sources: string;
}

const reportOf = (row: Row): ReportRecord => ({
  reportId: row.id,
  path: row.path,
  createdMs: row.created_ms,
  title: row.title,
  sources: decode(sourcesSchema, row.sources, `report ${row.id}`),
});

/** Reports that were written; the files lie in the data folder. */
export class ReportRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  add(report: ReportRecord): void {
    this.#db
      .prepare('INSERT INTO reports (id, path, created_ms, title, sources) VALUES (?, ?, ?, ?, ?)')
      .run(
        report.reportId,
        report.path,
        report.createdMs,
        report.title,
        encode(sourcesSchema.parse(report.sources)),
      );
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): ReportRecord {
    const row = this.#db.prepare<[string], Row>('SELECT * FROM reports WHERE id = ?').get(id);
    return reportOf(found(row, `report ${id}`, 'List the reports to see their ids.'));
  }

  /** Newest first. */
  list(): ReportRecord[] {
    return this.#db
      .prepare<[], Row>('SELECT * FROM reports ORDER BY created_ms DESC, id DESC')
      .all()
      .map(reportOf);
  }
}
