import type { AdherenceDto } from '../../../src-shared/contract/live.ts';
import { lowerBound } from '../../../src-shared/market/bars.ts';
import type { Decision } from '../../../src-shared/trading/types.ts';
import { barMask, runBacktest } from '../../backtest/engine.ts';
import {
  type AdherenceRun,
  adherenceOf,
  executionsOfFills,
  executionsOfTrades,
} from '../../live/adherence.ts';
import type { SessionRecord } from '../../store/sessions.ts';
import { openStores, type Stores } from '../../store/stores.ts';
import { anomalyOnHistory } from '../anomalyRule.ts';
import { keptWindows, maskFor } from '../entryRules.ts';
import { loadModelOnHistory, type ModelRef } from '../signals.ts';
import { ruleOf } from './backtest.ts';

export interface AdherencePayload extends ModelRef {
  readonly sessionId: string;
}

/** The bars that the session decided on, run afresh on its venue with the deployed genes. */
async function replay(
  payload: AdherencePayload,
  stores: Stores,
  record: SessionRecord,
): Promise<AdherenceRun> {
  const recorded = stores.journal.decisions(payload.sessionId);
  if (recorded.length === 0) return { decisions: [], executions: [] };
  const deployment = stores.deployments.get(record.deploymentId);
  const { genes } = deployment;
  const model = await loadModelOnHistory(payload);
  const { bars, marks, signals, atr } = model;
  const hash = record.source.blackouts;
  const windows = hash === undefined ? [] : keptWindows(payload.home, hash);
  const anomaly = await anomalyOnHistory(payload.home, deployment.avoidAnomalies, model);
  const asked = { interval: ruleOf(model, record.venue), anomaly: anomaly?.rule };
  const mask = maskFor(deployment, { timeMs: bars.timeMs, marks }, deployment, windows, asked);
  const entries = barMask(mask, bars);
  const from = lowerBound(bars.timeMs, recorded[0]!.barTimeMs);
  const to = lowerBound(bars.timeMs, recorded.at(-1)!.barTimeMs) + 1;
  const decisions: Decision[] = [];
  const input = { bars, from, to, signals, atr, genes, venue: record.venue, entries };
  const { trades } = runBacktest(input, { band: false, decisions: (d) => decisions.push(d) });
  return { decisions, executions: executionsOfTrades(trades) };
}

/** Replays a recorded session through the backtester and compares decisions and executions. */
export async function adherenceJob(payload: AdherencePayload): Promise<AdherenceDto> {
  const stores = openStores(payload.home);
  try {
    const { sessionId } = payload;
    const record = stores.sessions.get(sessionId);
    const decisions = stores.journal.decisions(sessionId);
    const executions = executionsOfFills(stores.journal.fills(sessionId));
    return await adherenceOf({ decisions, executions }, () => replay(payload, stores, record));
  } finally {
    stores.close();
  }
}
