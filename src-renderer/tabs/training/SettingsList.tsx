import { Fragment } from 'react';
import { settingLabel, settingText } from './familySettings.ts';
import { FIELDS } from './fields.ts';

function label(name: string): string {
  return FIELDS.find((f) => f.name === name)?.label ?? settingLabel(name);
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
  return settingText(value);
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
