import { type FamilyInfo, type TrainInput, trainInputSchema } from '../../../src-shared/contract/training.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { readSettings, settingFields } from './familySettings.ts';
import { FIELDS } from './fieldSpecs.ts';
import type { Draft, FieldSpec, SectionName } from './fieldTypes.ts';

export { FIELDS } from './fieldSpecs.ts';
export type { Draft, FieldSpec, SectionName } from './fieldTypes.ts';

/** The documented defaults. */
export function defaultDraft(): Draft {
  const {
    symbol: _symbol,
    timeframe: _timeframe,
    device = '',
    ...rest
  } = trainInputSchema.parse({
    symbol: 'DEFAULTS',
    timeframe: 'H1',
  });
  return { ...rest, device };
}

export type Checked =
  | { readonly ok: true; readonly input: TrainInput }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };

const LOSS_OF_CQR = 'Quantile intervals need the quantile loss (section Learning).';

/**
 * Checks a form against the contract and the settings of its family, field by field. Errors of family settings are
 * named `model.<setting>`.
 */
export function checkDraft(draft: Draft, symbol: string, timeframe: Timeframe, family?: FamilyInfo): Checked {
  const settings = readSettings(
    family ? settingFields(family.schema, family.defaults, family.name) : [],
    family?.name === draft.family ? draft.model : {},
  );
  const { device, ...rest } = draft;
  const result = trainInputSchema.safeParse({
    ...rest,
    model: settings.values,
    symbol,
    timeframe,
    ...(device === '' ? {} : { device }),
  });
  const errors: Record<string, string> = {};
  for (const [name, message] of Object.entries(settings.errors)) errors[`model.${name}`] = message;
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0] ?? '');
    errors[name] ??= draft[name as keyof Draft] === '' ? 'A number is needed.' : issue.message;
  }
  if (draft.conformal === 'cqr' && draft.loss !== 'quantile') errors.conformal = LOSS_OF_CQR;
  if (result.success && Object.keys(errors).length === 0) return { ok: true, input: result.data };
  return { ok: false, errors };
}

/** How many fields of a section are wrong. */
export function errorsIn(section: SectionName, errors: Readonly<Record<string, string>>): number {
  return Object.keys(errors).filter((key) => {
    const name = key.split('.')[0];
    return FIELDS.some((f) => f.name === name && f.section === section);
  }).length;
}

export function fieldOf(name: FieldSpec['name']): FieldSpec {
  const spec = FIELDS.find((f) => f.name === name);
  if (!spec) throw new Error(`There is no field ${name}.`);
  return spec;
}

/** What a run starts from with a family: the general defaults with those of the family over them. */
function baseOf(family: FamilyInfo | undefined): Readonly<Record<string, unknown>> {
  return { ...defaultDraft(), ...family?.runDefaults };
}

/**
 * The draft with another family: fields that still have the default of the old family take that of the new one; what
 * the user set stays. Settings of the family begin anew.
 * @param from undefined where the draft has never met its family's defaults
 */
export function withFamily(draft: Draft, from: FamilyInfo | undefined, to: FamilyInfo): Draft {
  const before = baseOf(from);
  const after = baseOf(to);
  const changed: Record<string, unknown> = {};
  for (const name of new Set([
    ...Object.keys(from?.runDefaults ?? {}),
    ...Object.keys(to.runDefaults),
  ]) as Set<keyof Draft>) {
    if (!(name in draft)) continue;
    if (JSON.stringify(draft[name]) === JSON.stringify(before[name])) changed[name] = after[name];
  }
  const sameFamily = draft.family === to.name;
  return { ...draft, ...changed, family: to.name, model: sameFamily ? draft.model : {} };
}

/** A stored form over the defaults: unknown fields are dropped, missing ones take their default. */
export function restoreDraft(raw: unknown): Draft | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const base = defaultDraft();
  const known = Object.entries(raw).filter(([name, value]) => {
    if (!(name in base) || value === undefined || value === null) return false;
    const now: unknown = base[name as keyof Draft];
    if (Array.isArray(now)) return Array.isArray(value);
    if (typeof now === 'number') return typeof value === 'number' || typeof value === 'string';
    return typeof value === typeof now;
  });
  const draft = { ...base, ...Object.fromEntries(known) } as Draft;
  return trainInputSchema.shape.family.safeParse(draft.family).success ? draft : undefined;
}
