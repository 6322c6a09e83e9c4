import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { pick, recall, remember } from './remember.ts';

export type Scheme = 'dark' | 'light';
/** `blue-orange` can be told apart with every common colour blindness. */
export type ColourPair = 'blue-orange' | 'green-red';
export type ClockZone = 'local' | 'utc';

export interface PreferenceFields {
  readonly scheme: Scheme;
  readonly pair: ColourPair;
  readonly zone: ClockZone;
  /** The choice of colours was offered and answered. */
  readonly pairChosen: boolean;
}
export interface Preferences extends PreferenceFields {
  readonly setScheme: (scheme: Scheme) => void;
  readonly setPair: (pair: ColourPair) => void;
  readonly setZone: (zone: ClockZone) => void;
}

const DEFAULTS: PreferenceFields = { scheme: 'dark', pair: 'blue-orange', zone: 'utc', pairChosen: false };

/** The preferences that storage gives; whatever is not understood falls back. */
export function restorePreferences(raw: unknown): PreferenceFields {
  return pick(raw, DEFAULTS, {
    scheme: (v) => v === 'dark' || v === 'light',
    pair: (v) => v === 'blue-orange' || v === 'green-red',
    zone: (v) => v === 'local' || v === 'utc',
    pairChosen: (v) => typeof v === 'boolean',
  });
}

/** The part of the store that is kept. */
export function preferenceFields(s: PreferenceFields): PreferenceFields {
  return { scheme: s.scheme, pair: s.pair, zone: s.zone, pairChosen: s.pairChosen };
}

export const preferences = createStore<Preferences>((set) => ({
  ...restorePreferences(recall('preferences')),
  setScheme: (scheme) => set({ scheme }),
  setPair: (pair) => set({ pair, pairChosen: true }),
  setZone: (zone) => set({ zone }),
}));

preferences.subscribe((state) => remember('preferences', preferenceFields(state)));

/** The preferences, or a part of them. */
export function usePreferences<T>(select: (state: Preferences) => T): T {
  return useStore(preferences, select);
}
