import { describe, expect, it } from 'vitest';
import { holdsHeadlines, readHeadlines } from './headlines.ts';

const TABLE = `time,title,summary,source,url,symbols,sentiment
2026-03-06T08:31:00Z,"Payrolls, revised",Fewer than thought.,Wire,https://example.org/a,"USD; EURUSD",-0.25
2026-03-06 09:00,Second,,,javascript:alert(1),,
`;

describe('headlines from a table', () => {
  it('NEWS-8: tells headlines from events by their columns', () => {
    expect(holdsHeadlines(TABLE)).toBe(true);
    expect(holdsHeadlines('Date,Time,Currency,Impact,Title,Actual\n')).toBe(false);
    expect(holdsHeadlines('Date,Close\n')).toBe(false);
  });

  it('NEWS-8: reads what is given and nothing else', () => {
    const { headlines } = readHeadlines(TABLE, 'America/New_York', 'file x.csv');
    expect(headlines[0]).toMatchObject({
      timeMs: Date.parse('2026-03-06T08:31:00Z'),
      title: 'Payrolls, revised',
      source: 'Wire',
      url: 'https://example.org/a',
      symbols: ['USD', 'EURUSD'],
      sentiment: -0.25,
    });
    // 09:00 in New York in winter; an address that is none of the web is not kept.
    expect(headlines[1]).toMatchObject({
      timeMs: Date.parse('2026-03-06T14:00:00Z'),
      source: 'file x.csv',
      url: null,
      symbols: [],
      sentiment: null,
    });
    expect(headlines[0]!.id).not.toBe(headlines[1]!.id);
  });

  it('NEWS-8: refuses the file whole and names the line', () => {
    const refused = (rows: string) => () => readHeadlines(`time,title,sentiment\n${rows}`, undefined, 'f');
    expect(refused('2026-03-06 09:00,A,0\nyesterday,B,0\n')).toThrow(/Line 3: "yesterday" is no time/);
    expect(refused('2026-03-06 09:00,,0\n')).toThrow(/Line 2: The headline is empty/);
    expect(refused('2026-03-06 09:00,A,7\n')).toThrow(/"7" is no sentiment/);
    expect(refused('06/03/2026 09:00,A,0\n')).toThrow(/is no time/);
  });
});
