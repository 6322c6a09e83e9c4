import { Checkbox, Select } from '@mantine/core';
import type { ModelDto } from '../../src-shared/contract/training.ts';
import { anomalyChoices, BLACKOUT_FIELDS, type EntryRulesDraft, rulesOf } from './entryRules.ts';
import { FieldInputs } from './FieldInputs.tsx';
import { formatDate, formatNumber } from './format.ts';
import { modelLabel } from './models.tsx';
import { rpc, useQuery } from './rpc.ts';
import { ErrorLine } from './states.tsx';

interface EntryRulesFieldsProps {
  /** The model that trades. */
  readonly model: Pick<ModelDto, 'symbol' | 'timeframe' | 'dataHash'>;
  /** The part of history that the rules will hold on. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly draft: EntryRulesDraft;
  readonly onChange: (draft: EntryRulesDraft) => void;
}

/** How many windows the stored calendar makes in the span; none mostly means that no calendar is stored for it. */
function WindowCount({ model, span, draft }: Omit<EntryRulesFieldsProps, 'onChange'>) {
  const { symbol } = model;
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

const OFF = 'off';

/** The anomaly model whose unusual windows are left out. */
function AnomalyRule({ model, draft, onChange }: Omit<EntryRulesFieldsProps, 'span'>) {
  const { data, error, reload } = useQuery('training.models', () => rpc.training.models(), []);
  if (error !== undefined) return <ErrorLine error={error} onRetry={reload} />;
  const choices = data === undefined ? undefined : anomalyChoices(data, model);
  const chosen = draft.avoidAnomalies;
  const foreign = choices !== undefined && chosen !== undefined && !choices.some((m) => m.id === chosen);
  const none = choices?.length === 0 && chosen === undefined;
  return (
    <>
      <Select
        size="xs"
        label="Not after unusual windows"
        data={[
          { value: OFF, label: none ? 'No anomaly model of this history' : 'Off' },
          ...(choices ?? []).map((m) => ({ value: m.id, label: modelLabel(m) })),
          ...(foreign ? [{ value: chosen, label: `${chosen} (another history)` }] : []),
        ]}
        value={chosen ?? OFF}
        allowDeselect={false}
        disabled={choices === undefined || none}
        data-testid="rules-anomalies"
        onChange={(id) => onChange({ ...draft, avoidAnomalies: id === null || id === OFF ? undefined : id })}
      />
      {none && (
        <p className="ft-form-note">
          Train a model of the family Anomaly on {model.symbol} {model.timeframe} to leave out entries after
          windows that it flags.
        </p>
      )}
      {foreign && (
        <p className="ft-form-note ft-warn" role="alert">
          The chosen anomaly model is not one of this history, or its files are gone. Choose another or none.
        </p>
      )}
      {chosen !== undefined && !foreign && (
        <p className="ft-form-note">
          No position is opened after a bar whose window the model cannot give back well enough: the same bars
          that carry a marker on the chart.
        </p>
      )}
    </>
  );
}

/** Which entries a strategy leaves out, in backtests, studies and what is deployed from them. */
export function EntryRulesFields({ model, span, draft, onChange }: EntryRulesFieldsProps) {
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
          <WindowCount model={model} span={span} draft={draft} />
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
      <AnomalyRule model={model} draft={draft} onChange={onChange} />
    </div>
  );
}
