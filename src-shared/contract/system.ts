import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base, jobSchema } from './common.ts';
import { ENGINES } from './training.ts';

export const engineInfoSchema = z.object({
  name: z.enum(ENGINES),
  available: z.boolean(),
  /** Why not, or on what it runs. */
  detail: z.string(),
  /** Why it is not available; absent where it is. */
  reason: z.string().optional(),
  /** Names of its devices that work here. */
  devices: z.array(z.string()),
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;

export const systemInfoSchema = z.object({
  version: z.string(),
  host: z.enum(['desktop', 'loopback', 'cli']),
  home: z.string(),
  nodeVersion: z.string(),
  platform: z.string(),
  cpuModel: z.string(),
  cpuCores: z.number(),
  memoryBytes: z.number(),
  engines: z.array(engineInfoSchema),
  /** Where secrets are kept, or why none can be. */
  secretStore: z.string(),
});
export type SystemInfo = z.infer<typeof systemInfoSchema>;

/** Pushed whenever something changes, at most a few times a second. */
export const statusSchema = z.object({
  timeMs: z.number(),
  jobs: z.array(jobSchema),
  /** The engine that trained or trains last, e.g. `cpu`. */
  engine: z.string(),
  broker: z.object({
    name: z.string(),
    state: z.enum(['idle', 'connected', 'disconnected']),
  }),
  live: z
    .object({
      sessionId: z.string(),
      symbol: z.string(),
      badge: z.enum(['PAPER', 'LIVE', 'SHADOW']),
      state: z.string(),
      openPositions: z.number(),
      unrealised: z.number(),
      currency: z.string(),
      feedAgeMs: z.number().nullable(),
    })
    .nullable(),
  memoryBytes: z.number(),
});
export type StatusDto = z.infer<typeof statusSchema>;

export const systemContract = {
  info: base.output(systemInfoSchema),
  /** Current status first, then every change. */
  status: base.output(eventIterator(statusSchema)),
  settings: {
    get: base.output(z.record(z.string(), z.unknown())),
    /** Keys are dotted names, values JSON; kept in the data folder. */
    set: base
      .input(z.object({ key: z.string().regex(/^[a-z][a-zA-Z0-9.-]{0,63}$/), value: z.unknown() }))
      .output(z.void()),
  },
};
