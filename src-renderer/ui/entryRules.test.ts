import { describe, expect, it } from 'vitest';
import type { ListedModel } from '../../src-shared/contract/training.ts';
import { anomalyChoices, describeRules, draftOf, NO_RULES, rulesOf } from './entryRules.ts';

describe('the rules of a form', () => {
  it('are the ones that a result ran with, and none where nothing is set', () => {
    expect(rulesOf(NO_RULES)).toEqual({});
    for (const rules of [
      { avoidAnomalies: 'mdl_1' },
      { requireInterval: true, excludeRepaired: false },
      { blackout: { impact: 'high', beforeMin: 10, afterMin: 20 }, avoidAnomalies: 'mdl_1' },
    ] as const)
      expect(rulesOf(draftOf(rules))).toEqual(rules);
    expect(draftOf({})).toEqual(NO_RULES);
  });

  it('say which anomaly model keeps entries out', () => {
    expect(describeRules({})).toBeUndefined();
    expect(describeRules({ requireInterval: true, avoidAnomalies: 'mdl_1' })).toBe(
      'entries only where the forecast interval clears the cost; no entries after windows that the anomaly model mdl_1 flags',
    );
  });
});

describe('anomaly models to choose from', () => {
  const model = { symbol: 'EURUSD', timeframe: 'H1', dataHash: 'a' } as const;
  const listed = (id: string, change: object = {}): ListedModel =>
    ({ id, ...model, role: 'anomaly', present: true, createdMs: 1, ...change }) as ListedModel;

  it('are present, of the market and its very history, the newest first', () => {
    const models = [
      listed('old'),
      listed('new', { createdMs: 2 }),
      listed('regressor', { role: 'regressor' }),
      listed('pruned', { present: false }),
      listed('elsewhere', { symbol: 'GBPUSD' }),
      listed('slower', { timeframe: 'H4' }),
      listed('stale', { dataHash: 'b' }),
    ];
    expect(anomalyChoices(models, model).map((m) => m.id)).toEqual(['new', 'old']);
    expect(anomalyChoices([], model)).toEqual([]);
  });
});
