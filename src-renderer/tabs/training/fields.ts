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

function readOf(family: FamilyInfo | undefined, edited: Readonly<Record<string, unknown>>) {
  const fields = family ? settingFields(family.schema, family.defaults, family.name) : [];
  const { values, errors } = readSettings(fields, edited);
  return { values: { ...values }, errors: { ...errors } };
}

/** The family of which a set of horizons is made; undefined for all other families. */
export function innerFamily(
  family: FamilyInfo | undefined,
  settings: Readonly<Record<string, unknown>>,
  families: readonly FamilyInfo[],
): FamilyInfo | undefined {
  if (family?.name !== 'horizons') return undefined;
  const name = settings.family ?? family.defaults.family;
  return families.find((f) => f.name === name);
}

/** The settings, as edited, of the family that a set of horizons is made of. */
export function innerSettings(
  settings: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { model } = settings;
  return typeof model === 'object' && model !== null && !Array.isArray(model)
    ? (model as Readonly<Record<string, unknown>>)
    : {};
}

const LOSS_OF_CQR = 'Quantile intervals need the quantile loss (section Learning).';

/**
 * Checks a form against the contract and the settings of its family, field by field. Errors of family settings are
 * named `model.<setting>`.
 */
export function checkDraft(
  draft: Draft,
  symbol: string,
  timeframe: Timeframe,
  family?: FamilyInfo,
  families: readonly FamilyInfo[] = [],
): Checked {
  const settings = readOf(family, family?.name === draft.family ? draft.model : {});
  const inner = innerFamily(family, settings.values, families);
  if (inner) {
    const own = readOf(inner, innerSettings(settings.values));
    settings.values.model = own.values;
    for (const [name, message] of Object.entries(own.errors)) settings.errors[`model.${name}`] = message;
  }
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

const SINGULAR: Readonly<Record<string, string>> = {
  ' bars': ' bar',
  ' batches': ' batch',
  ' steps': ' step',
  ' epochs': ' epoch',
};

/** The unit of a field as it stands behind a number. */
export function unitText(suffix: string, value: number): string {
  return value === 1 ? (SINGULAR[suffix] ?? suffix) : suffix;
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
