import { z } from 'zod';
import { priceSideSchema, symbolSchema, timeframeSchema, timeMsSchema } from './common.ts';

/** Names a stored history. Without a side: bid where it is stored, else mid, else ask. */
export const datasetRefSchema = z.object({
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  priceSide: priceSideSchema.optional(),
});
export type DatasetRef = z.infer<typeof datasetRefSchema>;

/** Something found in a history. Kinds are listed in docs/spec/data.md. */
export const qualityIssueSchema = z.object({
  kind: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  timeMs: timeMsSchema,
  untilMs: timeMsSchema.optional(),
  count: z.number(),
  message: z.string(),
  /** Line of the file, the header is 1; only while a file is looked at. */
  line: z.number().optional(),
});
export type QualityIssueDto = z.infer<typeof qualityIssueSchema>;

/** What the pictures of a quality report show. */
export const qualityPicturesSchema = z.object({
  /** Distribution of high - low: `counts[i]` bars have a range in [edges[i], edges[i + 1]) pips; the last is open. */
  ranges: z.object({
    edgesPips: z.array(z.number()),
    counts: z.array(z.number()),
    medianPips: z.number(),
    meanPips: z.number(),
    p99Pips: z.number(),
    largestPips: z.number(),
    /** Ranges above this count as wide, and the share of bars that are. */
    thresholdPips: z.number(),
    sharePctAboveThreshold: z.number(),
  }),
  /**
   * Mean volume (mean range where there is no volume) by hour of the UTC day, on days on which New York has standard
   * and daylight time; a market's day shifts by an hour between them unless the zone is wrong. Null where a season
   * has no bars.
   */
  hourProfile: z.object({
    of: z.enum(['volume', 'range']),
    standard: z.array(z.number().nullable()),
    daylight: z.array(z.number().nullable()),
  }),
});

export const qualitySchema = z.object({
  score: z.number(),
  bars: z.number(),
  issues: z.array(qualityIssueSchema),
  missingBars: z.number(),
  missingPct: z.number(),
  meanRangePips: z.number(),
  p99RangePips: z.number(),
  /** Issues found beyond those listed: a ruined file has one in every row. */
  issuesLeftOut: z.number().default(0),
  pictures: qualityPicturesSchema.optional(),
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
  /** Last change of any kind. */
  updatedMs: timeMsSchema,
  qualityScore: z.number(),
  issueCount: z.number(),
  digits: z.number(),
  pipSize: z.number(),
  /** Bars that a repair touched; see `src-shared/market/marks.ts`. */
  markedBars: z.number(),
  /** Where the newest bars came from over the network, so that it can be asked for more; null for files. */
  providerId: z.string().nullable(),
});
export type DatasetDto = z.infer<typeof datasetSchema>;
