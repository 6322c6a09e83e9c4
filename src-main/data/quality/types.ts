import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { MarketCalendar } from '../../../src-shared/market/calendars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { Findings } from './findings.ts';

export type Severity = 'info' | 'warning' | 'error';

/** Something found in a history. */
export interface QualityIssue {
  /** Stable name, listed in `docs/spec/data.md`. */
  kind: string;
  /** Errors make figures computed from the history wrong, warnings may, infos are worth knowing. */
  severity: Severity;
  /** Open of the first bar concerned, epoch milliseconds UTC. */
  timeMs: number;
  /** Open of the last bar concerned. */
  untilMs?: number;
  /** Bars concerned. */
  count: number;
  message: string;
  /** Line of the file that was checked, where there is one and the issue concerns one row. */
  line?: number;
}

/** What the checks work on: rows that are bars, in order of time. */
export interface CheckContext {
  readonly bars: BarColumns;
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
  readonly calendar: MarketCalendar;
  /** One of `MARK` per bar; undefined where nothing was repaired. */
  readonly marks: Uint8Array | undefined;
  /** Line in the file of a bar; undefined where no file is looked at. */
  readonly lineOf: ((row: number) => number) | undefined;
  /** Times of rows that are no bars and are reported one by one. */
  readonly toldMs: readonly number[];
  readonly findings: Findings;
}
