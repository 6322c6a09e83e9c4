import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';

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
}

/** What the checks work on: rows that are bars, in order of time. */
export interface CheckContext {
  readonly bars: BarColumns;
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
}
