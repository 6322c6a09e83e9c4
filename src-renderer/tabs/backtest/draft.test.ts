import { describe, expect, it } from 'vitest';
import { editedCosts, editedGenes, storedCosts, storedGenes } from './draft.ts';

const GENES = {
  entryThreshold: 0.6,
  stopAtr: 1.5,
  targetAtr: 2.25,
  riskFraction: 0.0075,
  maxHoldingBars: 24,
};
const COSTS = { spreadPips: 0.8, commissionPerLot: 3.5, slippagePips: 0.2 };

describe('the fields of a backtest', () => {
  it('edits the risk in per cent and stores it as a share, without rounding noise', () => {
    const edited = editedGenes(GENES);
    expect(edited.riskFraction).toBe(0.75);
    expect(storedGenes(edited)).toEqual(GENES);
  });

  it('refuses an empty, an outside and a broken number', () => {
    const edited = editedGenes(GENES);
    expect(storedGenes({ ...edited, stopAtr: '' })).toBeUndefined();
    expect(storedGenes({ ...edited, stopAtr: 51 })).toBeUndefined();
    expect(storedGenes({ ...edited, maxHoldingBars: 2.5 })).toBeUndefined();
  });

  it('writes no commission rate where there is none, so that the parameter hash stays the same', () => {
    expect(storedCosts(editedCosts(COSTS))).toEqual(COSTS);
    const withRate = { ...COSTS, commissionRate: 0.0004 };
    expect(storedCosts(editedCosts(withRate))).toEqual(withRate);
  });
});
