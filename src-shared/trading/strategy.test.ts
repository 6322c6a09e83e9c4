import { describe, expect, it } from 'vitest';
import { DEFAULT_GENES, decide } from './strategy.ts';
import { DEAR, flatBar, testSpec } from './testing.ts';
import type { Decision, DecisionInput, OpenPosition } from './types.ts';

const genes = {
  ...DEFAULT_GENES,
  entryThreshold: 1,
  stopAtr: 2,
  targetAtr: 3,
  riskFraction: 0.01,
  maxHoldingBars: 5,
};
const spec = testSpec({ costs: DEAR });

function held(direction: 'long' | 'short', barsHeld: number): OpenPosition {
  return {
    id: 'pos-1',
    direction,
    volumeLots: 0.1,
    entryPrice: 1.1,
    entryTimeMs: 0,
    stopPrice: 1.098,
    targetPrice: 1.104,
    barsHeld,
    initialRisk: 20,
    entryCost: 0,
  };
}

function decision(overrides: Partial<DecisionInput>): Decision {
  const input = { bar: flatBar(1, 1.1), signal: 1.5, atr: 0.001, position: undefined, equity: 10_000 };
  return decide(genes, { ...input, ...overrides }, spec);
}

describe('entries', () => {
  it('ORD-13: nothing while the signal or ATR is unknown', () => {
    for (const signal of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const { intent, explanation } = decision({ signal });
      expect(intent).toBeUndefined();
      expect(explanation).toBe('No entry: there is no prediction for this bar yet.');
    }
    for (const atr of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY]) {
      expect(decision({ atr }).intent).toBeUndefined();
      expect(decision({ atr }).explanation).toMatch(/average true range/);
    }
  });

  it('ORD-14: beyond the threshold it opens, at it it does not', () => {
    expect(decision({ signal: 1 }).intent).toBeUndefined();
    expect(decision({ signal: -1 }).intent).toBeUndefined();
    expect(decision({ signal: 1.0001 }).intent).toEqual({
      type: 'open',
      direction: 'long',
      volumeLots: 0.5,
      stopDistance: 0.002,
      targetDistance: 0.003,
      reason: 'signal',
    });
    expect(decision({ signal: -1.0001 }).intent).toMatchObject({ direction: 'short', volumeLots: 0.5 });
  });

  it('ORD-18: an entry that the venue would refuse is not sent', () => {
    const near = decision({ atr: 0.0001 });
    expect(near.intent).toBeUndefined();
    expect(near.explanation).toBe(
      'No entry: a stop of 2.0 pips does not exceed spread and slippage of 3.0 pips.',
    );
    const poor = decision({ equity: 10 });
    expect(poor.intent).toBeUndefined();
    expect(poor.explanation).toMatch(/too little for the minimum volume of 0.01 lots/);
    expect(decision({ equity: -5 }).intent).toBeUndefined();
  });
});

describe('exits', () => {
  it('ORD-15: closes once held for the limit, whatever the signal', () => {
    for (const signal of [5, Number.NaN, 0]) {
      expect(decision({ signal, position: held('long', 4) }).intent).toBeUndefined();
      expect(decision({ signal, position: held('long', 5) }).intent).toEqual({
        type: 'close',
        reason: 'max-holding',
      });
    }
    expect(decision({ signal: -9, position: held('long', 6) }).intent).toMatchObject({
      reason: 'max-holding',
    });
  });

  it('ORD-16: an opposite signal beyond the threshold closes and does not reverse', () => {
    const close = { type: 'close', reason: 'signal' };
    expect(decision({ signal: -1.01, position: held('long', 1) }).intent).toEqual(close);
    expect(decision({ signal: 1.01, position: held('short', 1) }).intent).toEqual(close);
    expect(decision({ signal: -1, position: held('long', 1) }).intent).toBeUndefined();
    expect(decision({ signal: 9, position: held('long', 1) }).intent).toBeUndefined();
    expect(decision({ signal: Number.NaN, position: held('short', 1) }).intent).toBeUndefined();
  });

  it('ORD-15: closing needs no ATR', () => {
    expect(decision({ atr: Number.NaN, position: held('long', 5) }).intent?.type).toBe('close');
  });
});

describe('words', () => {
  it('ORD-17: says what and why with its numbers', () => {
    expect(decision({}).explanation).toBe(
      'Open long: signal +1.50 is above the threshold of 1.00. 0.5 lots, stop 20.0 pips, target 30.0 pips, ' +
        'risking 1.00 % of 10000.00 USD.',
    );
    expect(decision({ signal: -2 }).explanation).toMatch(
      /^Open short: signal −2.00 is below minus the threshold/,
    );
    expect(decision({ signal: 0.3 }).explanation).toBe(
      'No entry: signal +0.30 is within the threshold of 1.00.',
    );
    expect(decision({ position: held('long', 1) }).explanation).toBe(
      'Hold the long position: signal +1.50 does not oppose it beyond 1.00, held 1 bar of at most 5.',
    );
    expect(decision({ signal: Number.NaN, position: held('short', 2) }).explanation).toMatch(
      /there is no signal/,
    );
    expect(decision({ position: held('long', 5) }).explanation).toBe('Close: held 5 bars, the limit is 5.');
    expect(decision({ position: held('short', 2) }).explanation).toBe(
      'Close the short position: signal +1.50 opposes it beyond the threshold of 1.00.',
    );
  });

  it('ORD-17: the decision names its bar and inputs', () => {
    expect(decision({ signal: 0.2 })).toMatchObject({ barTimeMs: 3_600_000, signal: 0.2, atr: 0.001 });
  });
});
