import type { Migration } from '../migrate.ts';

/**
 * The forecast interval that was known at a decision, and the verdict on the interval whose horizon ended at its bar:
 * what a session's coverage is counted from, whenever and however often it is opened again (JRN-9).
 */
export const intervals: Migration = {
  id: 6,
  name: 'intervals',
  sql: `
ALTER TABLE decisions ADD COLUMN lower REAL;
ALTER TABLE decisions ADD COLUMN upper REAL;
ALTER TABLE decisions ADD COLUMN judged TEXT CHECK (judged IS NULL OR json_valid(judged));
CREATE INDEX decisions_judged ON decisions (session_id, number) WHERE judged IS NOT NULL;
`,
};
