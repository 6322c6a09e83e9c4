import { z } from 'zod';
import { base, symbolSchema, timeMsSchema } from './common.ts';
import { sourceSchema } from './import.ts';

export const IMPACTS = ['low', 'medium', 'high', 'holiday'] as const;
export const impactSchema = z.enum(IMPACTS);
export type Impact = z.infer<typeof impactSchema>;

/** A scheduled release or speech. */
export const newsEventSchema = z.object({
  id: z.string(),
  timeMs: timeMsSchema,
  /** ISO 4217, or `ALL`. */
  currency: z.string().min(2).max(8),
  impact: impactSchema,
  title: z.string(),
  /** As the source writes them, with units; null when not known. */
  actual: z.string().nullable(),
  forecast: z.string().nullable(),
  previous: z.string().nullable(),
  /** True where the source gives a day and no time: it never makes a blackout window of minutes. */
  allDay: z.boolean(),
  source: z.string(),
});
export type NewsEvent = z.infer<typeof newsEventSchema>;

export const headlineSchema = z.object({
  id: z.string(),
  timeMs: timeMsSchema,
  title: z.string(),
  summary: z.string(),
  source: z.string(),
  url: z.string().nullable(),
  /** Symbols or currencies that the source names. */
  symbols: z.array(z.string()),
  /** -1 to 1 where the source gives one. */
  sentiment: z.number().nullable(),
});
export type Headline = z.infer<typeof headlineSchema>;

/** No new entries from so long before to so long after events of at least this impact on a symbol's currencies. */
export const blackoutPolicySchema = z.object({
  impact: z.enum(['medium', 'high']).default('high'),
  beforeMin: z.number().int().min(0).max(1440).default(30),
  afterMin: z.number().int().min(0).max(1440).default(30),
});
export type BlackoutPolicy = z.infer<typeof blackoutPolicySchema>;

export const blackoutWindowSchema = z.object({
  fromMs: timeMsSchema,
  untilMs: timeMsSchema,
  /** Titles of the events that make it. */
  reasons: z.array(z.string()),
});
export type BlackoutWindow = z.infer<typeof blackoutWindowSchema>;

export const newsProviderSchema = z.object({
  id: z.string(),
  name: z.string(),
  about: z.string(),
  gives: z.array(z.enum(['events', 'headlines'])),
  keys: z.array(z.object({ secret: z.string(), label: z.string(), stored: z.boolean() })),
  ready: z.boolean(),
  tested: z.string(),
});
export type NewsProviderDto = z.infer<typeof newsProviderSchema>;

const importedSchema = z.object({
  events: z.number(),
  headlines: z.number(),
  /** Already known and unchanged. */
  known: z.number(),
  format: z.string(),
  firstMs: timeMsSchema.nullable(),
  lastMs: timeMsSchema.nullable(),
  notes: z.array(z.string()),
});

export const newsContract = {
  events: base
    .input(
      z.object({
        fromMs: timeMsSchema,
        toMs: timeMsSchema,
        currencies: z.array(z.string().max(8)).max(64).optional(),
        impacts: z.array(impactSchema).optional(),
        limit: z.number().int().min(1).max(20_000).default(5000),
      }),
    )
    .output(z.array(newsEventSchema)),
  headlines: base
    .input(
      z.object({
        fromMs: timeMsSchema,
        toMs: timeMsSchema,
        /** Words that must occur in title or summary. */
        search: z.string().max(200).optional(),
        symbol: symbolSchema.optional(),
        limit: z.number().int().min(1).max(5000).default(500),
      }),
    )
    .output(z.array(headlineSchema)),
  /** Where the stored events and headlines are from, and how far they reach. */
  sources: base.output(
    z.array(
      z.object({
        source: z.string(),
        events: z.number(),
        headlines: z.number(),
        firstMs: timeMsSchema,
        lastMs: timeMsSchema,
        updatedMs: timeMsSchema,
      }),
    ),
  ),
  /** Reads a CSV or ICS file; whole or nothing. */
  import: base
    .input(z.object({ source: sourceSchema, zone: z.string().max(64).optional() }))
    .output(importedSchema),
  providers: base.output(z.array(newsProviderSchema)),
  fetch: base
    .input(z.object({ providerId: z.string().max(64), fromMs: timeMsSchema, toMs: timeMsSchema }))
    .output(importedSchema),
  /** Forgets everything of one source. */
  removeSource: base.input(z.object({ source: z.string().max(200) })).output(z.void()),
  blackouts: base
    .input(
      z.object({
        symbol: symbolSchema,
        fromMs: timeMsSchema,
        toMs: timeMsSchema,
        policy: blackoutPolicySchema,
      }),
    )
    .output(z.array(blackoutWindowSchema)),
};
