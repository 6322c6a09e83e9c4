import { describe, expect, it } from 'vitest';
import type { Trade } from '../../../src-shared/trading/types.ts';
import { csvCell, tradesCsv } from './tradesCsv.ts';

const TRADE: Trade = {
  id: 'T1',
  direction: 'long',
  volumeLots: 0.25,
  entryTimeMs: Date.UTC(2024, 0, 2, 9),
  entryPrice: 1.09512,
  exitTimeMs: Date.UTC(2024, 0, 2, 11),
  exitPrice: 1.09655,
  exitReason: 'take-profit',
  barsHeld: 24,
  netProfit: 33.1,
  netPips: 13.24,
  rMultiple: 1.4,
  commission: 1.75,
  spreadCost: 2,
  slippageCost: 0.5,
  maePips: 3.1,
  mfePips: 15.2,
  ambiguous: true,
};

describe('trades as CSV', () => {
  it('writes a header and one row per trade, times in UTC, full precision', () => {
    const [header, row, rest] = tradesCsv([TRADE]).split('\r\n');
    const cells = Object.fromEntries(header!.split(',').map((name, i) => [name, row!.split(',')[i]]));
    expect(cells).toMatchObject({
      trade_id: 'T1',
      entry_time_utc: '2024-01-02T09:00:00.000Z',
      entry_price: '1.09512',
      exit_reason: 'take-profit',
      net_profit: '33.1',
      ambiguous: '1',
    });
    expect(header!.split(',')).toHaveLength(row!.split(',').length);
    expect(rest).toBe('');
  });

  it('has only a header without trades', () => {
    expect(tradesCsv([]).trim().split('\r\n')).toHaveLength(1);
  });

  it('quotes separators and quotes, and defuses formulas', () => {
    expect(csvCell('a,b')).toBe('"a,b"');
    expect(csvCell('say "no"')).toBe('"say ""no"""');
    expect(csvCell('=HYPERLINK(1)')).toBe("'=HYPERLINK(1)");
    expect(csvCell(-3.5)).toBe('-3.5');
    expect(csvCell(Number.NaN)).toBe('');
  });
});
