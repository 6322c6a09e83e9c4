import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import type { Fill, OpenPosition, OrderState, Trade } from '../trading/types.ts';
import { entryRules } from './backtest.ts';
import { base, costsSchema, genesSchema, idSchema, timeframeSchema, timeMsSchema } from './common.ts';

export const deploymentSchema = z.object({
  id: idSchema,
  createdMs: timeMsSchema,
  modelId: idSchema,
  studyId: idSchema.optional(),
  trialId: idSchema.optional(),
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  broker: z.enum(['paper']),
  genes: genesSchema,
  costs: costsSchema,
  parameterHash: z.string(),
  ...entryRules,
});
export type DeploymentDto = z.infer<typeof deploymentSchema>;

export const sessionStateSchema = z.enum([
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
  'finished',
  /** The engine ended without a stop; `resume` reconciles and goes on. */
  'interrupted',
  'failed',
]);
export type SessionState = z.infer<typeof sessionStateSchema>;

export const orderRowSchema = z.object({
  clientOrderId: z.string(),
  side: z.enum(['buy', 'sell']),
  purpose: z.enum(['open', 'close']),
  reason: z.string(),
  volumeLots: z.number(),
  state: z.custom<OrderState>(),
  createdMs: timeMsSchema,
  /** Present when filled. */
  price: z.number().optional(),
  filledMs: timeMsSchema.optional(),
  note: z.string().optional(),
});
export type OrderRow = z.infer<typeof orderRowSchema>;

export const logRowSchema = z.object({
  seq: z.number(),
  /** Market time of the session when it was written. */
  timeMs: timeMsSchema,
  level: z.enum(['info', 'warning', 'error']),
  message: z.string(),
});
export type LogRow = z.infer<typeof logRowSchema>;

/** How many of the last intervals held. */
export const coverageWindowSchema = z.object({
  /** Intervals asked for; 0 is all of the session. */
  last: z.number(),
  n: z.number(),
  achieved: z.number(),
  /** Band of the true coverage; overlapping horizons make it wider than n alone would. */
  low: z.number(),
  high: z.number(),
});

/** Whether the forecast intervals of a session held, each judged when its horizon had passed (CONF-15). */
export const liveCoverageSchema = z.object({
  /** Coverage aimed at. */
  target: z.number(),
  horizonBars: z.number(),
  windows: z.array(coverageWindowSchema),
  /** The newest verdicts, oldest first: true where the interval held. */
  recent: z.array(z.boolean()),
  /** What an interval that follows the misses would aim at now, and how it would have fared. */
  adaptive: z.object({ confidence: z.number(), achieved: z.number(), n: z.number() }).optional(),
});
export type LiveCoverage = z.infer<typeof liveCoverageSchema>;

export const sessionSchema = z.object({
  id: idSchema,
  deploymentId: idSchema,
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  badge: z.enum(['PAPER', 'LIVE', 'SHADOW']),
  broker: z.string(),
  feed: z.string(),
  state: sessionStateSchema,
  parameterHash: z.string(),
  genes: genesSchema,
  currency: z.string(),
  digits: z.number(),
  pipSize: z.number(),
  startedMs: timeMsSchema,
  endedMs: timeMsSchema.optional(),
  /** Open of the last closed bar that was decided on. */
  barTimeMs: timeMsSchema.optional(),
  lastPrice: z.number().optional(),
  barsDone: z.number(),
  barsTotal: z.number(),
  speed: z.number(),
  balance: z.number(),
  equity: z.number(),
  initialBalance: z.number(),
  position: z.custom<OpenPosition>().optional(),
  unrealised: z.number(),
  decisions: z.number(),
  orders: z.array(orderRowSchema),
  fills: z.array(z.custom<Fill>()),
  trades: z.array(z.custom<Trade>()),
  equityCurve: z.object({ timeMs: z.array(z.number()), equity: z.array(z.number()) }),
  lastDecision: z
    .object({ barTimeMs: timeMsSchema, signal: z.number().nullable(), explanation: z.string() })
    .optional(),
  log: z.array(logRowSchema),
  /** Absent until the first interval has come due. */
  coverage: liveCoverageSchema.optional(),
  /** Anything between journal and broker that does not agree; empty is good. */
  unreconciled: z.array(z.string()),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type SessionDto = z.infer<typeof sessionSchema>;

export const sessionSummarySchema = sessionSchema.omit({
  orders: true,
  fills: true,
  trades: true,
  equityCurve: true,
  log: true,
  coverage: true,
});
export type SessionSummary = z.infer<typeof sessionSummarySchema>;

export const adherenceSchema = z.object({
  decisionsCompared: z.number(),
  decisionsEqual: z.number(),
  fillsCompared: z.number(),
  fillsEqual: z.number(),
  /** The first differences in words; empty when the session did what the backtester would have done. */
  differences: z.array(z.string()),
});
export type AdherenceDto = z.infer<typeof adherenceSchema>;

const sessionId = z.object({ sessionId: idSchema });

export const liveContract = {
  deploy: base
    .input(z.object({ studyId: idSchema, trialId: idSchema, broker: z.enum(['paper']).default('paper') }))
    .output(deploymentSchema),
  deployments: base.output(z.array(deploymentSchema)),
  /** Starts a session that replays the last `bars` of the stored history (the replay span when absent). */
  start: base
    .input(
      z.object({
        deploymentId: idSchema,
        bars: z.number().int().min(1).max(1_000_000).optional(),
        /** Bars per second; 0 runs as fast as it goes. */
        speed: z.number().min(0).max(1_000_000).default(0),
      }),
    )
    .output(z.object({ sessionId: idSchema })),
  setSpeed: base.input(sessionId.extend({ speed: z.number().min(0).max(1_000_000) })).output(z.void()),
  pause: base.input(sessionId).output(z.void()),
  /** Goes on after a pause, or after the engine died: reconciles first, places nothing twice. */
  resume: base.input(sessionId).output(z.void()),
  /** Ends the session and leaves positions as they are. */
  stop: base.input(sessionId).output(z.void()),
  /** What flatten would do, in the words of the consequence. */
  flattenPreview: base.output(z.object({ positions: z.number(), text: z.string() })),
  /** Cancels pending orders, closes every position at market, stops every session. */
  flatten: base.output(
    z.object({
      closedPositions: z.number(),
      cancelledOrders: z.number(),
      stoppedSessions: z.number(),
      messages: z.array(z.string()),
    }),
  ),
  list: base.output(z.array(sessionSummarySchema)),
  get: base.input(sessionId).output(sessionSchema),
  watch: base.input(sessionId).output(eventIterator(sessionSchema)),
  /** Replays the recorded session through the backtester and compares. */
  adherence: base.input(sessionId).output(adherenceSchema),
};
