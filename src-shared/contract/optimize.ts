import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { entryRules, equitySchema } from './backtest.ts';
import {
  base,
  genesSchema,
  idSchema,
  jobStateSchema,
  metricsSchema,
  timeframeSchema,
  timeMsSchema,
} from './common.ts';

export const OBJECTIVES = ['netReturnPct', 'maxDrawdownPct', 'sharpe', 'winRatePct'] as const;
export type ObjectiveName = (typeof OBJECTIVES)[number];
/** Return, Sharpe and win rate are maximised, drawdown is minimised. */
export const OBJECTIVE_DIRECTION: Readonly<Record<ObjectiveName, 'maximise' | 'minimise'>> = {
  netReturnPct: 'maximise',
  maxDrawdownPct: 'minimise',
  sharpe: 'maximise',
  winRatePct: 'maximise',
};

export const studyInputSchema = z.object({
  modelId: idSchema,
  population: z.number().int().min(8).max(500).default(40),
  /** Evaluations in all; whole generations. */
  evaluations: z.number().int().min(16).max(100_000).default(400),
  seed: z.number().int().min(0).max(0xffffffff).default(7),
  /** Fewer trades than this make a point infeasible. */
  minTrades: z.number().int().min(1).max(10_000).default(20),
  ...entryRules,
});
export type StudyInput = z.infer<typeof studyInputSchema>;

export const trialSchema = z.object({
  id: idSchema,
  number: z.number(),
  genes: genesSchema,
  /** In the order of OBJECTIVES; null where too few trades support a figure. */
  objectives: z.array(z.number().nullable()),
  feasible: z.boolean(),
  onFront: z.boolean(),
  trades: z.number(),
});
export type TrialDto = z.infer<typeof trialSchema>;

export const studySchema = z.object({
  id: idSchema,
  jobId: z.string(),
  input: studyInputSchema,
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  state: jobStateSchema,
  startedMs: timeMsSchema,
  endedMs: timeMsSchema.optional(),
  evaluations: z.number(),
  seconds: z.number(),
  etaMs: z.number().optional(),
  hypervolume: z.array(z.object({ evaluations: z.number(), value: z.number() })),
  trials: z.array(trialSchema),
  /** Trial the documented rule would pick. */
  recommendedTrialId: idSchema.optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type StudyDto = z.infer<typeof studySchema>;
export const studySummarySchema = studySchema
  .omit({ trials: true, hypervolume: true })
  .extend({ frontSize: z.number() });
export type StudySummary = z.infer<typeof studySummarySchema>;

/** One point in full: in-sample (the optimisation span) and, for front members only, out-of-sample (the test span). */
export const pointSchema = z.object({
  trial: trialSchema,
  parameterHash: z.string(),
  currency: z.string(),
  optimisation: z.object({ metrics: metricsSchema, equity: equitySchema }),
  test: z.object({ metrics: metricsSchema, equity: equitySchema }).optional(),
});
export type PointDto = z.infer<typeof pointSchema>;

const studyId = z.object({ studyId: idSchema });

export const optimizeContract = {
  start: base.input(studyInputSchema).output(z.object({ studyId: idSchema })),
  list: base.output(z.array(studySummarySchema)),
  get: base.input(studyId).output(studySchema),
  pause: base.input(studyId).output(z.void()),
  resume: base.input(studyId).output(z.void()),
  stop: base.input(studyId).output(z.void()),
  /** The study as it is, then again after each generation, until it ends. */
  watch: base.input(studyId).output(eventIterator(studySchema)),
  point: base.input(studyId.extend({ trialId: idSchema })).output(pointSchema),
};
