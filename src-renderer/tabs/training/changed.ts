import type { FamilyInfo } from '../../../src-shared/contract/training.ts';
import { settingLabel, settingText } from './familySettings.ts';
import { type Draft, defaultDraft, FIELDS } from './fields.ts';
import { inWords } from './SettingsList.tsx';

export interface ChangedField {
  readonly name: string;
  readonly label: string;
  readonly value: string;
}

function text(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return value.length > 3 ? `${value.length} chosen` : value.join(' ');
  return settingText(value);
}

/** The settings of a draft that differ from the defaults of its family, in the order of the form. */
export function changedFields(draft: Draft, family: FamilyInfo | undefined): ChangedField[] {
  const base: Readonly<Record<string, unknown>> = { ...defaultDraft(), ...family?.runDefaults };
  const own = Object.entries(draft.model)
    .filter(([name, value]) => settingText(value) !== settingText(family?.defaults[name]))
    .map(([name, value]) => ({ name: `model.${name}`, label: settingLabel(name), value: text(value) }));
  return FIELDS.flatMap((spec) => {
    if (spec.name === 'model') return own;
    const value: unknown = draft[spec.name];
    if (JSON.stringify(value) === JSON.stringify(base[spec.name])) return [];
    return [{ name: spec.name, label: spec.label, value: inWords(value, spec.name) ?? text(value) }];
  });
}
