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
import { barColumnsSchema } from './data.ts';

/** Most bars in one answer. */
export const MAX_WINDOW_BARS = 20_000;

/** A stretch of a history in any timeframe, for a chart. */
export const chartWindowSchema = z.object({
  bars: barColumnsSchema,
  /** What the bars are, and the stored timeframe they were made from. */
  timeframe: anyTimeframeSchema,
  madeFrom: timeframeSchema,
  priceSide: priceSideSchema,
  /** First and last open of the whole history in this timeframe; null without bars. */
  firstMs: numberOrNull,
  lastMs: numberOrNull,
  /** Bars of the whole history in this timeframe; estimated where they are not counted. */
  total: z.number(),
  /** Whether more bars lie before the first and after the last of the answer. */
  before: z.boolean(),
  after: z.boolean(),
  /** Opens of bars that hold a marked bar. */
  marked: z.array(z.number()),
  /** The newest bar of the history is in the answer and is not complete. */
  lastPartial: z.boolean(),
});
export type ChartWindow = z.infer<typeof chartWindowSchema>;

const pointSchema = z.object({ timeMs: timeMsSchema, price: z.number() });
export const DRAWING_KINDS = ['trend', 'horizontal', 'rectangle', 'fibonacci'] as const;
/** Something drawn on the charts of a symbol, in all of its timeframes. */
export const drawingSchema = z.object({
  id: idSchema,
  symbol: symbolSchema,
  kind: z.enum(DRAWING_KINDS),
  /** One point for a horizontal line, two for the others. */
  points: z.array(pointSchema).min(1).max(2),
  color: z.string().regex(/^#[0-9a-f]{6}$/i),
  text: z.string().max(200).optional(),
  locked: z.boolean().optional(),
});
export type Drawing = z.infer<typeof drawingSchema>;

/** Quantiles of the price ahead of a bar, as a diffusion model draws its futures. */
export const fanSchema = z.object({
  /** Open of the bar at whose close it was known, and that close. */
  madeMs: timeMsSchema,
  close: z.number(),
  /** Levels of the distribution, ascending; the middle one is the median. */
  levels: z.array(z.number()),
  /** Opens of the bars ahead: those of the history, and beyond its end in steps of the timeframe. */
  timeMs: z.array(timeMsSchema),
  /** By level, a price per bar ahead. */
  prices: z.array(z.array(z.number())),
});
export type Fan = z.infer<typeof fanSchema>;

/** Bars in a row whose windows a model found unusual. */
export const anomalySchema = z.object({
  /** The first of them, at whose close it was known. */
  timeMs: timeMsSchema,
  /** The last of them. */
  toMs: timeMsSchema,
  /** Largest reconstruction error among them, in units of the scaled features; above the threshold. */
  error: z.number(),
  /** The figure that was completed in the first window, or that there is none with a name. */
  name: z.string(),
  named: z.boolean(),
});
export type Anomaly = z.infer<typeof anomalySchema>;

export const chartContract = {
  /**
   * Bars of a symbol in any timeframe, resampled from the longest stored one that divides it. Either the last `count`
   * that open before `endMs` (the newest when absent), or the first `count` that open at or after `fromMs`.
   */
  window: base
    .input(
      z.object({
        symbol: symbolSchema,
        timeframe: anyTimeframeSchema,
        priceSide: priceSideSchema.optional(),
        endMs: timeMsSchema.optional(),
        fromMs: timeMsSchema.optional(),
        count: z.number().int().min(1).max(MAX_WINDOW_BARS),
      }),
    )
    .output(chartWindowSchema),
  /** What can be shown of each symbol: stored timeframes and sides, and every timeframe that follows from them. */
  symbols: base.output(
    z.array(
      z.object({
        symbol: z.string(),
        synthetic: z.boolean(),
        digits: z.number(),
        pipSize: z.number(),
        sides: z.array(priceSideSchema),
        stored: z.array(timeframeSchema),
        timeframes: z.array(anyTimeframeSchema),
      }),
    ),
  ),
  /** The futures a diffusion model draws at the close of a bar: the one at or before `timeMs`, the newest when absent. */
  fan: base.input(z.object({ modelId: idSchema, timeMs: timeMsSchema.optional() })).output(fanSchema),
  /** What an anomaly model flags among the bars that open in [fromMs, toMs]. */
  anomalies: base
    .input(z.object({ modelId: idSchema, fromMs: timeMsSchema, toMs: timeMsSchema }))
    .output(z.object({ threshold: z.number(), windowBars: z.number(), markers: z.array(anomalySchema) })),
  drawings: {
    list: base.input(z.object({ symbol: symbolSchema })).output(z.array(drawingSchema)),
    /** Adds one without an id, or replaces the one with its id. */
    save: base.input(drawingSchema.partial({ id: true })).output(drawingSchema),
    remove: base.input(z.object({ id: idSchema })).output(z.void()),
  },
};
