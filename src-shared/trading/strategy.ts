/**
 * The one decision function of the thresholded strategy. Backtest, paper and live call it with what is known
 * at the close of a bar; it has no state and no clock (rules ORD-13 to ORD-24 in docs/spec/orders.md).
 */
import { BLOCK, type BlockCode, blockCode } from './entryMask.ts';
import { explain } from './explain.ts';
import { minStopDistance } from './orders.ts';
import { positionSizeLots } from './sizing.ts';
import type { Decision, DecisionInput, Intent, StrategyGenes, VenueSpec } from './types.ts';
import { isOrder, VERDICT, type Verdict } from './verdicts.ts';

export { assertGenes, canonicalJson, DEFAULT_GENES, GENE_BOUNDS, parameterHash } from './parameters.ts';
export { positionSizeLots } from './sizing.ts';

/** What a verdict needs of the bar and the account, as plain numbers so that nothing is allocated per bar. */
function entryVerdict(
  genes: StrategyGenes,
  signal: number,
  atr: number,
  equity: number,
  close: number,
  spec: VenueSpec,
  blocked: BlockCode,
): Verdict {
  if (!(atr > 0 && atr < Infinity)) return VERDICT.noAtr;
  if (!(Math.abs(signal) > genes.entryThreshold)) return VERDICT.belowThreshold;
  const stopDistance = atr * genes.stopAtr;
  if (!(stopDistance > minStopDistance(spec))) return VERDICT.stopTooNear;
  if (sizeFor(genes, atr, equity, close, spec) === 0) return VERDICT.sizeTooSmall;
  if (blocked === BLOCK.news) return VERDICT.blockedByNews;
  if (blocked === BLOCK.repaired) return VERDICT.blockedByRepair;
  if (blocked === BLOCK.interval) return VERDICT.blockedByInterval;
  if (blocked === BLOCK.anomaly) return VERDICT.blockedByAnomaly;
  return signal > 0 ? VERDICT.openLong : VERDICT.openShort;
}

function sizeFor(genes: StrategyGenes, atr: number, equity: number, close: number, spec: VenueSpec): number {
  const { riskFraction, stopAtr } = genes;
  return positionSizeLots({ equity, riskFraction, stopDistance: atr * stopAtr, price: close }, spec);
}

/**
 * The decision itself, without words and without allocation.
 * @param sign 1 while long, -1 while short, 0 while flat
 * @param blocked why no position may be opened after this bar (ORD-21)
 */
export function verdictOf(
  genes: StrategyGenes,
  signal: number,
  atr: number,
  sign: number,
  barsHeld: number,
  equity: number,
  close: number,
  spec: VenueSpec,
  blocked: BlockCode = BLOCK.none,
): Verdict {
  if (sign !== 0) {
    if (barsHeld >= genes.maxHoldingBars) return VERDICT.closeMaxHolding;
    if (Number.isFinite(signal) && -sign * signal > genes.entryThreshold) return VERDICT.closeOpposite;
    return VERDICT.holdPosition;
  }
  if (!Number.isFinite(signal)) return VERDICT.noSignal;
  return entryVerdict(genes, signal, atr, equity, close, spec, blocked);
}

/** What a verdict wants done; undefined when nothing. */
export function intentOf(
  verdict: Verdict,
  genes: StrategyGenes,
  atr: number,
  equity: number,
  close: number,
  spec: VenueSpec,
): Intent | undefined {
  if (verdict === VERDICT.closeMaxHolding) return { type: 'close', reason: 'max-holding' };
  if (verdict === VERDICT.closeOpposite) return { type: 'close', reason: 'signal' };
  if (!isOrder(verdict)) return undefined;
  return {
    type: 'open',
    direction: verdict === VERDICT.openLong ? 'long' : 'short',
    volumeLots: sizeFor(genes, atr, equity, close, spec),
    stopDistance: atr * genes.stopAtr,
    targetDistance: atr * genes.targetAtr,
    reason: 'signal',
  };
}

/**
 * Decides at the close of a bar.
 * @param genes within `GENE_BOUNDS` (`assertGenes`); they are not checked again here
 * @returns what to do, and in words why that, or why nothing
 */
export function decide(genes: StrategyGenes, input: DecisionInput, spec: VenueSpec): Decision {
  const { bar, signal, atr, position, equity } = input;
  const sign = position === undefined ? 0 : position.direction === 'long' ? 1 : -1;
  const barsHeld = position?.barsHeld ?? 0;
  const blocked = blockCode(input.blocked);
  const verdict = verdictOf(genes, signal, atr, sign, barsHeld, equity, bar.close, spec, blocked);
  const intent = intentOf(verdict, genes, atr, equity, bar.close, spec);
  const explanation = explain(verdict, genes, input, intent, spec);
  return { barTimeMs: bar.timeMs, signal, atr, intent, explanation };
}
