import { z } from 'zod';
import { base, idSchema, timeMsSchema } from './common.ts';
import { datasetRefSchema, datasetSchema, qualitySchema } from './history.ts';

export const REPAIR_ACTIONS = ['drop', 'clip', 'fill', 'refetch'] as const;
export const repairActionSchema = z.enum(REPAIR_ACTIONS);
export type RepairAction = z.infer<typeof repairActionSchema>;

/** One thing to do to a stored history: to all issues of a kind, or to one at a time. */
export const repairStepSchema = z.object({
  action: repairActionSchema,
  kind: z.string().min(1).max(64),
  /** Only the issue that starts here. */
  timeMs: timeMsSchema.optional(),
});
export type RepairStep = z.infer<typeof repairStepSchema>;

const barSchema = z.object({
  timeMs: timeMsSchema,
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number(),
});

/** A bar before and after; null where there is none. */
export const barChangeSchema = z.object({
  step: z.number().int(),
  before: barSchema.nullable(),
  after: barSchema.nullable(),
});
export type BarChangeDto = z.infer<typeof barChangeSchema>;

/** What a repair would do. Nothing is stored. */
export const repairPreviewSchema = z.object({
  dropped: z.number(),
  clipped: z.number(),
  filled: z.number(),
  refetched: z.number(),
  /** The first 500 changed bars. */
  changes: z.array(barChangeSchema),
  scoreBefore: z.number(),
  scoreAfter: z.number(),
  notes: z.array(z.string()),
});
export type RepairPreview = z.infer<typeof repairPreviewSchema>;

const input = datasetRefSchema.extend({ steps: z.array(repairStepSchema).min(1).max(1000) });

export const repairContract = {
  /** The actions that make sense for each kind of issue of this history. */
  choices: base
    .input(datasetRefSchema)
    .output(z.array(z.object({ kind: z.string(), count: z.number(), actions: z.array(repairActionSchema) }))),
  preview: base.input(input).output(repairPreviewSchema),
  /** Applies what `preview` showed; taken back with `data.undo`. */
  apply: base
    .input(input)
    .output(z.object({ dataset: datasetSchema, quality: qualitySchema, changeId: idSchema })),
};
