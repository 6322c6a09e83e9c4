import type { EntryRules } from '../../src-shared/contract/backtest.ts';
import { type BlackoutPolicy, blackoutPolicySchema } from '../../src-shared/contract/news.ts';
import type { ListedModel } from '../../src-shared/contract/training.ts';
import type { Edited } from './FieldInputs.tsx';
import { type FieldDefinition, fieldProblem } from './genes.ts';

export type BlackoutField = 'beforeMin' | 'afterMin';

/** Minutes around an event; bounds repeat the contract's. */
export const BLACKOUT_FIELDS: readonly FieldDefinition<BlackoutField>[] = [
  {
    key: 'beforeMin',
    label: 'Before the event',
    unit: 'min',
    scale: 1,
    decimals: 0,
    step: 5,
    min: 0,
    max: 1440,
    help: 'No position is opened from so long before the event.',
  },
  {
    key: 'afterMin',
    label: 'After the event',
    unit: 'min',
    scale: 1,
    decimals: 0,
    step: 5,
    min: 0,
    max: 1440,
    help: 'No position is opened until so long after the event.',
  },
];

/** The rules as they stand in a form. */
export interface EntryRulesDraft {
  readonly aroundNews: boolean;
  readonly impact: BlackoutPolicy['impact'];
  readonly minutes: Edited<BlackoutField>;
  readonly leaveOutRepaired: boolean;
  readonly requireInterval: boolean;
  /** Id of the anomaly model; undefined where none keeps entries out. */
  readonly avoidAnomalies: string | undefined;
}

const POLICY = blackoutPolicySchema.parse({});
export const NO_RULES: EntryRulesDraft = {
  aroundNews: false,
  impact: POLICY.impact,
  minutes: { beforeMin: POLICY.beforeMin, afterMin: POLICY.afterMin },
  leaveOutRepaired: true,
  requireInterval: false,
  avoidAnomalies: undefined,
};

/** The form of rules that a result or a study ran with. */
export function draftOf({
  blackout,
  excludeRepaired,
  requireInterval,
  avoidAnomalies,
}: EntryRules): EntryRulesDraft {
  return {
    aroundNews: blackout !== undefined,
    impact: blackout?.impact ?? NO_RULES.impact,
    minutes: blackout ? { beforeMin: blackout.beforeMin, afterMin: blackout.afterMin } : NO_RULES.minutes,
    leaveOutRepaired: excludeRepaired ?? true,
    requireInterval: requireInterval ?? false,
    avoidAnomalies,
  };
}

/** The rules behind the form; undefined while a field is not usable. What is at its default is left out. */
export function rulesOf(draft: EntryRulesDraft): EntryRules | undefined {
  if (draft.aroundNews && BLACKOUT_FIELDS.some((f) => fieldProblem(f, draft.minutes[f.key])))
    return undefined;
  const { impact, minutes } = draft;
  const blackout = {
    impact,
    beforeMin: Number(minutes.beforeMin),
    afterMin: Number(minutes.afterMin),
  };
  return {
    ...(draft.aroundNews ? { blackout } : {}),
    ...(draft.leaveOutRepaired ? {} : { excludeRepaired: false }),
    ...(draft.requireInterval ? { requireInterval: true } : {}),
    ...(draft.avoidAnomalies === undefined ? {} : { avoidAnomalies: draft.avoidAnomalies }),
  };
}

/** Anomaly models that can keep a model out of unusual windows, the newest first: of its market and its very history. */
export function anomalyChoices<M extends ListedModel>(
  models: readonly M[],
  model: Pick<ListedModel, 'symbol' | 'timeframe' | 'dataHash'>,
): M[] {
  return models
    .filter((m) => m.role === 'anomaly' && m.present && m.dataHash === model.dataHash)
    .filter((m) => m.symbol === model.symbol && m.timeframe === model.timeframe)
    .toSorted((a, b) => b.createdMs - a.createdMs);
}

/** The rules in words; undefined where they are the default ones. */
export function describeRules({
  blackout,
  excludeRepaired,
  requireInterval,
  avoidAnomalies,
}: EntryRules): string | undefined {
  const parts = [
    ...(blackout
      ? [
          `no entries from ${blackout.beforeMin} min before to ${blackout.afterMin} min after ${blackout.impact === 'high' ? 'high-impact' : 'medium- and high-impact'} news`,
        ]
      : []),
    ...(excludeRepaired === false ? ['repaired bars traded on'] : []),
    ...(requireInterval === true ? ['entries only where the forecast interval clears the cost'] : []),
    ...(avoidAnomalies === undefined
      ? []
      : [`no entries after windows that the anomaly model ${avoidAnomalies} flags`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}
