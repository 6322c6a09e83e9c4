import { Button, Select } from '@mantine/core';
import { IconPlayerPlayFilled, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { SPANS, type SpanName } from '../../../src-shared/contract/common.ts';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { EntryRulesFields } from '../../ui/EntryRulesFields.tsx';
import { rulesOf } from '../../ui/entryRules.ts';
import { FieldInputs } from '../../ui/FieldInputs.tsx';
import { formatDate, formatDuration, formatMoney } from '../../ui/format.ts';
import { COST_FIELDS, GENE_FIELDS } from '../../ui/genes.ts';
import { ModelSelect, SPAN_INFO } from '../../ui/models.tsx';
import { useOnce } from '../../ui/once.ts';
import { rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import styles from './Backtest.module.css';
import {
  backtestDraft,
  editedCosts,
  editedGenes,
  fillDefaults,
  runDraft,
  storedCosts,
  storedGenes,
  useBacktestDraft,
} from './draft.ts';

/** A rate of the notional is how crypto and stock venues charge; on FX it would only take room. */
function costFields(symbol: string) {
  const { assetClass } = instrumentFor(symbol);
  const fx = assetClass === 'fx' || assetClass === 'synthetic';
  return fx ? COST_FIELDS.filter((f) => f.key !== 'commissionRate') : COST_FIELDS;
}

interface RunFormProps {
  readonly models: readonly ModelDto[];
  readonly model: ModelDto;
}

/** What to run: model, part of history, genes and costs. */
export function RunForm({ models, model }: RunFormProps) {
  const draft = useBacktestDraft((d) => d);
  const defaults = useOnce('backtest.defaults', () => rpc.backtest.defaults({ modelId: model.id }), [
    model.id,
  ]);
  useEffect(() => {
    if (defaults.data) fillDefaults(model.id, defaults.data.genes, defaults.data.costs);
  }, [defaults.data, model.id]);
  const ready = draft.modelId === model.id;
  const genes = ready ? draft.genes : undefined;
  const costs = ready ? draft.costs : undefined;
  const usable =
    genes && costs && storedGenes(genes, draft.filledGenes) && storedCosts(costs) && rulesOf(draft.rules);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void runDraft(Date.now());
      }}
    >
      <ModelSelect models={models} model={model} disabled={draft.running !== undefined} />
      <SpanSelect model={model} span={draft.span} />
      {defaults.error !== undefined && <ErrorLine error={defaults.error} onRetry={defaults.reload} />}
      <div className={styles.group}>
        <h3 className={styles.groupTitle}>
          Genes
          {genes && defaults.data && (
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() =>
                backtestDraft.setState({
                  genes: editedGenes(defaults.data!.genes),
                  filledGenes: defaults.data!.genes,
                  origin: undefined,
                })
              }
            >
              Defaults
            </Button>
          )}
        </h3>
        {draft.origin && ready && <p className={styles.note}>From {draft.origin}.</p>}
        {genes && (
          <FieldInputs
            fields={GENE_FIELDS}
            values={genes}
            onChange={(key, value) => backtestDraft.setState({ genes: { ...genes, [key]: value } })}
          />
        )}
      </div>
      <div className={styles.group}>
        <h3 className={styles.groupTitle}>
          Costs
          {costs && defaults.data && (
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => backtestDraft.setState({ costs: editedCosts(defaults.data!.costs) })}
            >
              Defaults
            </Button>
          )}
        </h3>
        {costs && (
          <FieldInputs
            fields={costFields(model.symbol)}
            values={costs}
            onChange={(key, value) => backtestDraft.setState({ costs: { ...costs, [key]: value } })}
          />
        )}
      </div>
      <div className={styles.group}>
        <h3 className={styles.groupTitle}>Entries left out</h3>
        <EntryRulesFields
          model={model}
          span={model.spans.find((s) => s.name === draft.span)}
          draft={draft.rules}
          onChange={(rules) => backtestDraft.setState({ rules })}
        />
      </div>
      {defaults.data && (
        <p className={styles.note}>
          Starts with {formatMoney(defaults.data.initialBalance, defaults.data.currency)}.
        </p>
      )}
      {draft.error !== undefined && <ErrorLine error={draft.error} />}
      <div className={styles.run}>
        <RunButton usable={Boolean(usable)} />
      </div>
    </form>
  );
}

function RunButton({ usable }: { readonly usable: boolean }) {
  const running = useBacktestDraft((d) => d.running);
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [running]);
  if (running) {
    return (
      <Button
        leftSection={<IconX size={14} aria-hidden />}
        onClick={() => running.abort.abort()}
        data-testid="backtest-cancel"
        fullWidth
      >
        Running for {formatDuration(Math.max(0, nowMs - running.startedMs))} – cancel
      </Button>
    );
  }
  return (
    <Button
      type="submit"
      variant="filled"
      leftSection={<IconPlayerPlayFilled size={13} aria-hidden />}
      disabled={!usable}
      data-testid="backtest-run"
      fullWidth
    >
      Run backtest
    </Button>
  );
}

function SpanSelect({ model, span }: { readonly model: ModelDto; readonly span: SpanName }) {
  const info = SPAN_INFO[span];
  const known = new Map(model.spans.map((s) => [s.name, s]));
  const chosen = known.get(span);
  const data = SPANS.filter((name) => known.has(name)).map((name) => ({
    value: name,
    label: SPAN_INFO[name].fitted ? `${SPAN_INFO[name].label} (fitted on)` : SPAN_INFO[name].label,
  }));
  return (
    <div className={styles.group}>
      <Select
        label="Span of history"
        size="xs"
        data={data}
        value={span}
        onChange={(value) => value !== null && backtestDraft.setState({ span: value as SpanName })}
        allowDeselect={false}
      />
      <p className={styles.note}>
        {chosen && `${formatDate(chosen.fromMs)} to ${formatDate(chosen.toMs)}. `}
        <span className={info.fitted ? styles.warn : undefined}>{info.use}</span>
      </p>
    </div>
  );
}
