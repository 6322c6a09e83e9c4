import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarOf } from '../market/calendars.ts';
import { anomalyBlock, BLOCK, blockCodes, entryMask, intervalBlock, repairedTimes } from './entryMask.ts';
import { DEFAULT_GENES, decide } from './strategy.ts';
import { flatBar, testSpec } from './testing.ts';
import type { DecisionInput } from './types.ts';

const HOUR_MS = 3_600_000;
const fx = calendarOf({ calendar: 'fx' });
const utc = (text: string): number => Date.parse(`${text}Z`);
const none = new Float64Array(0);
const window = (from: string, until: string, ...reasons: string[]) => ({
  fromMs: utc(from),
  untilMs: utc(until),
  reasons,
});

describe('entry mask', () => {
  it('ORD-20: an hourly decision is blocked when its close, where the order fills, is inside of a window', () => {
    const windows = [window('2024-02-02T13:00', '2024-02-02T14:00', 'USD NFP')];
    const mask = entryMask({ timeframe: 'H1', calendar: fx, windows, repairedMs: none })!;
    expect(mask.at(utc('2024-02-02T11:00'))).toBeUndefined();
    expect(mask.at(utc('2024-02-02T12:00'))).toEqual({
      kind: 'news',
      untilMs: utc('2024-02-02T14:00'),
      reasons: ['USD NFP'],
    });
    expect(mask.at(utc('2024-02-02T13:00'))).toBeUndefined();
  });

  it('ORD-20: over the weekend what counts is when the market trades again', () => {
    const at = (from: string, until: string, bar: string) =>
      entryMask({
        timeframe: 'H1',
        calendar: fx,
        windows: [window(from, until, 'x')],
        repairedMs: none,
      })!.at(utc(bar))?.kind;
    // Friday's last hour closes at 22:00 UTC and its order fills on Sunday at 22:00 UTC.
    expect(at('2024-02-04T21:30', '2024-02-04T22:30', '2024-02-02T21:00')).toBe('news');
    expect(at('2024-02-04T22:10', '2024-02-04T22:30', '2024-02-02T21:00')).toBeUndefined();
    // A window that is over before the market opens again blocks nothing.
    expect(at('2024-02-02T22:00', '2024-02-04T22:00', '2024-02-02T21:00')).toBeUndefined();
    expect(at('2024-02-03T10:00', '2024-02-03T11:00', '2024-02-02T21:00')).toBeUndefined();
  });

  it('ORD-20: equals a search over every window with the calendar, bar by bar', () => {
    const start = utc('2024-02-01T00:00');
    const stretch = fc.tuple(fc.integer({ min: 0, max: 8000 }), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 12 }), (stretches) => {
        const sorted = stretches.sort((a, b) => a[0] - b[0]);
        const windows = sorted
          .map(([from, length]) => ({
            fromMs: start + from * 60_000,
            untilMs: start + (from + length) * 60_000,
          }))
          .filter((w, i, all) => i === 0 || w.fromMs > Math.max(...all.slice(0, i).map((x) => x.untilMs)))
          .map((w, i) => ({ ...w, reasons: [String(i)] }));
        const mask = entryMask({ timeframe: 'M15', calendar: fx, windows, repairedMs: none });
        for (let bar = start - HOUR_MS; bar < start + 9000 * 60_000; bar += 900_000) {
          const fill = fx.nextOpen(bar + 900_000);
          const expected = windows.find((w) => w.fromMs <= fill && fill < w.untilMs)?.reasons[0];
          const found = mask?.at(bar);
          // While the market is closed no bar closes; only the first close of the pause is asked.
          if (fx.isOpen(bar)) expect(found?.kind === 'news' ? found.reasons[0] : undefined).toBe(expected);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('ORD-20: repaired bars block, by any mark, and nothing blocks without marks and windows', () => {
    const timesMs = Float64Array.from([0, 1, 2, 3], (i) => utc('2024-02-06T00:00') + i * HOUR_MS);
    const repairedMs = repairedTimes(timesMs, Uint8Array.from([0, 2, 0, 4]));
    const mask = entryMask({ timeframe: 'H1', calendar: fx, windows: [], repairedMs })!;
    expect([...blockCodes(mask, timesMs)]).toEqual([BLOCK.none, BLOCK.repaired, BLOCK.none, BLOCK.repaired]);
    expect(
      entryMask({
        timeframe: 'H1',
        calendar: fx,
        windows: [],
        repairedMs: repairedTimes(timesMs, new Uint8Array(4)),
      }),
    ).toBeUndefined();
  });
});

describe('the interval must clear the cost', () => {
  const at = (sign: number, lower: number, upper: number, cost: number) =>
    intervalBlock({ close: 100, sign, lower, upper }, cost);

  it('ORD-22: the near end, seen in the direction of the trade, must lie beyond the cost', () => {
    expect(at(1, 102.5, 104, 2)).toBeUndefined();
    expect(at(1, 102, 104, 2)).toEqual({ kind: 'interval', reach: 2, cost: 2 });
    expect(at(1, 97, 104, 2)).toEqual({ kind: 'interval', reach: -3, cost: 2 });
    expect(at(-1, 96, 97.5, 2)).toBeUndefined();
    expect(at(-1, 96, 101, 2)).toEqual({ kind: 'interval', reach: -1, cost: 2 });
    // Clear of the cost, but on the wrong side of the close for this direction.
    expect(at(-1, 102.5, 104, 2)).toMatchObject({ reach: -4 });
  });

  it('ORD-22: without an interval there is no entry', () => {
    expect(at(1, Number.NaN, 104, 2)).toEqual({ kind: 'interval', reach: Number.NaN, cost: 2 });
    expect(at(Number.NaN, 101, 102, 0)).toBeDefined();
  });

  it('ORD-22: repairs and news are named first, and a mask of the interval alone is a mask', () => {
    const bar = utc('2024-02-02T12:00');
    const interval = () => intervalBlock({ close: 1, sign: 1, lower: 0.9, upper: 1.1 }, 0.01);
    const options = { timeframe: 'H1', calendar: fx, windows: [], repairedMs: none } as const;
    expect(entryMask({ ...options, interval })!.at(bar)?.kind).toBe('interval');
    const windows = [window('2024-02-02T13:00', '2024-02-02T14:00', 'USD NFP')];
    expect(entryMask({ ...options, windows, interval })!.at(bar)?.kind).toBe('news');
    const repairedMs = Float64Array.of(bar);
    expect(entryMask({ ...options, windows, repairedMs, interval })!.at(bar)?.kind).toBe('repaired');
    expect([...blockCodes(entryMask({ ...options, interval })!, repairedMs)]).toEqual([BLOCK.interval]);
  });
});

describe('unusual windows', () => {
  const never = (): string => {
    throw new Error('a figure was looked for where none is told');
  };

  it('ORD-24: an error above the threshold forbids the entry, one at it does not, nor is a figure looked for', () => {
    expect(anomalyBlock(1.1, 1.1, never)).toBeUndefined();
    expect(anomalyBlock(0, 1.1, never)).toBeUndefined();
    expect(anomalyBlock(1.2, 1.1, never)).toMatchObject({ kind: 'anomaly', error: 1.2, threshold: 1.1 });
  });

  it('ORD-24: a window that the model cannot judge forbids it as well', () => {
    expect(anomalyBlock(Number.NaN, 1.1, never)).toMatchObject({ kind: 'anomaly', error: Number.NaN });
  });

  it('ORD-23: it is named last of all blocks, and a mask of it alone is a mask', () => {
    const bar = utc('2024-02-02T12:00');
    const anomaly = (timeMs: number) => anomalyBlock(timeMs === bar ? 2 : 1, 1, never);
    const options = { timeframe: 'H1', calendar: fx, windows: [], repairedMs: none } as const;
    const timesMs = Float64Array.of(bar - HOUR_MS, bar);
    expect([...blockCodes(entryMask({ ...options, anomaly })!, timesMs)]).toEqual([
      BLOCK.none,
      BLOCK.anomaly,
    ]);
    const interval = () => intervalBlock({ close: 1, sign: 1, lower: 0.9, upper: 1.1 }, 0.01);
    expect(entryMask({ ...options, interval, anomaly })!.at(bar)?.kind).toBe('interval');
    const clear = () => undefined;
    expect(entryMask({ ...options, interval: clear, anomaly })!.at(bar)?.kind).toBe('anomaly');
    const windows = [window('2024-02-02T13:00', '2024-02-02T14:00', 'USD NFP')];
    expect(entryMask({ ...options, windows, anomaly })!.at(bar)?.kind).toBe('news');
    const repairedMs = Float64Array.of(bar);
    expect(entryMask({ ...options, repairedMs, anomaly })!.at(bar)?.kind).toBe('repaired');
  });
});

describe('decisions under a block', () => {
  const genes = { ...DEFAULT_GENES, entryThreshold: 1 };
  const spec = testSpec();
  const news = {
    kind: 'news',
    untilMs: utc('2024-02-02T14:00'),
    reasons: ['USD NFP (high impact)', 'b', 'c', 'd'],
  } as const;
  const input: DecisionInput = {
    bar: flatBar(1, 1.1),
    signal: 1.5,
    atr: 0.001,
    position: undefined,
    equity: 10_000,
  };

  it('ORD-21: no position is opened, and the decision says why and until when', () => {
    const blocked = decide(genes, { ...input, blocked: news }, spec);
    expect(blocked.intent).toBeUndefined();
    expect(blocked.explanation).toBe(
      'No entry: news until 2024-02-02 14:00 UTC: USD NFP (high impact); b; c and 1 more.',
    );
    const repaired = decide(genes, { ...input, blocked: { kind: 'repaired' } }, spec);
    expect(repaired.explanation).toBe('No entry: this bar was repaired, and repaired bars are left out.');
    const wide = { kind: 'interval', reach: -0.00031, cost: 0.00014 } as const;
    expect(decide(genes, { ...input, blocked: wide }, spec)).toMatchObject({
      intent: undefined,
      explanation:
        'No entry: the near end of the forecast interval reaches \u22123.1 pips, a round trip costs 1.4.',
    });
    const unknown = { ...wide, reach: Number.NaN };
    expect(decide(genes, { ...input, blocked: unknown }, spec).explanation).toBe(
      'No entry: there is no forecast interval for this bar.',
    );
    expect(decide(genes, input, spec).intent).toMatchObject({ type: 'open' });
  });

  it('ORD-24: tells what was unusual by its figure, error and threshold', () => {
    const told = (error: number, threshold: number, figure?: string) => {
      const blocked = { kind: 'anomaly', error, threshold, figure: () => figure } as const;
      const { intent, explanation } = decide(genes, { ...input, blocked }, spec);
      expect(intent).toBeUndefined();
      return explanation;
    };
    expect(told(1.9, 1.1, 'Bearish engulfing')).toBe(
      'No entry: unusual window: bearish engulfing, error 1.9 over 1.1.',
    );
    expect(told(12.3456, 7.89123)).toBe('No entry: unusual window, error 12.3 over 7.89.');
    // As many digits as tell the two apart.
    expect(told(1.10002, 1.1)).toBe('No entry: unusual window, error 1.10002 over 1.1.');
    expect(told(Number.NaN, 1.1, 'Double top')).toBe(
      'No entry: the anomaly model cannot judge the window of this bar.',
    );
  });

  it('ORD-21: a bar without a signal to trade says so, blocked or not', () => {
    const calm = { ...input, signal: 0.5 };
    expect(decide(genes, { ...calm, blocked: news }, spec)).toEqual(decide(genes, calm, spec));
  });

  it('ORD-21: closes are not affected', () => {
    const position = {
      id: 'p',
      direction: 'long',
      volumeLots: 0.1,
      entryPrice: 1.1,
      entryTimeMs: 0,
      stopPrice: 1,
      targetPrice: 1.2,
      barsHeld: 1,
      initialRisk: 1,
      entryCost: 0,
    } as const;
    for (const held of [
      { ...input, signal: -2, position },
      { ...input, position: { ...position, barsHeld: 10_000 } },
      { ...input, position },
    ]) {
      expect(decide(genes, { ...held, blocked: news }, spec)).toEqual(decide(genes, held, spec));
    }
  });
});
