import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';
import type { ForwardModel, ModelSize } from '../tensor/model.ts';
import { mlp } from './families/mlp.ts';
import { tcn } from './families/tcn.ts';
import type { ModelFamily } from './family.ts';

/** All model families; a new one is one file and one line here. */
const FAMILIES = { mlp, tcn } as const;

export type FamilyName = keyof typeof FAMILIES;

export const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[];

export interface FamilyInfo {
  readonly name: FamilyName;
  readonly description: string;
  /** JSON schema of the settings with their defaults. */
  readonly schema: unknown;
  readonly defaults: unknown;
}

/** What the interface and `--help` show of the families. */
export function listFamilies(): FamilyInfo[] {
  return FAMILY_NAMES.map((name) => {
    const family = FAMILIES[name];
    return {
      name,
      description: family.description,
      schema: z.toJSONSchema(family.schema),
      defaults: family.schema.parse({}),
    };
  });
}

/** A model definition with the settings it was made from, defaults filled in. */
export interface DefinedModel {
  readonly family: FamilyName;
  readonly config: Readonly<Record<string, unknown>>;
  readonly forward: ForwardModel;
}

/**
 * Checks the settings of a family and makes its model definition.
 * @throws FrontierError BAD_INPUT naming the unknown family or the wrong setting
 */
export function defineModel(family: string, settings: unknown, size: ModelSize): DefinedModel {
  if (!Object.hasOwn(FAMILIES, family)) {
    const known = FAMILY_NAMES.join(', ');
    throw new FrontierError('BAD_INPUT', `unknown model family "${family}"`, `Known families: ${known}.`);
  }
  const name = family as FamilyName;
  return bind(name, FAMILIES[name] as ModelFamily<never>, settings, size);
}

function bind<C>(name: FamilyName, family: ModelFamily<C>, settings: unknown, size: ModelSize): DefinedModel {
  const parsed = family.schema.safeParse(settings);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const where = issue.path.length > 0 ? ` (setting ${issue.path.join('.')})` : '';
    const known = Object.keys(family.schema.parse({}) as object).join(', ');
    throw new FrontierError(
      'BAD_INPUT',
      `${name}: ${issue.message}${where}`,
      `Settings of ${name}: ${known}.`,
    );
  }
  return {
    family: name,
    config: parsed.data as Record<string, unknown>,
    forward: family.define(parsed.data, size),
  };
}
