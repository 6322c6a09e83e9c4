import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { computeFeatures, type FeatureMatrix } from '../features/index.ts';

/** Features of a model: those of its own instrument by name, those of others as `GBPUSD:return_1`. */
export interface FeatureShape {
  readonly symbol: string;
  readonly features: readonly string[];
}

/** Bars of the other instruments by symbol, in the timeframe of the model. */
export type OtherBars = ReadonlyMap<string, BarColumns>;

const SEPARATOR = ':';

export const featureName = (symbol: string, feature: string): string => `${symbol}${SEPARATOR}${feature}`;

interface Group {
  readonly symbol: string;
  readonly features: string[];
}

/** Features by instrument, each instrument's together; the own instrument has the empty symbol. */
function groupsOf(features: readonly string[]): Group[] {
  const groups: Group[] = [];
  for (const name of features) {
    const at = name.indexOf(SEPARATOR);
    const symbol = at < 0 ? '' : name.slice(0, at);
    const feature = at < 0 ? name : name.slice(at + 1);
    const last = groups.at(-1);
    if (last?.symbol === symbol) last.features.push(feature);
    else groups.push({ symbol, features: [feature] });
  }
  return groups;
}

/** Other instruments that a list of features names. */
export function otherSymbols(features: readonly string[]): string[] {
  return [...new Set(groupsOf(features).flatMap(({ symbol }) => (symbol === '' ? [] : [symbol])))];
}

/**
 * Bars of the timeframe that the features of another instrument may be old. Minutes without a trade are bars that do not
 * exist, in each instrument others; without this, hardly a window of hours of minutes of many instruments would be whole.
 * Closed markets last longer than it.
 */
const OLDEST_BARS = 5;

/**
 * Features of every bar of the own history, in the order of the model. Those of another instrument are of its bar of
 * the same opening time, else of the last one before, which is at most `OLDEST_BARS` older. Where there is none they are
 * NaN, and no window may cover the row.
 * @throws FrontierError BAD_INPUT for an unknown feature; NOT_FOUND where an instrument's bars are missing
 */
export function matrixOf(shape: FeatureShape, bars: BarColumns, others: OtherBars): FeatureMatrix {
  const groups = groupsOf(shape.features);
  const own = groups[0];
  if (own && groups.length === 1 && own.symbol === '') {
    return computeFeatures(bars, instrumentFor(shape.symbol), own.features);
  }
  const rows = bars.timeMs.length;
  const width = shape.features.length;
  const values = new Float32Array(rows * width).fill(Number.NaN);
  // Without features of its own the model still needs the own ATR for its target.
  const { atr } = computeFeatures(bars, instrumentFor(shape.symbol), ['return_1']);
  const oldestMs = OLDEST_BARS * usualStepMs(bars.timeMs);
  let column = 0;
  let warmupBars = 0;
  for (const { symbol, features } of groups) {
    const source = symbol === '' ? bars : others.get(symbol);
    if (!source) {
      throw new FrontierError(
        'NOT_FOUND',
        `The model reads features of ${symbol}, whose history is not stored in this timeframe.`,
        `Import or download ${symbol} first.`,
      );
    }
    const part = computeFeatures(source, instrumentFor(symbol || shape.symbol), features);
    copyByTime(part, source.timeMs, bars.timeMs, { values, width, column }, oldestMs);
    if (symbol === '') warmupBars = Math.max(warmupBars, part.warmupBars);
    column += features.length;
  }
  return { names: [...shape.features], rows, values, warmupBars, atr };
}

/** The commonest distance of neighbouring bars: the timeframe, whatever is missing between. */
function usualStepMs(timeMs: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (let row = 1; row < timeMs.length; row++) {
    const step = timeMs[row]! - timeMs[row - 1]!;
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0])[0];
}

interface Target {
  readonly values: Float32Array;
  readonly width: number;
  readonly column: number;
}

function copyByTime(
  part: FeatureMatrix,
  theirs: ArrayLike<number>,
  ours: ArrayLike<number>,
  target: Target,
  oldestMs: number,
): void {
  const count = part.names.length;
  let at = -1;
  for (let row = 0; row < ours.length; row++) {
    while (at + 1 < theirs.length && theirs[at + 1]! <= ours[row]!) at++;
    if (at < 0 || ours[row]! - theirs[at]! > oldestMs) continue;
    const from = at * count;
    target.values.set(part.values.subarray(from, from + count), row * target.width + target.column);
  }
}
