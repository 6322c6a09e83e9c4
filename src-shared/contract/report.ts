import { z } from 'zod';
import { base, idSchema } from './common.ts';

export const reportContract = {
  /** Writes a self-contained HTML report into the data folder. */
  write: base
    .input(
      z.object({
        modelId: idSchema,
        backtestId: idSchema.optional(),
        studyId: idSchema.optional(),
        sessionId: idSchema.optional(),
      }),
    )
    .output(z.object({ reportId: idSchema, path: z.string() })),
  list: base.output(
    z.array(z.object({ reportId: idSchema, path: z.string(), createdMs: z.number(), title: z.string() })),
  ),
  /** The HTML itself, to show in a sandboxed frame or save. */
  read: base.input(z.object({ reportId: idSchema })).output(z.object({ html: z.string() })),
};
