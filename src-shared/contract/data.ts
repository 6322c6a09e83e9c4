import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import {
  anyTimeframeSchema,
  base,
  idSchema,
  numberOrNull,
  priceSideSchema,
  symbolSchema,
  timeframeSchema,
  timeMsSchema,
} from './common.ts';
import { fetchContract } from './fetch.ts';
import { datasetRefSchema, datasetSchema, qualitySchema } from './history.ts';
import { importOptionsSchema, inspectionSchema, sourceSchema } from './import.ts';
import { repairContract } from './repairs.ts';

export type { DatasetDto, DatasetRef, QualityDto } from './history.ts';
export { datasetRefSchema, datasetSchema, qualityIssueSchema, qualitySchema } from './history.ts';

export const importEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    stage: z.enum(['reading', 'checking', 'storing']),
    fraction: z.number(),
    rows: z.number(),
  }),
  z.object({
    type: z.literal('done'),
    dataset: datasetSchema,
    quality: qualitySchema,
    notes: z.array(z.string()),
    /** From the first byte read to the registered history. */
    seconds: z.number(),
  }),
]);
export type ImportEvent = z.infer<typeof importEventSchema>;

/** Columns of equal length; `timeMs` is the bar open. */
export const barColumnsSchema = z.object({
  timeMs: z.array(z.number()),
  open: z.array(z.number()),
  high: z.array(z.number()),
  low: z.array(z.number()),
  close: z.array(z.number()),
  volume: z.array(z.number()),
});
export type BarColumnsDto = z.infer<typeof barColumnsSchema>;

/** One change of a stored history, the newest of which can be taken back. */
export const changeSchema = z.object({
  id: idSchema,
  symbol: z.string(),
  timeframe: timeframeSchema,
  priceSide: priceSideSchema,
  madeMs: timeMsSchema,
  kind: z.enum(['import', 'fetch', 'repair', 'resample', 'remove']),
  /** One sentence for the user. */
  summary: z.string(),
  /** Taken back at; null while it holds. */
  undoneMs: timeMsSchema.nullable(),
  /** Whether `undo` would take it back now: only the newest change of a history, while the earlier version is kept. */
  undoable: z.boolean(),
});
export type ChangeDto = z.infer<typeof changeSchema>;

/** A history by calendar month (UTC), for the coverage map. */
export const coverageSchema = z.object({
  symbol: z.string(),
  timeframe: timeframeSchema,
  priceSide: priceSideSchema,
  months: z.array(
    z.object({
      /** First instant of the month, UTC. */
      monthMs: timeMsSchema,
      bars: z.number(),
      /** Bars that the market's calendar expects in the month, within the history's own first and last bar. */
      expected: z.number(),
      /** Bars that carry a mark. */
      marked: z.number(),
    }),
  ),
});
export type CoverageDto = z.infer<typeof coverageSchema>;

export const dataContract = {
  list: base.output(z.array(datasetSchema)),
  /**
   * Brings a file's bytes in pieces (base64, at most 1 MiB raw each) so that the same way serves the desktop and a
   * remote browser. Offsets must follow each other; a piece out of order is refused.
   */
  upload: base
    .input(
      z.object({
        uploadId: idSchema.optional(),
        fileName: z.string().min(1).max(255),
        offset: z.number().int().min(0),
        base64: z.string().max(1_400_000),
      }),
    )
    .output(z.object({ uploadId: idSchema, received: z.number() })),
  /** Forgets an upload that will not be imported. */
  discard: base.input(z.object({ uploadId: idSchema })).output(z.void()),
  /** What a file holds, before anything is stored: format, columns, zone, first rows, what is wrong with it. */
  inspect: base
    .input(importOptionsSchema.partial({ symbol: true }).extend({ source: sourceSchema }))
    .output(inspectionSchema),
  /** Reads, checks and stores; whole or nothing. */
  import: base
    .input(importOptionsSchema.extend({ source: sourceSchema }))
    .output(eventIterator(importEventSchema)),
  quality: base.input(datasetRefSchema).output(qualitySchema),
  coverage: base.input(datasetRefSchema).output(coverageSchema),
  /** The last `count` bars that open before `endMs` (the newest when absent). */
  bars: base
    .input(
      datasetRefSchema.extend({ endMs: timeMsSchema.optional(), count: z.number().int().min(1).max(20_000) }),
    )
    .output(
      z.object({ bars: barColumnsSchema, firstMs: numberOrNull, lastMs: numberOrNull, total: z.number() }),
    ),
  /** The model's forecast at each of the given bars with its conformal interval, as prices `horizonBars` ahead. */
  forecast: base
    .input(
      z.object({
        modelId: idSchema,
        endMs: timeMsSchema.optional(),
        count: z.number().int().min(1).max(20_000),
      }),
    )
    .output(
      z.object({
        horizonBars: z.number(),
        confidence: z.number(),
        /** Open of the bar at whose close the forecast was known. */
        timeMs: z.array(z.number()),
        price: z.array(numberOrNull),
        lower: z.array(numberOrNull),
        upper: z.array(numberOrNull),
      }),
    ),
  /** Removes a history; `undo` with the change brings it back. */
  remove: base.input(datasetRefSchema).output(z.object({ changeId: idSchema })),
  /** What was done to the stored histories, the newest first; of one history when named. */
  changes: base
    .input(
      z.object({
        symbol: symbolSchema.optional(),
        timeframe: timeframeSchema.optional(),
        priceSide: priceSideSchema.optional(),
        limit: z.number().int().min(1).max(1000).default(100),
      }),
    )
    .output(z.array(changeSchema)),
  /** Takes back the newest change of a history. Null when there was no history before it. */
  undo: base.input(z.object({ changeId: idSchema })).output(datasetSchema.nullable()),
  /** Stores a history resampled to a longer timeframe. */
  resample: base
    .input(datasetRefSchema.extend({ target: timeframeSchema }))
    .output(z.object({ dataset: datasetSchema, changeId: idSchema })),
  /**
   * Writes a history to a file: at `path`, which must not exist unless `overwrite`, or under the data folder's
   * `exports` when there is none, to be fetched with `exported`.
   */
  export: base
    .input(
      datasetRefSchema.extend({
        as: anyTimeframeSchema.optional(),
        format: z.enum(['csv', 'parquet']),
        fromMs: timeMsSchema.optional(),
        toMs: timeMsSchema.optional(),
        path: z.string().min(1).optional(),
        overwrite: z.boolean().default(false),
      }),
    )
    .output(
      z.object({ exportId: idSchema.nullable(), path: z.string(), bars: z.number(), bytes: z.number() }),
    ),
  /** A piece of an exported file, at most 1 MiB. */
  exported: base
    .input(z.object({ exportId: idSchema, offset: z.number().int().min(0) }))
    .output(z.object({ base64: z.string(), total: z.number() })),
  repairs: repairContract,
  fetch: fetchContract,
};
