import type {
  DeploymentDto,
  LiveCoverage,
  OrderRow,
  SessionDto,
  SessionSummary,
} from '../../src-shared/contract/live.ts';
import type { Fill } from '../../src-shared/trading/types.ts';
import type { Journal } from '../store/journal.ts';
import type { JournaledOrder } from '../store/journalReader.ts';
import type { SessionRecord } from '../store/sessions.ts';
import { coverageOf, SHOWN_VERDICTS } from './coverage.ts';

const optionalCoverage = (coverage: LiveCoverage | undefined) => (coverage ? { coverage } : {});

const CURVE_POINTS = 2000;
const LOG_LINES = 500;

function orderRow(order: JournaledOrder, fill: Fill | undefined): OrderRow {
  const { request } = order;
  return {
    clientOrderId: request.clientOrderId,
    side: request.side,
    purpose: request.purpose.kind,
    reason: order.reason,
    volumeLots: request.volumeLots,
    state: order.state,
    createdMs: request.createdMs,
    ...(fill === undefined ? {} : { price: fill.price, filledMs: fill.timeMs }),
    ...(order.note === undefined ? {} : { note: order.note }),
  };
}

/** What a session is and where it stands, without its long lists. All of it comes from the journal. */
export function summaryOf(
  record: SessionRecord,
  deployment: DeploymentDto,
  journal: Journal,
): SessionSummary {
  const { instrument, account } = record.venue;
  const last = journal.lastDecision(record.id);
  const done = last === undefined ? 0 : last.number + 1;
  return {
    id: record.id,
    deploymentId: record.deploymentId,
    symbol: instrument.symbol,
    timeframe: deployment.timeframe,
    synthetic: instrument.synthetic,
    badge: record.badge,
    broker: record.broker,
    feed: record.feed,
    state: record.state,
    parameterHash: deployment.parameterHash,
    genes: deployment.genes,
    currency: account.currency,
    digits: instrument.digits,
    pipSize: instrument.pipSize,
    startedMs: record.startedMs,
    barsDone: done,
    barsTotal: record.barsTotal,
    speed: record.speed,
    balance: record.balance,
    equity: record.equity,
    initialBalance: record.initialBalance,
    unrealised: record.equity - record.balance,
    decisions: done,
    unreconciled: [...record.unreconciled],
    ...(record.endedMs === undefined ? {} : { endedMs: record.endedMs }),
    ...(record.lastPrice === undefined ? {} : { lastPrice: record.lastPrice }),
    ...(record.position === undefined ? {} : { position: record.position }),
    ...(record.error === undefined ? {} : { error: record.error }),
    ...(last === undefined
      ? {}
      : {
          barTimeMs: last.barTimeMs,
          lastDecision: {
            barTimeMs: last.barTimeMs,
            signal: Number.isFinite(last.signal) ? last.signal : null,
            explanation: last.explanation,
          },
        }),
  };
}

/** A session in full. */
export function sessionOf(record: SessionRecord, deployment: DeploymentDto, journal: Journal): SessionDto {
  const fills = journal.fills(record.id);
  const fillOf = new Map(fills.map((fill) => [fill.clientOrderId, fill]));
  return {
    ...summaryOf(record, deployment, journal),
    orders: journal
      .orders(record.id)
      .map((order) => orderRow(order, fillOf.get(order.request.clientOrderId))),
    fills,
    trades: journal.trades(record.id),
    equityCurve: journal.equityCurve(record.id, CURVE_POINTS),
    log: journal.logLines(record.id, LOG_LINES),
    ...optionalCoverage(coverageOf(journal.judgements(record.id, SHOWN_VERDICTS))),
  };
}
