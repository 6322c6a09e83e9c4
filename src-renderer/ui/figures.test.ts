import { describe, expect, it } from 'vitest';
import type { Metrics } from '../../src-shared/metrics/types.ts';
import { type GridColumn, sortRows } from './DataGrid.tsx';
import { curvePoints } from './equity.ts';
import { formatField, GENE_FIELDS } from './genes.ts';
import { formatFigure } from './MetricGrid.tsx';
import { ALL_METRICS, compareMetric, metricValue } from './metrics.ts';
import { pickModel } from './models.tsx';
import { tickLabel } from './timeChart.ts';

const definition = (key: keyof Metrics) => ALL_METRICS.find((m) => m.key === key)!;

describe('figures', () => {
  it('show unknown as a dash, whether it came as undefined or as null, and never as 0', () => {
    const metrics = { sharpe: null, sortino: undefined, calmar: Number.NaN } as unknown as Metrics;
    for (const key of ['sharpe', 'sortino', 'calmar'] as const) {
      expect(formatFigure('number', metricValue(metrics, key), 'USD')).toBe('–');
    }
    expect(formatFigure('number', 0, 'USD')).toBe('0.00');
  });
  it('sign profit and loss and carry their unit', () => {
    expect(formatFigure('signedMoney', -34.2, 'EUR')).toBe('−34.20 EUR');
    expect(formatFigure('signedPct', 3.5, 'EUR')).toBe('+3.50 %');
    expect(formatFigure('r', 0.25, 'EUR')).toBe('+0.25 R');
  });
  it('know which way is better, and that a description has none', () => {
    expect(compareMetric(definition('sharpe'), 2, 1)).toBe(1);
    expect(compareMetric(definition('maxDrawdownPct'), 9, 4)).toBe(-1);
    expect(compareMetric(definition('trades'), 10, 20)).toBe(0);
    expect(compareMetric(definition('sharpe'), undefined, 1)).toBe(0);
  });
  it('name every figure once', () => {
    expect(new Set(ALL_METRICS.map((m) => m.key)).size).toBe(ALL_METRICS.length);
  });
});

describe('curves', () => {
  it('become whole seconds that strictly increase, the last value of a second counting', () => {
    expect(curvePoints([1000, 1500, 2000, 1000, 3000], [1, 2, 3, 99, Number.NaN])).toEqual([
      { time: 1, value: 2 },
      { time: 2, value: 3 },
    ]);
  });
  it('hang a drawdown below zero without a negative zero', () => {
    const values = curvePoints([1000, 2000], [0, 4], -1).map((p) => p.value);
    expect(values).toEqual([0, -4]);
    expect(Object.is(values[0], 0)).toBe(true);
  });
});

describe('sorting of a table', () => {
  const column: GridColumn<{ v: number | undefined }> = {
    key: 'v',
    label: 'V',
    width: 1,
    render: () => null,
    sortBy: (row) => row.v,
  };
  const rows = [{ v: 2 }, { v: undefined }, { v: 1 }, { v: 3 }];
  it('puts unknown last whichever way', () => {
    expect(sortRows(rows, column, false).map((r) => r.v)).toEqual([1, 2, 3, undefined]);
    expect(sortRows(rows, column, true).map((r) => r.v)).toEqual([3, 2, 1, undefined]);
    expect(sortRows(rows, undefined, true)).toBe(rows);
  });
});

describe('genes', () => {
  it('are written with their units', () => {
    const written = GENE_FIELDS.map((field) => formatField(field, 0.0125 * 2));
    expect(written[3]).toBe('2.50 % of equity');
    expect(formatField(GENE_FIELDS[4]!, 24)).toBe('24 bars');
  });
});

describe('the chosen model', () => {
  const model = (id: string, symbol: string, createdMs: number) =>
    ({ id, symbol, timeframe: 'H1', createdMs }) as Parameters<typeof pickModel>[0][number];
  const models = [model('a', 'EURUSD', 1), model('b', 'EURUSD', 2), model('c', 'GBPJPY', 3)];
  it('is the named one, else the newest of the market, else the newest', () => {
    expect(pickModel(models, 'a', 'GBPJPY', 'H1')?.id).toBe('a');
    expect(pickModel(models, 'gone', 'EURUSD', 'H1')?.id).toBe('b');
    expect(pickModel(models, undefined, 'USDJPY', 'H1')?.id).toBe('c');
    expect(pickModel([], undefined, undefined, undefined)).toBeUndefined();
  });
});

describe('ticks of a time axis', () => {
  it('say as much as their kind needs', () => {
    const ms = Date.UTC(2024, 1, 3, 4, 5, 6);
    expect([0, 1, 2, 3, 4].map((kind) => tickLabel(ms, kind, 'utc'))).toEqual([
      '2024',
      '2024-02',
      '02-03',
      '04:05',
      '04:05:06',
    ]);
  });
});
