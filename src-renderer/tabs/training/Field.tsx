import { NumberInput, SegmentedControl, Select, Switch, Tooltip } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { fieldOf, unitText } from './fields.ts';
import type { ChoiceSpec, FieldSpec, NumberSpec, SwitchSpec } from './fieldTypes.ts';
import { setField, useTraining } from './trainingStore.ts';

/** A label that explains itself on hover and focus. */
export function HelpLabel({ label, help }: { readonly label: string; readonly help: string }) {
  if (help === '') return <span className="ft-label">{label}</span>;
  return (
    <Tooltip label={help} events={{ hover: true, focus: true, touch: true }}>
      <span className="ft-label">
        {label}
        <IconInfoCircle size={12} stroke={1.7} className="ft-dim" aria-hidden />
      </span>
    </Tooltip>
  );
}

interface FieldProps<S extends FieldSpec> {
  readonly spec: S;
  readonly error?: string | undefined;
  /** Prefix of the element's id: the same field may stand in the tab and in the dialogue. */
  readonly place: 'quick' | 'all';
  readonly disabled?: boolean;
}

function suffixOf(spec: NumberSpec, value: number | string): { suffix?: string } {
  if (spec.suffix === undefined) return {};
  return { suffix: unitText(spec.suffix, Number(value)) };
}

function NumberField({ spec, error, place, disabled = false }: FieldProps<NumberSpec>) {
  const value = useTraining((s) => s.draft[spec.name]);
  return (
    <NumberInput
      label={<HelpLabel label={spec.label} help={spec.help} />}
      aria-label={spec.label}
      id={`train-${place}-${spec.name}`}
      error={error}
      value={value}
      onChange={(v) => setField(spec.name, typeof v === 'bigint' ? Number(v) : v)}
      min={spec.min}
      max={spec.max}
      step={spec.step}
      decimalScale={spec.decimals}
      clampBehavior="none"
      disabled={disabled}
      {...suffixOf(spec, value)}
    />
  );
}

function ChoiceField({ spec, error, place, disabled = false }: FieldProps<ChoiceSpec>) {
  const value = useTraining((s) => s.draft[spec.name]);
  return (
    <Select
      label={<HelpLabel label={spec.label} help={spec.help} />}
      aria-label={spec.label}
      id={`train-${place}-${spec.name}`}
      error={error}
      data={[...spec.options]}
      value={String(value)}
      onChange={(v) => v !== null && setField(spec.name, v)}
      disabled={disabled}
    />
  );
}

function SwitchField({ spec, place }: FieldProps<SwitchSpec>) {
  const value = useTraining((s) => s.draft[spec.name]);
  return (
    <Switch
      id={`train-${place}-${spec.name}`}
      className="ft-form-wide"
      label={<HelpLabel label={spec.label} help={spec.help} />}
      aria-label={spec.label}
      checked={value}
      onChange={(e) => setField(spec.name, e.currentTarget.checked)}
    />
  );
}

/** One field of the form by name. Fields with controls of their own are drawn by their sections. */
export function Field({
  name,
  errors,
  place,
  disabled = false,
}: {
  readonly name: FieldSpec['name'];
  readonly errors: Readonly<Record<string, string>>;
  readonly place: 'quick' | 'all';
  readonly disabled?: boolean;
}): ReactNode {
  const spec = fieldOf(name);
  const common = { place, error: errors[name], disabled };
  if (spec.kind === 'number') return <NumberField spec={spec} {...common} />;
  if (spec.kind === 'choice') return <ChoiceField spec={spec} {...common} />;
  if (spec.kind === 'switch') return <SwitchField spec={spec} {...common} />;
  return null;
}

/** A setting with its control at the right and, below, what it does and what it costs. */
export function ExplainedRow({
  name,
  error,
  note,
  tone = 'dim',
  children,
}: {
  readonly name: FieldSpec['name'];
  readonly error?: string | undefined;
  /** What the setting does on this engine, family or number of devices, where that is not the usual. */
  readonly note?: string | undefined;
  readonly tone?: 'dim' | 'warn';
  readonly children?: ReactNode;
}) {
  const spec = fieldOf(name);
  return (
    <div className="ft-explained" data-field={name}>
      <div className="ft-explained-text">
        <div className="ft-explained-name">{spec.label}</div>
        <p className="ft-form-note">{spec.help}</p>
        {note && (
          <p className={`ft-form-note ${tone === 'warn' ? 'ft-warn' : 'ft-explained-note'}`}>{note}</p>
        )}
        {error && (
          <p className="ft-form-note ft-bad" role="alert">
            {error}
          </p>
        )}
      </div>
      <div className="ft-explained-control">{children ?? <PlainControl spec={spec} />}</div>
    </div>
  );
}

function PlainControl({ spec }: { readonly spec: FieldSpec }) {
  const value = useTraining((s) => s.draft[spec.name]);
  if (spec.kind === 'switch') {
    return (
      <Switch
        aria-label={spec.label}
        checked={value === true}
        onChange={(e) => setField(spec.name, e.currentTarget.checked)}
      />
    );
  }
  if (spec.kind === 'choice') {
    const short = spec.options.length <= 2;
    const common = { value: String(value), data: [...spec.options], 'aria-label': spec.label };
    return short ? (
      <SegmentedControl {...common} onChange={(v) => setField(spec.name, v)} />
    ) : (
      <Select {...common} onChange={(v) => v !== null && setField(spec.name, v)} />
    );
  }
  if (spec.kind !== 'number') return null;
  return (
    <NumberInput
      aria-label={spec.label}
      value={value as number | string}
      onChange={(v) => setField(spec.name, typeof v === 'bigint' ? Number(v) : v)}
      min={spec.min}
      max={spec.max}
      step={spec.step}
      decimalScale={spec.decimals}
      clampBehavior="none"
      {...suffixOf(spec, value as number | string)}
    />
  );
}
