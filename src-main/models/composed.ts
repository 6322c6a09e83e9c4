/** Models that are made of models: their settings. */
import { z } from 'zod';
import type { FamilyInfo } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';

export const ensembleSchema = z.strictObject({
  members: z
    .array(z.string())
    .max(20)
    .default([])
    .describe('Two to twenty regressors of one market, horizon and history.'),
  combine: z
    .enum(['mean', 'median', 'weighted'])
    .default('mean')
    .describe('Mean, median, or mean weighted by the rank correlation on the validation span.'),
});
export type EnsembleSettings = z.infer<typeof ensembleSchema>;

export const horizonsSchema = z.strictObject({
  family: z
    .enum(['ridge', 'lasso', 'elasticNet', 'mlp', 'tcn', 'transformer'])
    .default('ridge')
    .describe('Family of the model of each horizon.'),
  model: z.record(z.string(), z.unknown()).default({}).describe('Settings of that family.'),
  hours: z
    .array(z.number().positive().max(2000))
    .min(2)
    .max(8)
    .default([1, 4, 24, 168])
    .describe('Horizons in hours: 1 h, 4 h, 1 d and 1 w by default. Those shorter than a bar are left out.'),
  folds: z
    .int()
    .min(2)
    .max(20)
    .default(4)
    .describe('Expanding windows: each trains on all before it and is judged on the next stretch.'),
});
export type HorizonsSettings = z.infer<typeof horizonsSchema>;

const SCHEMAS = { ensemble: ensembleSchema, horizons: horizonsSchema } as const;
export type ComposedName = keyof typeof SCHEMAS;

export const isComposed = (family: string): family is ComposedName => Object.hasOwn(SCHEMAS, family);

/** Settings with the defaults filled in. @throws FrontierError BAD_INPUT naming the wrong setting */
export function composedSettings<N extends ComposedName>(
  name: N,
  settings: unknown,
): z.infer<(typeof SCHEMAS)[N]> {
  const schema: z.ZodType = SCHEMAS[name];
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data as z.infer<(typeof SCHEMAS)[N]>;
  const issue = parsed.error.issues[0]!;
  throw new FrontierError(
    'BAD_INPUT',
    `${name}: ${issue.message}${issue.path.length > 0 ? ` (setting ${issue.path.join('.')})` : ''}`,
    `Settings of ${name}: ${Object.keys(SCHEMAS[name].shape).join(', ')}.`,
  );
}

/** What the interface shows of them beside the families that stand alone. */
export const COMPOSED_FAMILIES: readonly FamilyInfo[] = [
  {
    name: 'ensemble',
    title: 'Ensemble',
    description:
      'Several trained models of one market as one: steadier than its members, in a file of its own.',
    role: 'regressor',
    fit: 'composed',
    schema: z.toJSONSchema(ensembleSchema),
    defaults: ensembleSchema.parse({}),
    runDefaults: {},
  },
  {
    name: 'horizons',
    title: 'Several horizons',
    description:
      'One model per horizon (1 h, 4 h, 1 d, 1 w), judged on expanding windows; says where they disagree.',
    role: 'regressor',
    fit: 'composed',
    schema: z.toJSONSchema(horizonsSchema),
    defaults: horizonsSchema.parse({}),
    runDefaults: {},
  },
];
