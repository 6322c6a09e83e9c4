import { z } from 'zod';
import type { FamilyInfo, FamilyName, ModelRole } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { BUILD_DEFAULTS, type BuildOptions, type ModelSize, type TrainableModel } from '../tensor/model.ts';
import { anomaly } from './families/anomaly.ts';
import { diffusion } from './families/diffusion.ts';
import { elasticNet, lasso, ridge } from './families/linear.ts';
import { mlp } from './families/mlp.ts';
import { tcn } from './families/tcn.ts';
import { tcnAutoencoder } from './families/tcnAutoencoder.ts';
import { transformer } from './families/transformer.ts';
import type { GradientFamily, ModelFamily, SolvedFamily } from './family.ts';

/** All model families; a new one is one file and one line here. */
const REGISTERED: Partial<Record<FamilyName, unknown>> = {
  ridge,
  lasso,
  elasticNet,
  mlp,
  tcn,
  transformer,
  tcnAutoencoder,
  anomaly,
  diffusion,
};

const FAMILIES = REGISTERED as Partial<Record<FamilyName, ModelFamily<unknown>>>;

export const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[];

/** What the interface and `--help` show of the families. */
export function listFamilies(): FamilyInfo[] {
  return FAMILY_NAMES.map((name) => {
    const family = FAMILIES[name]!;
    return {
      name,
      title: family.title,
      description: family.description,
      role: family.role,
      fit: family.fit,
      schema: z.toJSONSchema(family.schema),
      defaults: family.schema.parse({}) as Record<string, unknown>,
      runDefaults: { ...family.runDefaults },
    };
  });
}

/** @throws FrontierError BAD_INPUT naming the unknown family */
export function familyOf(name: string): ModelFamily<unknown> {
  const family = Object.hasOwn(FAMILIES, name) ? FAMILIES[name as FamilyName] : undefined;
  if (family) return family;
  const known = FAMILY_NAMES.join(', ');
  throw new FrontierError('BAD_INPUT', `unknown model family "${name}"`, `Known families: ${known}.`);
}

/** What a model of a family says; composed and imported models predict returns. */
export const roleOf = (name: string): ModelRole => FAMILIES[name as FamilyName]?.role ?? 'regressor';

/**
 * Settings of a family with the defaults filled in.
 * @throws FrontierError BAD_INPUT naming the wrong or unknown setting
 */
export function checkedSettings(family: ModelFamily<unknown>, settings: unknown): Record<string, unknown> {
  const parsed = family.schema.safeParse(settings);
  if (parsed.success) return parsed.data as Record<string, unknown>;
  const issue = parsed.error.issues[0]!;
  const where = issue.path.length > 0 ? ` (setting ${issue.path.join('.')})` : '';
  const known = Object.keys(family.schema.parse({}) as object).join(', ');
  throw new FrontierError(
    'BAD_INPUT',
    `${family.name}: ${issue.message}${where}`,
    `Settings of ${family.name}: ${known}.`,
  );
}

/** A model definition with the settings it was made from, defaults filled in. */
export interface DefinedModel extends TrainableModel {
  readonly family: FamilyName;
  readonly role: ModelRole;
  readonly config: Readonly<Record<string, unknown>>;
  readonly size: ModelSize;
}

/**
 * Checks the settings of a gradient family and makes its model definition.
 * @param size `outputs` is the number of targets; families with outputs of their own replace it
 * @throws FrontierError BAD_INPUT naming the unknown family or the wrong setting
 */
export function defineModel(
  name: string,
  settings: unknown,
  size: ModelSize,
  options: BuildOptions = BUILD_DEFAULTS,
): DefinedModel {
  const family = familyOf(name);
  if (family.fit !== 'gradient') {
    throw new FrontierError(
      'BAD_INPUT',
      `${name} is computed at once and has no training graph`,
      'Use a family that learns by gradients.',
    );
  }
  const config = checkedSettings(family, settings);
  const outputs = family.outputs?.(config, size) ?? size.outputs;
  const own = { ...size, outputs };
  return {
    family: name as FamilyName,
    role: family.role,
    config,
    size: own,
    ...family.define(config, own, options),
  };
}

export type { GradientFamily, ModelFamily, SolvedFamily };
