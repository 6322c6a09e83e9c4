/** What shell and engine say to each other beside the RPC: start, ports, secrets, session state, close. */
import { z } from 'zod';

const errorBodySchema = z.object({
  code: z.enum([
    'BAD_INPUT',
    'NOT_FOUND',
    'CONFLICT',
    'LOCKED',
    'CANCELLED',
    'UNAVAILABLE',
    'CORRUPT',
    'REFUSED',
    'IMPORT_FAILED',
    'ENGINE_FAILED',
    'WORKER_LOST',
    'BROKER_REJECTED',
    'INTERNAL',
  ]),
  message: z.string(),
  hint: z.string().optional(),
});

const secretValueSchema = z.union([z.string(), z.array(z.string()), z.null()]);

/** From the shell to the engine. `connect` carries one MessagePort. */
export const toEngineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), home: z.string().min(1), secretStore: z.string() }),
  z.object({ type: z.literal('connect') }),
  z.object({ type: z.literal('secret-value'), id: z.number(), value: secretValueSchema }),
  z.object({ type: z.literal('secret-error'), id: z.number(), error: errorBodySchema }),
  z.object({ type: z.literal('close') }),
]);
export type ToEngine = z.infer<typeof toEngineSchema>;

/** The running live session as far as the shell needs it: for the tray and the question before quitting. */
export const sessionSchema = z.object({
  kind: z.enum(['idle', 'paper', 'live', 'shadow']),
  symbol: z.string(),
  openPositions: z.number().int().min(0),
});
export type SessionSummary = z.infer<typeof sessionSchema>;
export const IDLE: SessionSummary = { kind: 'idle', symbol: '', openPositions: 0 };

const secretRequestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('get'), name: z.string() }),
  z.object({ op: z.literal('set'), name: z.string(), value: z.string() }),
  z.object({ op: z.literal('remove'), name: z.string() }),
  z.object({ op: z.literal('names') }),
]);
export type SecretRequest = z.infer<typeof secretRequestSchema>;

/** From the engine to the shell. */
export const fromEngineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('failed'), error: errorBodySchema }),
  z.object({ type: z.literal('session'), session: sessionSchema }),
  z.object({ type: z.literal('secret'), id: z.number(), request: secretRequestSchema }),
]);
export type FromEngine = z.infer<typeof fromEngineSchema>;
