/** The strategy's genes: bounds, defaults, and the hash that proves which parameters trade. */
import { FrontierError } from '../errors.ts';
import { sha256Hex } from './sha256.ts';
import type { StrategyGenes } from './types.ts';

/** The range a gene may have. */
export interface GeneBound {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

/** Outside of these a strategy is refused. A study usually searches a narrower space. */
export const GENE_BOUNDS: Readonly<Record<keyof StrategyGenes, GeneBound>> = {
  entryThreshold: { min: 0, max: 10, integer: false },
  stopAtr: { min: 0.1, max: 50, integer: false },
  targetAtr: { min: 0.1, max: 100, integer: false },
  riskFraction: { min: 0.0001, max: 0.1, integer: false },
  maxHoldingBars: { min: 1, max: 10_000, integer: true },
};

/** A cautious start: clear signals only, a stop of two ATR, half a per cent at risk, out within a day of H1. */
export const DEFAULT_GENES: StrategyGenes = {
  entryThreshold: 0.8,
  stopAtr: 2,
  targetAtr: 3,
  riskFraction: 0.005,
  maxHoldingBars: 24,
};

/** @throws FrontierError BAD_INPUT naming the gene that is missing, out of its bounds or not whole */
export function assertGenes(genes: StrategyGenes): void {
  for (const [name, bound] of Object.entries(GENE_BOUNDS)) {
    const value: unknown = genes[name as keyof StrategyGenes];
    const fits =
      typeof value === 'number' &&
      value >= bound.min &&
      value <= bound.max &&
      (!bound.integer || Number.isInteger(value));
    if (fits) continue;
    throw new FrontierError(
      'BAD_INPUT',
      `The gene ${name} is ${String(value)}.`,
      `Give ${bound.integer ? 'a whole number' : 'a number'} from ${bound.min} to ${bound.max}.`,
    );
  }
}

/**
 * JSON with sorted keys and no white space: equal values give equal text. Keys that are undefined are left out.
 * @throws FrontierError BAD_INPUT for NaN, infinities, functions and other values JSON would lose silently
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
  }
  throw new FrontierError(
    'BAD_INPUT',
    `${String(value)} has no stable JSON form.`,
    'Parameters are finite numbers, texts, booleans, null, and lists or records of them.',
  );
}

/**
 * SHA-256 of the canonical JSON of the genes, and of whatever else decides, as 64 hex digits. A deployment and
 * the session that trades it must give the same value.
 * @param context e.g. model checksum, symbol, costs; leave it out to hash the genes alone
 */
export function parameterHash(genes: StrategyGenes, context?: Readonly<Record<string, unknown>>): string {
  const { entryThreshold, stopAtr, targetAtr, riskFraction, maxHoldingBars } = genes;
  const named = { entryThreshold, stopAtr, targetAtr, riskFraction, maxHoldingBars };
  return sha256Hex(canonicalJson(context === undefined ? { genes: named } : { genes: named, context }));
}
