import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { recall, remember } from '../../state/remember.ts';
import { workspace } from '../../state/workspace.ts';

export const SETTINGS_SECTIONS = ['general', 'providers', 'calendars'] as const;
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number];

const saved = recall('settings');

/** Which part of the settings is shown. */
export const settingsStore = createStore<{ readonly section: SettingsSection }>(() => ({
  section: SETTINGS_SECTIONS.find((s) => s === saved) ?? 'general',
}));
settingsStore.subscribe(({ section }) => remember('settings', section));

export function useSettingsSection(): SettingsSection {
  return useStore(settingsStore, (s) => s.section);
}

/** Opens a part of the settings from anywhere. */
export function openSettings(section: SettingsSection): void {
  settingsStore.setState({ section });
  workspace.getState().setTab('settings');
}
