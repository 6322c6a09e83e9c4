import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base, idSchema, priceSideSchema, symbolSchema, timeframeSchema, timeMsSchema } from './common.ts';

export const providerSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** One sentence: what it has. */
  about: z.string(),
  assetClasses: z.array(z.string()),
  timeframes: z.array(timeframeSchema),
  priceSides: z.array(priceSideSchema),
  keys: z.array(z.object({ secret: z.string(), label: z.string(), stored: z.boolean() })),
  /** Whether every key that it needs is stored. */
  ready: z.boolean(),
  /** What this adapter was tried against, in words: never a real server on the machines that test Frontier. */
  tested: z.string(),
});
export type ProviderDto = z.infer<typeof providerSchema>;

export const fetchTaskSchema = z.object({
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  priceSide: priceSideSchema,
  fromMs: timeMsSchema,
  /** Now when absent. */
  toMs: timeMsSchema.optional(),
});
export type FetchTaskInput = z.infer<typeof fetchTaskSchema>;

/** A download of one or several histories. */
export const fetchRunSchema = z.object({
  id: idSchema,
  providerId: z.string(),
  state: z.enum(['running', 'stopping', 'done', 'failed', 'stopped']),
  startedMs: timeMsSchema,
  endedMs: timeMsSchema.nullable(),
  tasks: z.array(
    z.object({
      symbol: z.string(),
      timeframe: timeframeSchema,
      priceSide: priceSideSchema,
      fromMs: timeMsSchema,
      toMs: timeMsSchema,
      state: z.enum(['waiting', 'running', 'done', 'failed', 'stopped']),
      /** New bars stored. */
      bars: z.number(),
      coveredToMs: timeMsSchema,
      fraction: z.number(),
      /** Why it waits, e.g. for the provider's limit. */
      message: z.string().nullable(),
      error: z.object({ message: z.string(), hint: z.string().nullable() }).nullable(),
    }),
  ),
});
export type FetchRunDto = z.infer<typeof fetchRunSchema>;

export const fetchContract = {
  providers: base.output(z.array(providerSchema)),
  /** Keeps a key in the secret store. It never comes back out through the interface. */
  setKey: base
    .input(z.object({ secret: z.string().min(1).max(64), value: z.string().min(1).max(8192) }))
    .output(z.void()),
  removeKey: base.input(z.object({ secret: z.string().min(1).max(64) })).output(z.void()),
  /** Fetches what is missing; goes on when the caller leaves. */
  start: base
    .input(z.object({ providerId: z.string().max(64), tasks: z.array(fetchTaskSchema).min(1).max(200) }))
    .output(z.object({ fetchId: idSchema })),
  /** Asks each history's provider for what came since. */
  update: base
    .input(
      z.object({
        histories: z
          .array(z.object({ symbol: symbolSchema, timeframe: timeframeSchema, priceSide: priceSideSchema }))
          .min(1)
          .max(200),
      }),
    )
    .output(z.object({ fetchIds: z.array(idSchema) })),
  stop: base.input(z.object({ fetchId: idSchema })).output(z.void()),
  /** Runs of this start of the engine, the newest first; then every change. */
  watch: base.output(eventIterator(z.array(fetchRunSchema))),
};
