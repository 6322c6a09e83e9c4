/** Decisions in plain words with their numbers, for the log and the trader. */
import type { EntryBlock } from './entryMask.ts';
import { minStopDistance } from './orders.ts';
import type { DecisionInput, Intent, StrategyGenes, VenueSpec } from './types.ts';
import { VERDICT, type Verdict } from './verdicts.ts';

const signed = (value: number): string => `${value >= 0 ? '+' : '\u2212'}${Math.abs(value).toFixed(2)}`;
const bars = (count: number): string => `${count} ${count === 1 ? 'bar' : 'bars'}`;

function opening(
  intent: Intent & { type: 'open' },
  input: DecisionInput,
  genes: StrategyGenes,
  spec: VenueSpec,
): string {
  const pips = (distance: number): string => (distance / spec.instrument.pipSize).toFixed(1);
  const long = intent.direction === 'long';
  const crossed = long ? 'above the threshold' : 'below minus the threshold';
  return (
    `Open ${intent.direction}: signal ${signed(input.signal)} is ${crossed} of ${genes.entryThreshold.toFixed(2)}. ` +
    `${intent.volumeLots} lots, stop ${pips(intent.stopDistance)} pips, target ${pips(intent.targetDistance)} pips, ` +
    `risking ${(genes.riskFraction * 100).toFixed(2)} % of ${input.equity.toFixed(2)} ${spec.account.currency}.`
  );
}

function holding(input: DecisionInput, genes: StrategyGenes): string {
  const { position, signal } = input;
  const now = Number.isFinite(signal) ? `signal ${signed(signal)} does not oppose it` : 'there is no signal';
  return (
    `Hold the ${position?.direction} position: ${now} beyond ${genes.entryThreshold.toFixed(2)}, ` +
    `held ${bars(position?.barsHeld ?? 0)} of at most ${genes.maxHoldingBars}.`
  );
}

const MOST_REASONS = 3;

function newsBlock(block: EntryBlock | undefined): string {
  if (block?.kind !== 'news') return 'No entry: there is news.';
  const until = new Date(block.untilMs).toISOString().slice(0, 16).replace('T', ' ');
  const named = block.reasons.slice(0, MOST_REASONS).join('; ');
  const more = block.reasons.length - MOST_REASONS;
  return `No entry: news until ${until} UTC: ${named}${more > 0 ? ` and ${more} more` : ''}.`;
}

function intervalBlock(block: EntryBlock | undefined, spec: VenueSpec): string {
  if (block?.kind !== 'interval') return 'No entry: the forecast interval does not clear the cost.';
  if (!Number.isFinite(block.reach)) return 'No entry: there is no forecast interval for this bar.';
  const inPips = (distance: number): string =>
    `${distance < 0 ? '\u2212' : ''}${Math.abs(distance / spec.instrument.pipSize).toFixed(1)}`;
  return (
    `No entry: the near end of the forecast interval reaches ${inPips(block.reach)} pips, ` +
    `a round trip costs ${inPips(block.cost)}.`
  );
}

/** Two numbers with as few digits, three at least, as still tell them apart. */
function told(a: number, b: number): readonly [string, string] {
  const at = (digits: number): [string, string] => [
    String(Number(a.toPrecision(digits))),
    String(Number(b.toPrecision(digits))),
  ];
  for (let digits = 3; digits < 9; digits++) {
    const [first, second] = at(digits);
    if (first !== second) return [first, second];
  }
  return at(9);
}

function anomalyBlock(block: EntryBlock | undefined): string {
  if (block?.kind !== 'anomaly') return 'No entry: unusual window.';
  if (!Number.isFinite(block.error))
    return 'No entry: the anomaly model cannot judge the window of this bar.';
  const figure = block.figure();
  const [error, threshold] = told(block.error, block.threshold);
  return `No entry: unusual window${figure === undefined ? '' : `: ${figure.toLowerCase()}`}, error ${error} over ${threshold}.`;
}

/** One or two sentences on a verdict: why this, or why nothing. */
export function explain(
  verdict: Verdict,
  genes: StrategyGenes,
  input: DecisionInput,
  intent: Intent | undefined,
  spec: VenueSpec,
): string {
  const { signal, atr, position, equity } = input;
  const threshold = genes.entryThreshold.toFixed(2);
  const pips = (distance: number): string => (distance / spec.instrument.pipSize).toFixed(1);
  if (intent?.type === 'open') return opening(intent, input, genes, spec);
  switch (verdict) {
    case VERDICT.closeMaxHolding:
      return `Close: held ${bars(position?.barsHeld ?? 0)}, the limit is ${genes.maxHoldingBars}.`;
    case VERDICT.closeOpposite:
      return `Close the ${position?.direction} position: signal ${signed(signal)} opposes it beyond the threshold of ${threshold}.`;
    case VERDICT.holdPosition:
      return holding(input, genes);
    case VERDICT.noSignal:
      return 'No entry: there is no prediction for this bar yet.';
    case VERDICT.noAtr:
      return 'No entry: the average true range of this bar is not known yet.';
    case VERDICT.blockedByNews:
      return newsBlock(input.blocked);
    case VERDICT.blockedByRepair:
      return 'No entry: this bar was repaired, and repaired bars are left out.';
    case VERDICT.blockedByInterval:
      return intervalBlock(input.blocked, spec);
    case VERDICT.blockedByAnomaly:
      return anomalyBlock(input.blocked);
    case VERDICT.stopTooNear:
      return `No entry: a stop of ${pips(atr * genes.stopAtr)} pips does not exceed spread and slippage of ${pips(minStopDistance(spec))} pips.`;
    case VERDICT.sizeTooSmall:
      return `No entry: ${(genes.riskFraction * 100).toFixed(2)} % of ${equity.toFixed(2)} ${spec.account.currency} is too little for the minimum volume of ${spec.instrument.minVolumeLots} lots.`;
    default:
      return `No entry: signal ${signed(signal)} is within the threshold of ${threshold}.`;
  }
}
