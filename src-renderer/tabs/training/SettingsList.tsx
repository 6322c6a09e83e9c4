import { Fragment } from 'react';
import { FAMILIES, type FamilyName } from '../../../src-shared/contract/training.ts';
import { familyLabel } from '../../ui/models.tsx';
import { settingLabel, settingText } from './familySettings.ts';
import { FIELDS, unitText } from './fields.ts';

function label(name: string): string {
  return FIELDS.find((f) => f.name === name)?.label ?? settingLabel(name);
}

/** In the words and with the unit of the form; undefined where the form has none. */
export function inWords(value: unknown, name: string): string | undefined {
  if (name === 'family') {
    const family = FAMILIES.find((f): f is FamilyName => f === value);
    return family && familyLabel(family);
  }
  const spec = FIELDS.find((f) => f.name === name);
  if (spec?.kind === 'choice') return spec.options.find((o) => o.value === value)?.label;
  if (spec?.kind === 'number' && typeof value === 'number' && spec.suffix !== undefined)
    return `${value}${unitText(spec.suffix, value)}`;
  return undefined;
}

/** A setting as a list of facts shows it. */
export function shownSetting(value: unknown, name = ''): string {
  if (name === 'features' && Array.isArray(value) && value.length === 0) return 'the default set';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const parts = Object.entries(value).map(([k, v]) => `${settingLabel(k).toLowerCase()} ${settingText(v)}`);
    return parts.length === 0 ? 'default' : parts.join(', ');
  }
  return inWords(value, name) ?? settingText(value);
}

/** Settings to read, by their names in the form. */
export function SettingsList({ settings }: { readonly settings: Readonly<Record<string, unknown>> }) {
  return (
    <dl className="ft-facts ft-small ft-settings-list">
      {Object.entries(settings).map(([name, value]) => (
        <Fragment key={name}>
          <dt>{label(name)}</dt>
          <dd>{shownSetting(value, name)}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
