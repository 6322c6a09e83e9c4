import type { Trade } from '../../../src-shared/trading/types.ts';

const COLUMNS: readonly (readonly [name: string, value: (trade: Trade) => string | number])[] = [
  ['trade_id', (t) => t.id],
  ['direction', (t) => t.direction],
  ['volume_lots', (t) => t.volumeLots],
  ['entry_time_utc', (t) => new Date(t.entryTimeMs).toISOString()],
  ['entry_price', (t) => t.entryPrice],
  ['exit_time_utc', (t) => new Date(t.exitTimeMs).toISOString()],
  ['exit_price', (t) => t.exitPrice],
  ['exit_reason', (t) => t.exitReason],
  ['bars_held', (t) => t.barsHeld],
  ['net_profit', (t) => t.netProfit],
  ['net_pips', (t) => t.netPips],
  ['r_multiple', (t) => t.rMultiple],
  ['commission', (t) => t.commission],
  ['spread_cost', (t) => t.spreadCost],
  ['slippage_cost', (t) => t.slippageCost],
  ['mae_pips', (t) => t.maePips],
  ['mfe_pips', (t) => t.mfePips],
  ['ambiguous', (t) => (t.ambiguous ? 1 : 0)],
];

/** Quotes a CSV cell where needed (RFC 4180) and defuses what a spreadsheet would run as a formula. */
export function csvCell(value: string | number): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The trades as CSV (RFC 4180, CRLF, a header row, times in UTC, full precision). */
export function tradesCsv(trades: readonly Trade[]): string {
  const rows = trades.map((trade) => COLUMNS.map(([, value]) => csvCell(value(trade))).join(','));
  return `${[COLUMNS.map(([name]) => name).join(','), ...rows].join('\r\n')}\r\n`;
}
