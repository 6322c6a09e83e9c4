import type { z } from 'zod';
import type { costsSchema, genesSchema } from '../../src-shared/contract/common.ts';

export type GenesDto = z.infer<typeof genesSchema>;
export type CostsDto = z.infer<typeof costsSchema>;

export interface FieldDefinition<K extends string> {
  readonly key: K;
  readonly label: string;
  readonly unit: string;
  /** What the user edits is `stored * scale`: a risk of 0.01 is edited as 1 %. */
  readonly scale: number;
  readonly decimals: number;
  readonly step: number;
  /** Bounds in the edited unit; the same as the contract's. */
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

/** The genes as a user edits and reads them. */
export const GENE_FIELDS: readonly FieldDefinition<keyof GenesDto>[] = [
  {
    key: 'entryThreshold',
    label: 'Entry threshold',
    unit: 'σ',
    scale: 1,
    decimals: 3,
    step: 0.05,
    min: 0,
    max: 10,
    help: 'A position is opened when the forecast return, in units of its calibrated scale, exceeds this.',
  },
  {
    key: 'stopAtr',
    label: 'Stop-loss',
    unit: '× ATR',
    scale: 1,
    decimals: 2,
    step: 0.1,
    min: 0.1,
    max: 50,
    help: 'Distance of the stop from the entry, in multiples of the average true range at the decision.',
  },
  {
    key: 'targetAtr',
    label: 'Take-profit',
    unit: '× ATR',
    scale: 1,
    decimals: 2,
    step: 0.1,
    min: 0.1,
    max: 100,
    help: 'Distance of the target from the entry, in multiples of the average true range at the decision.',
  },
  {
    key: 'riskFraction',
    label: 'Risk per trade',
    unit: '% of equity',
    scale: 100,
    decimals: 2,
    step: 0.1,
    min: 0.01,
    max: 10,
    help: 'Share of the equity lost when the stop is hit at its price; sets the volume.',
  },
  {
    key: 'maxHoldingBars',
    label: 'Max holding',
    unit: 'bars',
    scale: 1,
    decimals: 0,
    step: 1,
    min: 1,
    max: 10_000,
    help: 'The position is closed at the first open after this many bars.',
  },
];

/** The trading costs as a user edits and reads them. */
export const COST_FIELDS: readonly FieldDefinition<keyof CostsDto>[] = [
  {
    key: 'spreadPips',
    label: 'Spread',
    unit: 'pips',
    scale: 1,
    decimals: 2,
    step: 0.1,
    min: 0,
    max: 1000,
    help: 'Full distance between bid and ask.',
  },
  {
    key: 'commissionPerLot',
    label: 'Commission',
    unit: 'per lot and side',
    scale: 1,
    decimals: 2,
    step: 0.5,
    min: 0,
    max: 10_000,
    help: 'In account currency, charged at entry and again at exit.',
  },
  {
    key: 'commissionRate',
    label: 'Commission rate',
    unit: '% of notional',
    scale: 100,
    decimals: 4,
    step: 0.01,
    min: 0,
    max: 10,
    help: 'Share of the traded value per side, added to the commission per lot; taker fees are given so.',
  },
  {
    key: 'slippagePips',
    label: 'Slippage',
    unit: 'pips',
    scale: 1,
    decimals: 2,
    step: 0.1,
    min: 0,
    max: 1000,
    help: 'Adverse slippage on market and stop fills.',
  },
];

/** A stored value as the user edits it, without the noise of binary fractions. */
export function toEdited(field: FieldDefinition<string>, stored: number): number {
  return Number((stored * field.scale).toFixed(field.decimals));
}

/** An edited value as the engine stores it. */
export function toStored(field: FieldDefinition<string>, edited: number): number {
  return Number((edited / field.scale).toPrecision(12));
}

/** A gene or cost with its unit, e.g. `1.50 × ATR`, `0.75 % of equity`. */
export function formatField(field: FieldDefinition<string>, stored: number): string {
  const text = (stored * field.scale).toFixed(field.decimals);
  return `${text} ${field.unit}`;
}

/** All genes in one line, for a hover, a title or a dialog. */
export function describeGenes(genes: GenesDto): string {
  return GENE_FIELDS.map((field) => `${field.label} ${formatField(field, genes[field.key])}`).join(', ');
}

/** What is wrong with an edited value, in words; undefined when nothing is. */
export function fieldProblem(field: FieldDefinition<string>, edited: number | string): string | undefined {
  const value = typeof edited === 'number' ? edited : Number.parseFloat(edited);
  if (edited === '' || !Number.isFinite(value)) return `${field.label}: enter a number.`;
  if (value < field.min || value > field.max) {
    return `${field.label}: between ${field.min} and ${field.max} ${field.unit}.`;
  }
  if (field.decimals === 0 && !Number.isInteger(value)) return `${field.label}: a whole number.`;
  return undefined;
}
