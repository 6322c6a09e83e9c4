import {
  Button,
  Checkbox,
  Collapse,
  NumberInput,
  Select,
  Stack,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { IconChevronRight, IconDatabaseImport, IconInfoCircle, IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { useDataset } from '../../state/markets.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine } from '../../ui/states.tsx';
import { loadDemoMarket } from '../data/importTask.ts';
import { openImport } from '../data/openImport.ts';
import { checkDraft, defaultDraft, FIELDS, type FieldSpec } from './fields.ts';
import { trainingStore, useTraining } from './trainingStore.ts';

function setField(name: FieldSpec['name'], value: number | string | boolean): void {
  trainingStore.setState(({ draft }) => ({ draft: { ...draft, [name]: value } }));
}

function Label({ spec }: { readonly spec: FieldSpec }) {
  return (
    <Tooltip label={spec.help} events={{ hover: true, focus: true, touch: true }}>
      <span className="ft-label">
        {spec.label}
        <IconInfoCircle size={12} stroke={1.7} className="ft-dim" aria-hidden />
      </span>
    </Tooltip>
  );
}

function Field({ spec, error }: { readonly spec: FieldSpec; readonly error: string | undefined }) {
  const value = useTraining((s) => s.draft[spec.name]);
  if (spec.kind === 'switch') {
    return (
      <Checkbox
        className="ft-form-wide"
        label={<Label spec={spec} />}
        aria-label={spec.label}
        error={error}
        checked={value === true}
        onChange={(e) => setField(spec.name, e.currentTarget.checked)}
      />
    );
  }
  const common = { label: <Label spec={spec} />, 'aria-label': spec.label, error, id: `train-${spec.name}` };
  if (spec.kind === 'choice') {
    return (
      <Select
        {...common}
        data={[...spec.options]}
        value={String(value)}
        onChange={(v) => v !== null && setField(spec.name, v)}
      />
    );
  }
  return (
    <NumberInput
      {...common}
      value={typeof value === 'boolean' ? '' : value}
      onChange={(v) => setField(spec.name, typeof v === 'bigint' ? Number(v) : v)}
      min={spec.min}
      max={spec.max}
      step={spec.step}
      decimalScale={spec.decimals}
      clampBehavior="none"
      {...(spec.suffix === undefined
        ? {}
        : { suffix: Number(value) === 1 ? spec.suffix.replace(/s$/, '') : spec.suffix })}
    />
  );
}

function useStart() {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const start = async (input: Parameters<typeof rpc.training.start>[0]) => {
    setBusy(true);
    setError(undefined);
    try {
      const { runId } = await rpc.training.start(input);
      trainingStore.setState({ runId });
      invalidate('training.list');
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return { start, error, busy };
}

function Fields({
  group,
  errors,
}: {
  readonly group: FieldSpec['group'];
  readonly errors: Record<string, string>;
}) {
  return (
    <div className="ft-form-grid">
      {FIELDS.filter((f) => f.group === group).map((spec) => (
        <Field key={spec.name} spec={spec} error={errors[spec.name]} />
      ))}
    </div>
  );
}

function Form() {
  const dataset = useDataset();
  const draft = useTraining((s) => s.draft);
  const advanced = useTraining((s) => s.advanced);
  const { start, error, busy } = useStart();
  if (!dataset) return null;
  const checked = checkDraft(draft, dataset.symbol, dataset.timeframe);
  const errors = checked.ok ? {} : checked.errors;
  const hiddenError = FIELDS.some((f) => f.group === 'advanced' && errors[f.name] !== undefined);
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        if (checked.ok) void start(checked.input);
      }}
    >
      <Stack gap={12}>
        <div className="ft-train-on">
          <span className="ft-cell-line">
            <strong>
              {dataset.symbol} {dataset.timeframe}
            </strong>
            {dataset.synthetic && <SyntheticBadge />}
          </span>
          <span className="ft-dim ft-small ft-num">
            {formatNumber(dataset.bars)} bars, {formatDate(dataset.fromMs)} to {formatDate(dataset.toMs)}
          </span>
        </div>
        <h3 className="ft-group">Forecast</h3>
        <Fields group="forecast" errors={errors} />
        <h3 className="ft-group">Learning</h3>
        <Fields group="network" errors={errors} />
        <UnstyledButton
          className="ft-group ft-fold"
          aria-expanded={advanced || hiddenError}
          onClick={() => trainingStore.setState({ advanced: !advanced })}
        >
          <IconChevronRight size={14} aria-hidden /> Advanced
        </UnstyledButton>
        <Collapse expanded={advanced || hiddenError}>
          <Fields group="advanced" errors={errors} />
        </Collapse>
        <Button
          type="submit"
          variant="filled"
          fullWidth
          data-testid="train-start"
          loading={busy}
          disabled={!checked.ok}
          leftSection={<IconPlayerPlay size={15} aria-hidden />}
        >
          Start training
        </Button>
        {error ? <ErrorLine error={error} /> : null}
      </Stack>
    </form>
  );
}

/** What to train, and the button that starts it. */
export function TrainForm() {
  const dataset = useDataset();
  return (
    <Panel
      title="New training run"
      actions={
        dataset && (
          <Button size="compact-xs" onClick={() => trainingStore.setState({ draft: defaultDraft() })}>
            Defaults
          </Button>
        )
      }
    >
      {dataset ? (
        <Form />
      ) : (
        <EmptyState
          icon={<IconDatabaseImport size={28} stroke={1.3} aria-hidden />}
          title="No history to train on"
          text="A model learns from stored bars. Import some first, or load the demo market."
          action={
            <>
              <Button variant="filled" onClick={openImport}>
                Import history
              </Button>
              <Button onClick={() => void loadDemoMarket()}>Load the demo market</Button>
            </>
          }
        />
      )}
    </Panel>
  );
}
