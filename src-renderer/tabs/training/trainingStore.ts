import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { FamilyInfo } from '../../../src-shared/contract/training.ts';
import { recall, remember } from '../../state/remember.ts';
import { type Draft, defaultDraft, restoreDraft, type SectionName, withFamily } from './fields.ts';

export type TrainingView = 'train' | 'history' | 'models';
/** Runs that are laid side by side, at most. */
export const MOST_COMPARED = 6;

interface TrainingStore {
  readonly view: TrainingView;
  readonly draft: Draft;
  /** The family whose defaults the draft has taken over. */
  readonly appliedFamily: FamilyInfo | undefined;
  /** Takes the batch that the estimate finds best. */
  readonly autoBatch: boolean;
  /** The open section of the configuration dialogue; undefined while it is closed. */
  readonly section: SectionName | undefined;
  /** The run that is shown; the newest when undefined. */
  readonly runId: string | undefined;
  /** The finished run whose model all tabs have taken over. */
  readonly adoptedRunId: string | undefined;
  /** The model that this tab shows where it is not the one all tabs work with, e.g. an autoencoder. */
  readonly shownModelId: string | undefined;
  readonly compared: readonly string[];
  readonly logScale: boolean;
}

function recallText(key: string): string | undefined {
  const kept = recall(key);
  return typeof kept === 'string' ? kept : undefined;
}

const kept = restoreDraft(recall('training.draft'));

/** What the Training tab holds while other tabs are open. */
export const trainingStore = createStore<TrainingStore>(() => ({
  view: 'train',
  draft: kept ?? defaultDraft(),
  appliedFamily: undefined,
  autoBatch: recall('training.autoBatch') === true,
  section: undefined,
  runId: undefined,
  adoptedRunId: recallText('training.adopted'),
  shownModelId: undefined,
  compared: [],
  logScale: recall('training.log') === true,
}));

trainingStore.subscribe((now, before) => {
  if (now.draft !== before.draft) remember('training.draft', now.draft);
  if (now.autoBatch !== before.autoBatch) remember('training.autoBatch', now.autoBatch);
  if (now.adoptedRunId !== before.adoptedRunId) remember('training.adopted', now.adoptedRunId);
  if (now.logScale !== before.logScale) remember('training.log', now.logScale);
});

export function useTraining<T>(select: (state: TrainingStore) => T): T {
  return useStore(trainingStore, select);
}

export function setField(name: keyof Draft, value: Draft[keyof Draft]): void {
  trainingStore.setState(({ draft }) => ({ draft: { ...draft, [name]: value } }));
}

/** Meets the families for the first time: a draft that was kept has taken over its family's defaults before. */
export function meetFamilies(families: readonly FamilyInfo[]): void {
  trainingStore.setState(({ draft, appliedFamily }) => {
    const own = families.find((f) => f.name === draft.family);
    if (appliedFamily || !own) return {};
    return { appliedFamily: own, draft: kept ? draft : withFamily(draft, undefined, own) };
  });
}

/** Changes the family and takes over the defaults that suit it. */
export function chooseFamily(to: FamilyInfo): void {
  trainingStore.setState(({ draft, appliedFamily }) => ({
    draft: withFamily(draft, appliedFamily, to),
    appliedFamily: to,
  }));
}

/** The documented defaults, with those of the family. */
export function resetDraft(): void {
  const { appliedFamily } = trainingStore.getState();
  const draft = defaultDraft();
  trainingStore.setState({
    draft: appliedFamily ? { ...withFamily(draft, undefined, appliedFamily) } : draft,
    autoBatch: false,
  });
}

/** Adds a run to those compared, or takes it out. */
export function toggleCompared(runId: string): void {
  trainingStore.setState(({ compared }) => ({
    compared: compared.includes(runId)
      ? compared.filter((id) => id !== runId)
      : [...compared, runId].slice(-MOST_COMPARED),
  }));
}
