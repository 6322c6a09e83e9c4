import type { EntryRules } from '../../src-shared/contract/backtest.ts';

/** Which entries a strategy leaves out, as the command line takes it. */
export type EntryOptions = {
  readonly blackout?: 'medium' | 'high' | undefined;
  readonly blackoutBefore: number;
  readonly blackoutAfter: number;
  readonly includeRepaired?: boolean | undefined;
  readonly requireInterval?: boolean | undefined;
  /** Id of an anomaly model. */
  readonly avoidAnomalies?: string | undefined;
};

/** The rules that the options name; none where they name none. */
export function entryRulesOf(options: EntryOptions): EntryRules {
  const { blackout: impact, blackoutBefore: beforeMin, blackoutAfter: afterMin } = options;
  return {
    ...(impact === undefined ? {} : { blackout: { impact, beforeMin, afterMin } }),
    ...(options.includeRepaired === true ? { excludeRepaired: false } : {}),
    ...(options.requireInterval === true ? { requireInterval: true } : {}),
    ...(options.avoidAnomalies === undefined ? {} : { avoidAnomalies: options.avoidAnomalies }),
  };
}
