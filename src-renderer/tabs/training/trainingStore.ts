import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { recall, remember } from '../../state/remember.ts';
import { type Draft, defaultDraft } from './fields.ts';

interface TrainingStore {
  readonly draft: Draft;
  readonly advanced: boolean;
  /** The run that is shown; the newest when undefined. */
  readonly runId: string | undefined;
  readonly logScale: boolean;
}

/** What the Training tab holds while other tabs are open. */
export const trainingStore = createStore<TrainingStore>(() => ({
  draft: defaultDraft(),
  advanced: recall('training.advanced') === true,
  runId: undefined,
  logScale: recall('training.log') === true,
}));

trainingStore.subscribe((now) => {
  remember('training.advanced', now.advanced);
  remember('training.log', now.logScale);
});

export function useTraining<T>(select: (state: TrainingStore) => T): T {
  return useStore(trainingStore, select);
}
