import { z } from 'zod';
import type { Trade } from '../trading/types.ts';
import {
  base,
  costsSchema,
  genesSchema,
  idSchema,
  metricsSchema,
  spanNameSchema,
  timeframeSchema,
  timeMsSchema,
} from './common.ts';
import { blackoutPolicySchema } from './news.ts';

/** Which entries a strategy leaves out (ORD-20); the same fields in backtests, studies and deployments. */
export const entryRules = {
  /** No entries around news; absent: news are not looked at. */
  blackout: blackoutPolicySchema.optional(),
  /** No entries after repaired bars. Absent is true. */
  excludeRepaired: z.boolean().optional(),
  /** Entries only where the whole forecast interval lies beyond the cost of a round trip (ORD-22). Absent is false. */
  requireInterval: z.boolean().optional(),
  /** No entries after windows that this anomaly model flags (ORD-24); it is of the same market and history. */
  avoidAnomalies: idSchema.optional(),
};
export type EntryRules = z.infer<z.ZodObject<typeof entryRules>>;

export const equitySchema = z.object({
  timeMs: z.array(z.number()),
  equity: z.array(z.number()),
  drawdownPct: z.array(z.number()),
});
export type EquityDto = z.infer<typeof equitySchema>;

export const backtestSummarySchema = z.object({
  id: idSchema,
  modelId: idSchema,
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  span: spanNameSchema,
  fromMs: timeMsSchema,
  toMs: timeMsSchema,
  createdMs: timeMsSchema,
  genes: genesSchema,
  costs: costsSchema,
  currency: z.string(),
  initialBalance: z.number(),
  parameterHash: z.string(),
  ...entryRules,
  /** Entries that the rules above forbade. */
  blockedEntries: z.number().optional(),
  metrics: metricsSchema,
});
export type BacktestSummary = z.infer<typeof backtestSummarySchema>;

export const backtestSchema = backtestSummarySchema.extend({
  /** Metrics if every ambiguous bar had hit the stop first, or the target first. */
  band: z.object({ stopFirst: metricsSchema, targetFirst: metricsSchema, ambiguousTrades: z.number() }),
  /** At most 2,000 points, the extremes kept. */
  equity: equitySchema,
  trades: z.array(z.custom<Trade>()),
  seconds: z.number(),
  /** What this result was fitted on and what not, in words. */
  honesty: z.string(),
});
export type BacktestDto = z.infer<typeof backtestSchema>;

export const backtestContract = {
  run: base
    .input(
      z.object({
        modelId: idSchema,
        span: spanNameSchema.default('test'),
        genes: genesSchema.optional(),
        costs: costsSchema.optional(),
        ...entryRules,
      }),
    )
    .output(backtestSchema),
  list: base.output(z.array(backtestSummarySchema)),
  get: base.input(z.object({ backtestId: idSchema })).output(backtestSchema),
  /** Genes and costs that a run without them takes for this model. */
  defaults: base
    .input(z.object({ modelId: idSchema }))
    .output(
      z.object({ genes: genesSchema, costs: costsSchema, currency: z.string(), initialBalance: z.number() }),
    ),
};
