import { useMemo } from 'react';
import { invalidate, type Query, rpc, useQuery } from '../../ui/rpc.ts';
import { type Draft, restoreDraft } from './fields.ts';

/** Named configurations are kept in the data folder, so that every window of it has them. */
const KEY = 'training.presets';

export type Presets = Readonly<Record<string, Draft>>;

/** The presets that storage gives; what cannot be read is left out. */
export function restorePresets(raw: unknown): Presets {
  if (typeof raw !== 'object' || raw === null) return {};
  const read = Object.entries(raw).flatMap(([name, value]) => {
    const draft = restoreDraft(value);
    return draft ? [[name, draft] as const] : [];
  });
  return Object.fromEntries(read);
}

export function usePresets(): Query<Presets> {
  const query = useQuery('training.presets', () => rpc.system.settings.get(), []);
  const data = useMemo(() => query.data && restorePresets(query.data[KEY]), [query.data]);
  return { ...query, data };
}

async function keep(presets: Presets): Promise<void> {
  await rpc.system.settings.set({ key: KEY, value: presets });
  invalidate('training.presets');
}

/** Keeps a configuration under a name, in place of an earlier one of that name. */
export function savePreset(presets: Presets, name: string, draft: Draft): Promise<void> {
  return keep({ ...presets, [name]: draft });
}

export function removePreset(presets: Presets, name: string): Promise<void> {
  const { [name]: _gone, ...rest } = presets;
  return keep(rest);
}
