/**
 * What was done to a bar since its source delivered it. A history carries one mark per bar, so that training and
 * backtests can leave repaired bars out.
 */
export const MARK = {
  /** As delivered. */
  none: 0,
  /** Prices were limited to what the neighbours make plausible. */
  clipped: 1,
  /** There was no bar; the last close was carried forward. */
  filled: 2,
  /** Asked for again from a provider and replaced. */
  refetched: 3,
  /** The file had the bar in the wrong place. */
  moved: 4,
} as const;
export type MarkName = keyof typeof MARK;
/** One of the values of `MARK`. */
export type MarkValue = (typeof MARK)[MarkName];

/** The name of a mark's value. @throws RangeError for a value that is none */
export function markName(value: number): MarkName {
  for (const [name, mark] of Object.entries(MARK)) if (mark === value) return name as MarkName;
  throw new RangeError(`${value} is no mark`);
}
