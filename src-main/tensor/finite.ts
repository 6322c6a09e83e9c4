/** Where a feature or target of some windows is not a finite number, or is the largest. */
export interface FeatureAt {
  /** Row of the resident matrix. */
  readonly row: number;
  /** Column of the features, or of the targets. */
  readonly column: number;
  readonly kind: 'feature' | 'target';
  readonly value: number;
  /** False where everything is finite: then it is the feature or target of the largest size. */
  readonly nonFinite: boolean;
}

/** The resident data with its extents. */
export interface WindowData {
  /** [rows, featureCount] */
  readonly features: Float32Array;
  readonly featureCount: number;
  /** [rows, targetCount]; read at the last row of each window only. */
  readonly targets: Float32Array;
  readonly targetCount: number;
}

/**
 * The first number that is not finite in the windows of a step, in the order of the windows, then of time, then of
 * columns; where all are finite, the one of the largest size, which is what made a loss or gradient overflow if the
 * data did. Meant for the message of a run that has to stop (`BadStep`).
 * @param window rows per window
 * @param ends last row of each window of the step
 * @returns undefined without windows
 */
export function firstBadFeature(
  { features, featureCount, targets, targetCount }: WindowData,
  window: number,
  ends: ArrayLike<number>,
): FeatureAt | undefined {
  let largest: FeatureAt | undefined;
  const look = (
    kind: FeatureAt['kind'],
    row: number,
    column: number,
    value: number,
  ): FeatureAt | undefined => {
    if (!Number.isFinite(value)) return { kind, row, column, value, nonFinite: true };
    if (!largest || Math.abs(value) > Math.abs(largest.value))
      largest = { kind, row, column, value, nonFinite: false };
    return undefined;
  };
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!;
    for (let row = end - window + 1; row <= end; row++) {
      for (let column = 0; column < featureCount; column++) {
        const bad = look('feature', row, column, features[row * featureCount + column]!);
        if (bad) return bad;
      }
    }
    for (let column = 0; column < targetCount; column++) {
      const bad = look('target', end, column, targets[end * targetCount + column]!);
      if (bad) return bad;
    }
  }
  return largest;
}

/** The find in words: `feature rsi14 of row 512 is NaN`, `the largest number is 4e+20, feature rsi14 of row 512`. */
export function describeFeature(at: FeatureAt, names: readonly string[] = []): string {
  const name = at.kind === 'feature' ? (names[at.column] ?? String(at.column)) : String(at.column);
  const place = `${at.kind} ${name} of row ${at.row}`;
  return at.nonFinite ? `${place} is ${at.value}` : `the largest number is ${at.value}, ${place}`;
}
