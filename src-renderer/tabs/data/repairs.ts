import type { RepairAction, RepairStep } from '../../../src-shared/contract/repairs.ts';

/** What the user has chosen to do, by kind of finding. */
export type RepairPlan = Readonly<Record<string, RepairAction>>;

export const ACTIONS: Readonly<Record<RepairAction, { readonly label: string; readonly does: string }>> = {
  drop: { label: 'Leave the bars out', does: 'The bars are removed; where they were, bars are missing.' },
  clip: {
    label: 'Limit the prices',
    does: 'Prices are limited to what the neighbouring bars make plausible; the bars stay marked.',
  },
  fill: {
    label: 'Fill with the last close',
    does: 'Missing bars get the close before them and no volume; they stay marked as filled.',
  },
  refetch: {
    label: 'Ask the provider again',
    does: 'The bars are asked for again and replaced; they stay marked as fetched again.',
  },
};

/** The plan as steps, in the order of the kinds that the history has. */
export function stepsOf(plan: RepairPlan, kinds: readonly string[]): RepairStep[] {
  return kinds.flatMap((kind) => {
    const action = plan[kind];
    return action === undefined ? [] : [{ kind, action }];
  });
}
