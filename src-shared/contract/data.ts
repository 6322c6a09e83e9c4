import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import {
  base,
  idSchema,
  numberOrNull,
  priceSideSchema,
  symbolSchema,
  timeframeSchema,
  timeMsSchema,
} from './common.ts';

export const qualityIssueSchema = z.object({
  kind: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  timeMs: timeMsSchema,
  untilMs: timeMsSchema.optional(),
  count: z.number(),
  message: z.string(),
});
export const qualitySchema = z.object({
  score: z.number(),
  bars: z.number(),
  issues: z.array(qualityIssueSchema),
  missingBars: z.number(),
  missingPct: z.number(),
  meanRangePips: z.number(),
  p99RangePips: z.number(),
});
export type QualityDto = z.infer<typeof qualitySchema>;

export const datasetSchema = z.object({
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  priceSide: priceSideSchema,
  bars: z.number(),
  fromMs: timeMsSchema,
  toMs: timeMsSchema,
  dataHash: z.string(),
  source: z.string(),
  format: z.string(),
  zone: z.string(),
  importedMs: timeMsSchema,
  qualityScore: z.number(),
  issueCount: z.number(),
  digits: z.number(),
  pipSize: z.number(),
});
export type DatasetDto = z.infer<typeof datasetSchema>;

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

const datasetKey = z.object({ symbol: symbolSchema, timeframe: timeframeSchema });

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
  /** Reads, checks and stores; whole or nothing. */
  import: base
    .input(
      z.object({
        source: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('upload'), uploadId: idSchema }),
          z.object({ kind: z.literal('path'), path: z.string().min(1) }),
          z.object({ kind: z.literal('demo') }),
        ]),
        symbol: symbolSchema,
        timeframe: timeframeSchema.optional(),
        /** IANA name or fixed offset, for files whose times carry none. */
        zone: z.string().max(64).optional(),
        priceSide: priceSideSchema.optional(),
      }),
    )
    .output(eventIterator(importEventSchema)),
  quality: base.input(datasetKey).output(qualitySchema),
  /** The last `count` bars that open before `endMs` (the newest when absent). */
  bars: base
    .input(datasetKey.extend({ endMs: timeMsSchema.optional(), count: z.number().int().min(1).max(20_000) }))
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
  remove: base.input(datasetKey).output(z.void()),
};
