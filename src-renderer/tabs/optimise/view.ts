import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { EntryRules } from '../../../src-shared/contract/backtest.ts';
import { type StudyInput, studyInputSchema } from '../../../src-shared/contract/optimize.ts';
import { recall, remember } from '../../state/remember.ts';
import { workspace } from '../../state/workspace.ts';
import { type EntryRulesDraft, NO_RULES, rulesOf } from '../../ui/entryRules.ts';
import type { Edited } from '../../ui/FieldInputs.tsx';
import { type FieldDefinition, fieldProblem } from '../../ui/genes.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { AXES, type AxisChoice, type Channel, chooseAxis, DEFAULT_AXES } from './pareto.ts';

export type StudyField = Exclude<keyof StudyInput, 'modelId' | keyof EntryRules>;

/** What a study is started with, besides the model. Bounds are those of the contract. */
export const STUDY_FIELDS: readonly FieldDefinition<StudyField>[] = [
  {
    key: 'population',
    label: 'Population',
    unit: 'points',
    scale: 1,
    decimals: 0,
    step: 4,
    min: 8,
    max: 500,
    help: 'Points of one generation. More explore wider, and each generation takes longer.',
  },
  {
    key: 'evaluations',
    label: 'Evaluations',
    unit: 'backtests',
    scale: 1,
    decimals: 0,
    step: 40,
    min: 16,
    max: 100_000,
    help: 'Backtests in all. Whole generations are run.',
  },
  {
    key: 'minTrades',
    label: 'Min. trades',
    unit: 'trades',
    scale: 1,
    decimals: 0,
    step: 5,
    min: 1,
    max: 10_000,
    help: 'A point with fewer trades is infeasible: its figures would say nothing.',
  },
  {
    key: 'seed',
    label: 'Seed',
    unit: '',
    scale: 1,
    decimals: 0,
    step: 1,
    min: 0,
    max: 0xffffffff,
    help: 'The same seed on the same data gives the same study.',
  },
];

const DEFAULTS: Edited<StudyField> = (() => {
  // Any well-formed id does: only the defaults of the other fields are wanted.
  const { population, evaluations, seed, minTrades } = studyInputSchema.parse({ modelId: 'model_none' });
  return { population, evaluations, seed, minTrades };
})();

interface StudyView {
  readonly fields: Edited<StudyField>;
  readonly rules: EntryRulesDraft;
  readonly starting: boolean;
  readonly error: unknown;
  readonly axes: AxisChoice;
  /** Whether the chart shows the neighbourhood of the front or every point. */
  readonly fit: 'front' | 'all';
  /** The point that was clicked, with its study. */
  readonly selected: { readonly studyId: string; readonly trialId: string } | undefined;
}

function savedAxes(): AxisChoice {
  const raw = recall('optimise.axes');
  if (typeof raw !== 'object' || raw === null) return DEFAULT_AXES;
  const axes = { ...DEFAULT_AXES, ...raw } as AxisChoice;
  const names = [axes.x, axes.y, axes.color, axes.size];
  return new Set(names).size === 4 && names.every((name) => name in AXES) ? axes : DEFAULT_AXES;
}

export const studyView = createStore<StudyView>(() => ({
  fields: DEFAULTS,
  rules: NO_RULES,
  starting: false,
  error: undefined,
  axes: savedAxes(),
  fit: 'front',
  selected: undefined,
}));

/** What the Optimise tab shows, or a part of it. */
export function useStudyView<T>(select: (view: StudyView) => T): T {
  return useStore(studyView, select);
}

export function selectTrial(studyId: string, trialId: string): void {
  studyView.setState({ selected: { studyId, trialId } });
}

/** Shows an objective on a channel; two channels may trade places. */
export function setAxis(channel: Channel, objective: AxisChoice[Channel]): void {
  const axes = chooseAxis(studyView.getState().axes, channel, objective);
  studyView.setState({ axes });
  remember('optimise.axes', axes);
}

export function setStudyField(key: StudyField, value: number | string): void {
  studyView.setState((was) => ({ fields: { ...was.fields, [key]: value } }));
}

/** The input of a study; undefined while a field is not usable. */
export function studyInput(
  modelId: string,
  fields: Edited<StudyField>,
  rules: EntryRulesDraft,
): StudyInput | undefined {
  const entryRules = rulesOf(rules);
  if (!entryRules || STUDY_FIELDS.some((f) => fieldProblem(f, fields[f.key]))) return undefined;
  const number = (key: StudyField) => Number(fields[key]);
  return {
    modelId,
    population: number('population'),
    evaluations: number('evaluations'),
    seed: number('seed'),
    minTrades: number('minTrades'),
    ...entryRules,
  };
}

/** Starts a study of the model and shows it. */
export async function startStudy(modelId: string): Promise<void> {
  const { fields, rules } = studyView.getState();
  const input = studyInput(modelId, fields, rules);
  if (!input || studyView.getState().starting) return;
  studyView.setState({ starting: true, error: undefined });
  try {
    const { studyId } = await rpc.optimize.start(input);
    workspace.getState().setStudyId(studyId);
    invalidate('optimize.list');
  } catch (error) {
    studyView.setState({ error });
  } finally {
    studyView.setState({ starting: false });
  }
}
