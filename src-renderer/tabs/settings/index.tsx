import { SegmentedControl } from '@mantine/core';
import type { ComponentType } from 'react';
import { CalendarSettings } from './Calendars.tsx';
import { GeneralSettings } from './General.tsx';
import { ProviderSettings } from './Providers.tsx';
import { type SettingsSection, settingsStore, useSettingsSection } from './settingsStore.ts';
import './settings.css';

const SECTIONS: Readonly<Record<SettingsSection, { readonly label: string; readonly view: ComponentType }>> =
  {
    general: { label: 'General', view: GeneralSettings },
    providers: { label: 'Data providers', view: ProviderSettings },
    calendars: { label: 'Trading calendars', view: CalendarSettings },
  };

/** How Frontier looks, which keys it holds, when markets trade, and what it runs on. */
export function SettingsTab() {
  const section = useSettingsSection();
  const { view: View } = SECTIONS[section];
  return (
    <div className="ft-settings">
      <SegmentedControl
        aria-label="Part of the settings"
        className="ft-settings-nav"
        value={section}
        data={Object.entries(SECTIONS).map(([value, { label }]) => ({ value, label }))}
        onChange={(v) => settingsStore.setState({ section: v as SettingsSection })}
      />
      <div className="ft-settings-view">
        <View />
      </div>
    </div>
  );
}
