import { Checkbox, Select } from '@mantine/core';
import { BLACKOUT_FIELDS, type EntryRulesDraft, rulesOf } from './entryRules.ts';
import { FieldInputs } from './FieldInputs.tsx';
import { formatDate, formatNumber } from './format.ts';
import { rpc, useQuery } from './rpc.ts';
import { ErrorLine } from './states.tsx';

interface EntryRulesFieldsProps {
  readonly symbol: string;
  /** The part of history that the rules will hold on. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly draft: EntryRulesDraft;
  readonly onChange: (draft: EntryRulesDraft) => void;
}

/** How many windows the stored calendar makes in the span; none mostly means that no calendar is stored for it. */
function WindowCount({ symbol, span, draft }: Omit<EntryRulesFieldsProps, 'onChange'>) {
  const policy = rulesOf(draft)?.blackout;
  const { data, error, reload } = useQuery(
    'news.blackouts',
    () =>
      policy === undefined || span === undefined
        ? Promise.resolve(undefined)
        : rpc.news.blackouts({ symbol, fromMs: span.fromMs, toMs: span.toMs, policy }),
    [symbol, span?.fromMs, span?.toMs, policy],
  );
  if (!policy || !span) return null;
  if (error !== undefined) return <ErrorLine error={error} onRetry={reload} />;
  if (data === undefined) return <p className="ft-form-note">…</p>;
  const when = `${formatDate(span.fromMs)} to ${formatDate(span.toMs)}`;
  if (data.length === 0)
    return (
      <p className="ft-form-note ft-warn" role="alert">
        No event of this kind is stored for {when}: nothing would be left out. Import a calendar in the
        Calendar tab.
      </p>
    );
  return (
    <p className="ft-form-note">
      {formatNumber(data.length, 0)} {data.length === 1 ? 'window' : 'windows'} in {when}.
    </p>
  );
}

/** Which entries a strategy leaves out, in backtests, studies and what is deployed from them. */
export function EntryRulesFields({ symbol, span, draft, onChange }: EntryRulesFieldsProps) {
  return (
    <div className="ft-entry-rules">
      <Checkbox
        size="xs"
        label="No new entries around news"
        checked={draft.aroundNews}
        data-testid="rules-news"
        onChange={(e) => onChange({ ...draft, aroundNews: e.currentTarget.checked })}
      />
      {draft.aroundNews && (
        <>
          <Select
            size="xs"
            aria-label="Impact of the events"
            data={[
              { value: 'high', label: 'High impact' },
              { value: 'medium', label: 'Medium and high impact' },
            ]}
            value={draft.impact}
            allowDeselect={false}
            onChange={(v) => v !== null && onChange({ ...draft, impact: v as 'medium' | 'high' })}
          />
          <FieldInputs
            fields={BLACKOUT_FIELDS}
            values={draft.minutes}
            onChange={(key, value) => onChange({ ...draft, minutes: { ...draft.minutes, [key]: value } })}
          />
          <WindowCount symbol={symbol} span={span} draft={draft} />
        </>
      )}
      <Checkbox
        size="xs"
        label="Leave out repaired bars"
        checked={draft.leaveOutRepaired}
        data-testid="rules-repaired"
        onChange={(e) => onChange({ ...draft, leaveOutRepaired: e.currentTarget.checked })}
      />
      <Checkbox
        size="xs"
        label="Only where the forecast interval clears the cost"
        checked={draft.requireInterval}
        data-testid="rules-interval"
        onChange={(e) => onChange({ ...draft, requireInterval: e.currentTarget.checked })}
      />
      {draft.requireInterval && (
        <p className="ft-form-note">
          A long is opened only where even the lower end of the model’s interval lies above the price by more
          than a round trip costs (spread, slippage, commission), a short where the upper end lies so far
          below. This is strict: with intervals that hold nine times out of ten few forecasts are sure enough.
          A model trained for less coverage allows more.
        </p>
      )}
    </div>
  );
}
