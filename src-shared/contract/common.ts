import { oc } from '@orpc/contract';
import { z } from 'zod';
import { ALL_TIMEFRAMES, TIMEFRAMES } from '../market/timeframes.ts';
import type { Metrics } from '../metrics/types.ts';

/** Shapes that several domains of the contract share. */

export const symbolSchema = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9._-]{0,23}$/, 'Letters, digits, dot, dash or underscore, at most 24.');
export const timeframeSchema = z.enum(TIMEFRAMES);
/** Every length that bars can be shown or exported in; those that are not stored are resampled. */
export const anyTimeframeSchema = z.enum(ALL_TIMEFRAMES);
export const priceSideSchema = z.enum(['bid', 'ask', 'mid']);
/** Identifiers that the engine made; never a path. */
export const idSchema = z
  .string()
  .regex(/^[a-z]+_[A-Za-z0-9_-]{4,60}$/, 'Not an identifier that Frontier made.');
export const timeMsSchema = z.number().finite();
/** JSON has no NaN: unknown numbers travel as null. */
export const numberOrNull = z.number().nullable();

export const genesSchema = z.object({
  entryThreshold: z.number().min(0).max(10),
  stopAtr: z.number().min(0.1).max(50),
  targetAtr: z.number().min(0.1).max(100),
  riskFraction: z.number().min(0.0001).max(0.1),
  maxHoldingBars: z.number().int().min(1).max(10_000),
});

export const costsSchema = z.object({
  spreadPips: z.number().min(0).max(1000),
  commissionPerLot: z.number().min(0).max(10_000),
  slippagePips: z.number().min(0).max(1000),
  /** Share of the notional and side, e.g. 0.001 is 0.1 %. */
  commissionRate: z.number().min(0).max(0.1).optional(),
});

/** Performance figures; see `src-shared/metrics/types.ts`. */
export const metricsSchema = z.custom<Metrics>((v) => typeof v === 'object' && v !== null);

export const jobStateSchema = z.enum([
  'queued',
  'running',
  'paused',
  'stopping',
  'done',
  'failed',
  'stopped',
]);
export type JobStateDto = z.infer<typeof jobStateSchema>;

export const jobSchema = z.object({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  state: jobStateSchema,
  fraction: z.number(),
  etaMs: z.number().optional(),
  message: z.string().optional(),
});
export type JobDto = z.infer<typeof jobSchema>;

const hint = z.object({ hint: z.string().optional() });

/** The base of every procedure: the errors a caller can branch on by `code`; `data.hint` says what to do. */
export const base = oc.errors({
  BAD_INPUT: { status: 400, data: hint },
  NOT_FOUND: { status: 404, data: hint },
  CONFLICT: { status: 409, data: hint },
  LOCKED: { status: 423, data: hint },
  CANCELLED: { status: 499, data: hint },
  UNAVAILABLE: { status: 503, data: hint },
  CORRUPT: { status: 500, data: hint },
  REFUSED: { status: 403, data: hint },
  IMPORT_FAILED: { status: 422, data: hint },
  ENGINE_FAILED: { status: 500, data: hint },
  WORKER_LOST: { status: 500, data: hint },
  BROKER_REJECTED: { status: 422, data: hint },
  INTERNAL: { status: 500, data: hint },
});

/** The parts of history a model and a strategy are made and judged on, in chronological order. */
export const SPANS = ['train', 'validation', 'calibration', 'optimisation', 'test', 'replay'] as const;
export const spanNameSchema = z.enum(SPANS);
export type SpanName = z.infer<typeof spanNameSchema>;
export const spanSchema = z.object({
  name: spanNameSchema,
  /** Bar rows [from, to). */
  from: z.number().int(),
  to: z.number().int(),
  fromMs: timeMsSchema,
  toMs: timeMsSchema,
});
export type SpanDto = z.infer<typeof spanSchema>;
