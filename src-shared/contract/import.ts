import { z } from 'zod';
import { idSchema, priceSideSchema, symbolSchema, timeframeSchema, timeMsSchema } from './common.ts';
import { qualitySchema } from './history.ts';

/** Where bytes come from. `entry` names a file inside an archive that holds several. */
export const sourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('upload'), uploadId: idSchema, entry: z.string().max(1024).optional() }),
  z.object({ kind: z.literal('path'), path: z.string().min(1), entry: z.string().max(1024).optional() }),
  z.object({ kind: z.literal('demo') }),
]);
export type ImportSource = z.infer<typeof sourceSchema>;

/** What a column of a file is. */
export const COLUMN_ROLES = [
  'time',
  'date',
  'clock',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'bid',
  'ask',
  'ignore',
] as const;
export const columnRoleSchema = z.enum(COLUMN_ROLES);
export type ColumnRole = z.infer<typeof columnRoleSchema>;

/**
 * What to do with rows that cannot be stored as they are, by the kind of their issue. A kind that is not named is
 * refused: nothing is repaired silently.
 */
export const ROW_REPAIRS = ['drop', 'keep-first', 'keep-last', 'move'] as const;
export const rowRepairsSchema = z.record(z.string(), z.enum(ROW_REPAIRS));
export type RowRepairs = z.infer<typeof rowRepairsSchema>;

/** What the user says about a file; everything else is read from it. */
export const importOptionsSchema = z.object({
  symbol: symbolSchema,
  /** Detected when absent; for ticks the bars to make, M1 when absent. */
  timeframe: timeframeSchema.optional(),
  /** IANA name or fixed offset, for files whose times carry none. */
  zone: z.string().max(64).optional(),
  /** For ticks the side whose bars are made. */
  priceSide: priceSideSchema.optional(),
  /** Roles by column, where the detection is wrong. */
  columns: z.array(columnRoleSchema).max(200).optional(),
  repairs: rowRepairsSchema.optional(),
  /** `merge` adds bars to the stored history; bars at the same time must be equal. Default: replace. */
  mode: z.enum(['replace', 'merge']).optional(),
});
export type ImportChoices = z.infer<typeof importOptionsSchema>;

/** What a file holds, shown for confirmation before anything is stored. */
export const inspectionSchema = z.object({
  fileName: z.string(),
  bytes: z.number(),
  /** Files inside an archive that could be imported; empty for a plain file. */
  entries: z.array(z.object({ name: z.string(), bytes: z.number() })),
  content: z.enum(['bars', 'ticks']),
  /** For people, e.g. `MetaTrader without header, YYYY.MM.DD HH:MM`. */
  format: z.string(),
  separator: z.string().nullable(),
  hasHeader: z.boolean(),
  decimalComma: z.boolean(),
  columns: z.array(z.object({ name: z.string(), role: columnRoleSchema })),
  /** The first rows as they stand in the file. */
  sample: z.array(z.array(z.string())),
  /** The open of the first and of the last bar in UTC as they would be stored. */
  firstMs: timeMsSchema.nullable(),
  lastMs: timeMsSchema.nullable(),
  rows: z.number(),
  timeframe: timeframeSchema.nullable(),
  symbolGuess: z.string().nullable(),
  priceSideGuess: priceSideSchema.nullable(),
  /** Zone that the file's own times state; null when they state none. */
  statedZone: z.string().nullable(),
  /** Zone that the format or the pattern of the market week suggests, and why. */
  suggestedZone: z.object({ zone: z.string(), reason: z.string() }).nullable(),
  /** Zone that the times above were read in. */
  zone: z.string(),
  /** Local times that occur twice, and that do not occur, because of daylight saving in that zone. */
  ambiguousTimes: z.number(),
  impossibleTimes: z.number(),
  notes: z.array(z.string()),
  quality: qualitySchema,
  /** Rows that cannot be stored as they are: the choices that `repairs` offers for each kind of issue. */
  repairable: z.array(
    z.object({ kind: z.string(), rows: z.number(), choices: z.array(z.enum(ROW_REPAIRS)) }),
  ),
});
export type Inspection = z.infer<typeof inspectionSchema>;
