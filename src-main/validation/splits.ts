/**
 * Chronological splits with an embargo. Each part is used for one purpose only and comes after all parts
 * that earlier decisions were fitted on. Rules SPLIT-1 to SPLIT-6 in docs/spec/validation.md.
 */
import { FrontierError } from '../../src-shared/errors.ts';

/** The parts in the order of time. */
export const SPLIT_PARTS = ['train', 'validation', 'calibration', 'optimisation', 'test', 'replay'] as const;

export type SplitPart = (typeof SPLIT_PARTS)[number];

/** Rows [from, to); empty when from equals to. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

export type ChronologicalSplit = Readonly<Record<SplitPart, RowRange>>;

export interface SplitRequest {
  /** Rows of the history. */
  readonly rows: number;
  /** First row whose features are known; rows before it are warm-up. */
  readonly usableFrom: number;
  /** End of the rows that may be used. Default `rows`. */
  readonly usableTo?: number | undefined;
  /** Rows left out between two parts; `embargoFor` says how many are needed. */
  readonly embargoBars: number;
  /** Relative sizes, scaled to their sum. A share of 0 leaves the part, and its embargo, out. */
  readonly shares: Readonly<Record<SplitPart, number>>;
  /** Fewest rows of each part. Default `DEFAULT_MINIMUM_ROWS`. */
  readonly minimumRows?: Partial<Readonly<Record<SplitPart, number>>> | undefined;
}

/** Below these a part says nothing: a network does not learn, an interval does not hold, a test is noise. */
export const DEFAULT_MINIMUM_ROWS: Readonly<Record<SplitPart, number>> = {
  train: 200,
  validation: 50,
  calibration: 100,
  optimisation: 100,
  test: 100,
  replay: 20,
};

/**
 * The embargo that keeps two parts apart: the target of a row reaches `horizonBars` ahead, the window of
 * a row reaches `windowBars - 1` back, so after horizon + window rows nothing is seen twice.
 */
export function embargoFor(reach: { readonly horizonBars: number; readonly windowBars: number }): number {
  return reach.horizonBars + reach.windowBars;
}

/**
 * Cuts a history into parts. Sizes are the shares of the rows that remain after warm-up and embargoes,
 * rounded down; what rounding leaves over goes to the first part.
 *
 * @throws FrontierError BAD_INPUT for figures that make no sense, REFUSED when a part would be too small
 */
export function chronologicalSplit(request: SplitRequest): ChronologicalSplit {
  checkRequest(request);
  const parts = SPLIT_PARTS.filter((part) => request.shares[part] > 0);
  const sizes = sizesOf(request, parts);
  const tooSmall = parts.find((part) => sizes[part] < minimumOf(request, part));
  if (tooSmall) throw tooSmallError(request, parts, tooSmall, sizes[tooSmall]);
  return lay(request, sizes);
}

function usableTo({ usableTo: end, rows }: SplitRequest): number {
  return end ?? rows;
}

function minimumOf({ minimumRows }: SplitRequest, part: SplitPart): number {
  return minimumRows?.[part] ?? DEFAULT_MINIMUM_ROWS[part];
}

function sumOfShares(shares: Readonly<Record<SplitPart, number>>): number {
  return SPLIT_PARTS.reduce((sum, part) => sum + shares[part], 0);
}

function sizesOf(request: SplitRequest, parts: readonly SplitPart[]): Record<SplitPart, number> {
  const gaps = (parts.length - 1) * request.embargoBars;
  const available = Math.max(0, usableTo(request) - request.usableFrom - gaps);
  const total = sumOfShares(request.shares);
  const sizes: Record<SplitPart, number> = {
    train: 0,
    validation: 0,
    calibration: 0,
    optimisation: 0,
    test: 0,
    replay: 0,
  };
  for (const part of parts) sizes[part] = Math.floor((available * request.shares[part]) / total);
  const used = parts.reduce((sum, part) => sum + sizes[part], 0);
  sizes[parts[0]!] += available - used;
  return sizes;
}

function lay(request: SplitRequest, sizes: Readonly<Record<SplitPart, number>>): ChronologicalSplit {
  const split: Partial<Record<SplitPart, RowRange>> = {};
  let from = request.usableFrom;
  let end = from;
  for (const part of SPLIT_PARTS) {
    if (sizes[part] === 0) {
      split[part] = { from: end, to: end };
      continue;
    }
    end = from + sizes[part];
    split[part] = { from, to: end };
    from = end + request.embargoBars;
  }
  return split as ChronologicalSplit;
}

function checkRequest(request: SplitRequest): void {
  const { rows, usableFrom, embargoBars, shares } = request;
  const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;
  const end = usableTo(request);
  const badShare = SPLIT_PARTS.find((part) => !(shares[part] >= 0) || !Number.isFinite(shares[part]));
  const badMinimum = SPLIT_PARTS.find((part) => !(minimumOf(request, part) >= 1));
  const problem =
    !isCount(rows) || !isCount(usableFrom) || !isCount(end) || usableFrom > end || end > rows
      ? `usable rows ${usableFrom} to ${end} of ${rows}`
      : !isCount(embargoBars)
        ? `an embargo of ${embargoBars} bars`
        : badShare
          ? `a ${badShare} share of ${shares[badShare]}`
          : badMinimum
            ? `a minimum of ${minimumOf(request, badMinimum)} rows for the ${badMinimum} part`
            : sumOfShares(shares) <= 0
              ? 'no share above 0'
              : undefined;
  if (problem)
    throw new FrontierError('BAD_INPUT', `The split was asked for with ${problem}.`, 'Correct it.');
}

function tooSmallError(
  request: SplitRequest,
  parts: readonly SplitPart[],
  part: SplitPart,
  size: number,
): FrontierError {
  const gaps = parts.length - 1;
  return new FrontierError(
    'REFUSED',
    `The ${part} part would have ${size} rows, fewer than the ${minimumOf(request, part)} it needs ` +
      `(rows ${request.usableFrom} to ${usableTo(request)} of ${request.rows}, ` +
      `${gaps} embargoes of ${request.embargoBars} bars).`,
    `Use a history of at least ${rowsNeeded(request, parts)} rows, a shorter horizon or window, ` +
      `or a larger share for the ${part} part.`,
  );
}

/** Rows with which every part reaches its minimum. */
function rowsNeeded(request: SplitRequest, parts: readonly SplitPart[]): number {
  const total = sumOfShares(request.shares);
  const forParts = Math.max(
    ...parts.map((part) => Math.ceil((minimumOf(request, part) * total) / request.shares[part])),
  );
  const unusable = request.usableFrom + (request.rows - usableTo(request));
  // One more: a share that divides exactly may round down by one in floating point.
  return unusable + (parts.length - 1) * request.embargoBars + forParts + 1;
}
