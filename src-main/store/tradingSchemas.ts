import { z } from 'zod';
import type {
  Decision,
  ExitReason,
  Fill,
  Intent,
  OpenPosition,
  OrderRequest,
  OrderState,
  Trade,
  VenueSpec,
} from '../../src-shared/trading/types.ts';

/** The verdict on one forecast interval, with the counts up to it: the newest one says where a session stands. */
export const judgementSchema = z.object({
  /** Coverage aimed at. */
  confidence: z.number(),
  horizonBars: z.number(),
  /** Whether the outcome lay inside of the interval. */
  covered: z.boolean(),
  /** Intervals judged so far, and how many held. */
  n: z.number(),
  hits: z.number(),
  /** The adaptive level after this outcome (CONF-13); absent where the model stores no scores. */
  adaptive: z
    .object({ alpha: z.number(), covered: z.boolean(), n: z.number(), misses: z.number() })
    .optional(),
});
export type Judgement = z.infer<typeof judgementSchema>;

/** Shapes of the trading vocabulary as JSON columns, checked when rows are read. */

export const exitReasonSchema = z.enum([
  'stop-loss',
  'take-profit',
  'max-holding',
  'signal',
  'flatten',
  'end-of-data',
]) satisfies z.ZodType<ExitReason>;
export const orderStateSchema = z.enum([
  'created',
  'sent',
  'accepted',
  'filled',
  'rejected',
  'cancelled',
  'unknown',
]) satisfies z.ZodType<OrderState>;
const sideSchema = z.enum(['buy', 'sell']);
const directionSchema = z.enum(['long', 'short']);

export const intentSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('open'),
    direction: directionSchema,
    volumeLots: z.number(),
    stopDistance: z.number(),
    targetDistance: z.number(),
    reason: z.literal('signal'),
  }),
  z.object({ type: z.literal('close'), reason: exitReasonSchema }),
]) satisfies z.ZodType<Intent>;

export const orderRequestSchema = z.object({
  clientOrderId: z.string().min(1),
  symbol: z.string(),
  side: sideSchema,
  type: z.literal('market'),
  volumeLots: z.number(),
  purpose: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('open') }),
    z.object({ kind: z.literal('close'), positionId: z.string(), reason: exitReasonSchema }),
  ]),
  stopDistance: z.number().optional(),
  targetDistance: z.number().optional(),
  createdMs: z.number(),
}) satisfies z.ZodType<OrderRequest>;

export const fillSchema = z.object({
  fillId: z.string().min(1),
  clientOrderId: z.string(),
  positionId: z.string(),
  side: sideSchema,
  volumeLots: z.number(),
  price: z.number(),
  timeMs: z.number(),
  effect: z.enum(['open', 'close']),
  exitReason: exitReasonSchema.optional(),
  commission: z.number(),
  spreadCost: z.number(),
  slippageCost: z.number(),
  grossProfit: z.number(),
}) satisfies z.ZodType<Fill>;

export const tradeSchema = z.object({
  id: z.string(),
  direction: directionSchema,
  volumeLots: z.number(),
  entryTimeMs: z.number(),
  entryPrice: z.number(),
  exitTimeMs: z.number(),
  exitPrice: z.number(),
  exitReason: exitReasonSchema,
  barsHeld: z.number(),
  netProfit: z.number(),
  netPips: z.number(),
  rMultiple: z.number(),
  commission: z.number(),
  spreadCost: z.number(),
  slippageCost: z.number(),
  maePips: z.number(),
  mfePips: z.number(),
  ambiguous: z.boolean(),
}) satisfies z.ZodType<Trade>;

export const positionSchema = z
  .object({
    id: z.string(),
    direction: directionSchema,
    volumeLots: z.number(),
    entryPrice: z.number(),
    entryTimeMs: z.number(),
    stopPrice: z.number().optional(),
    targetPrice: z.number().optional(),
    barsHeld: z.number(),
    initialRisk: z.number(),
    entryCost: z.number(),
  })
  // JSON drops undefined members; the type says that they are there.
  .transform(
    (p): OpenPosition => ({ ...p, stopPrice: p.stopPrice, targetPrice: p.targetPrice }),
  ) satisfies z.ZodType<OpenPosition>;

export const venueSpecSchema = z.object({
  instrument: z.object({
    symbol: z.string(),
    assetClass: z.enum(['fx', 'crypto', 'stock', 'synthetic']),
    synthetic: z.boolean(),
    pipSize: z.number(),
    digits: z.number(),
    lotSize: z.number(),
    minVolumeLots: z.number(),
    volumeStepLots: z.number(),
    quoteCurrency: z.string(),
    calendar: z.string(),
  }),
  priceSide: z.enum(['bid', 'ask', 'mid']),
  costs: z.object({
    spreadPips: z.number(),
    commissionPerLot: z.number(),
    commissionRate: z.number().optional(),
    slippagePips: z.number(),
  }),
  account: z.object({
    currency: z.string(),
    initialBalance: z.number(),
    quoteToAccount: z.number(),
    maxLeverage: z.number(),
  }),
  intrabar: z.enum(['stop-first', 'target-first']),
}) satisfies z.ZodType<VenueSpec>;

/** A decision row; unknown numbers are NULL there and NaN in memory. */
export interface DecisionRow extends Decision {
  /** Counts a session's decisions from 0. */
  readonly number: number;
  readonly close: number;
  readonly balance: number;
  readonly equity: number;
}
