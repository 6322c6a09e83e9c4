import {
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Select,
  Switch,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { type ReactNode, useMemo } from 'react';
import { FAMILIES, type FamilyInfo } from '../../../../src-shared/contract/training.ts';
import { familyLabel, modelLabel } from '../../../ui/models.tsx';
import { ErrorState, LoadingState } from '../../../ui/states.tsx';
import { type SettingField, settingFields, settingLabel, settingText } from '../familySettings.ts';
import { innerFamily, innerSettings } from '../fields.ts';
import { useFamilies, useModels } from '../queries.ts';
import { ROLE_HELP, ROLE_LABEL } from '../roles.ts';
import { chooseFamily, setField, trainingStore, useTraining } from '../trainingStore.ts';
import type { SectionProps } from './section.ts';

type Edited = Readonly<Record<string, unknown>>;

function setSetting(name: string, value: unknown): void {
  const before = trainingStore.getState().draft.model;
  // The settings of one family mean nothing to another.
  const anew = name === 'family' && value !== before.family ? { model: {} } : {};
  setField('model', { ...before, ...anew, [name]: value });
}

/** Changes a setting of the family that a set of horizons is made of. */
function setInner(name: string, value: unknown): void {
  const { model } = trainingStore.getState().draft;
  setField('model', { ...model, model: { ...innerSettings(model), [name]: value } });
}

const FIT: Readonly<Record<FamilyInfo['fit'], string>> = {
  gradient: 'learns by gradients',
  solved: 'computed at once',
  composed: 'made of other models',
};

function FamilyCards() {
  const { data, error, reload } = useFamilies();
  const name = useTraining((s) => s.draft.family);
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={reload} />
    ) : (
      <LoadingState label="Loading the families" />
    );
  return (
    <div className="ft-family-cards" role="radiogroup" aria-label="Model family">
      {data.map((f) => (
        <label key={f.name} className="ft-family-card" data-chosen={f.name === name}>
          <input
            type="radio"
            name="train-family"
            className="ft-family-radio"
            checked={f.name === name}
            onChange={() => chooseFamily(f)}
          />
          <span className="ft-family-title">{f.title}</span>
          <span className="ft-family-tag" title={ROLE_HELP[f.role]}>
            {ROLE_LABEL[f.role]} · {FIT[f.fit]}
          </span>
          <span className="ft-form-note">{f.description}</span>
        </label>
      ))}
    </div>
  );
}

interface ControlProps {
  readonly field: SettingField;
  readonly value: unknown;
  readonly error: string | undefined;
  readonly onChange: (value: unknown) => void;
}

/** The models that an ensemble can be made of: present, of this market, and predicting a return. */
function MembersControl({
  field,
  value,
  error,
  onChange,
  dataset,
}: ControlProps & Pick<SectionProps, 'dataset'>) {
  const models = useModels().data ?? [];
  const offered = models.filter(
    (m) =>
      m.present && m.role === 'regressor' && m.symbol === dataset.symbol && m.timeframe === dataset.timeframe,
  );
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const gone = chosen.filter((id) => !offered.some((m) => m.id === id));
  return (
    <MultiSelect
      size="xs"
      aria-label={field.label}
      placeholder={
        offered.length === 0
          ? 'No forecasting model of this market yet'
          : chosen.length > 0
            ? ''
            : 'Choose two or more'
      }
      data={[
        ...offered.map((m) => ({ value: m.id, label: modelLabel(m) })),
        ...gone.map((id) => ({ value: id, label: `${id} (not there)` })),
      ]}
      value={chosen}
      error={error}
      searchable
      onChange={onChange}
    />
  );
}

function choiceLabel(field: SettingField, value: string): string {
  const family = field.name === 'family' && FAMILIES.find((f) => f === value);
  return family ? familyLabel(family) : settingLabel(value);
}

function ChoiceControl({ field, value, error, onChange: change }: ControlProps) {
  const data = (field.options ?? []).map((v) => ({ value: v, label: choiceLabel(field, v) }));
  const onChange = (v: string | null) => v !== null && change(v);
  if (data.length <= 3) {
    return (
      <SegmentedControl aria-label={field.label} data={data} value={String(value)} onChange={onChange} />
    );
  }
  return (
    <Select aria-label={field.label} data={data} value={String(value)} error={error} onChange={onChange} />
  );
}

/** A handful of numbers, each on its own. */
function ChipsControl({ field, value, error, onChange }: ControlProps) {
  return (
    <TagsInput
      size="xs"
      aria-label={field.label}
      value={Array.isArray(value) ? value.map(String) : []}
      error={error}
      splitChars={[',', ';', ' ']}
      acceptValueOnBlur
      onChange={onChange}
    />
  );
}

function Control({
  field,
  value,
  error,
  onChange,
  dataset,
}: ControlProps & Pick<SectionProps, 'dataset'>): ReactNode {
  if (field.name === 'members') return <MembersControl {...{ field, value, error, onChange, dataset }} />;
  if (field.name === 'hours') return <ChipsControl {...{ field, value, error, onChange }} />;
  if (field.kind === 'switch') {
    return (
      <Switch
        aria-label={field.label}
        checked={value === true}
        onChange={(e) => onChange(e.currentTarget.checked)}
      />
    );
  }
  if (field.kind === 'choice') return <ChoiceControl {...{ field, value, error, onChange }} />;
  if (field.kind === 'integer' || field.kind === 'number') {
    return (
      <NumberInput
        aria-label={field.label}
        value={typeof value === 'number' || typeof value === 'string' ? value : ''}
        error={error}
        clampBehavior="none"
        allowDecimal={field.kind === 'number'}
        onChange={(v) => onChange(typeof v === 'bigint' ? Number(v) : v)}
      />
    );
  }
  return (
    <TextInput
      aria-label={field.label}
      value={settingText(value)}
      error={error}
      onChange={(e) => onChange(e.currentTarget.value)}
    />
  );
}

function boundsText(field: SettingField): string {
  const { min, max } = field;
  if (field.name === 'hours') return `${field.least} to ${field.most} of them, each added with Enter.`;
  if (field.kind === 'numbers') return 'Numbers with commas between them.';
  if (min !== undefined && max !== undefined) return `${min} to ${max}.`;
  if (min !== undefined) return `At least ${min}.`;
  return max === undefined ? '' : `At most ${max}.`;
}

interface RowProps extends Pick<SectionProps, 'dataset'> {
  readonly field: SettingField;
  readonly edited: unknown;
  readonly error: string | undefined;
  readonly onChange: (value: unknown) => void;
}

function SettingRow({ field, edited, error, onChange, dataset }: RowProps) {
  const value = edited ?? field.fallback;
  const standard = settingText(field.fallback);
  const wide = field.name === 'members';
  return (
    <div className={wide ? 'ft-explained ft-explained-wide' : 'ft-explained'} data-setting={field.name}>
      <div className="ft-explained-text">
        <div className="ft-explained-name">{field.label}</div>
        <p className="ft-form-note">
          {[field.help, boundsText(field), standard === '' ? '' : `Default ${standard}.`]
            .filter((t) => t !== '')
            .join(' ')}
        </p>
      </div>
      <div className="ft-explained-control">
        <Control field={field} value={value} error={error} onChange={onChange} dataset={dataset} />
      </div>
    </div>
  );
}

interface SettingsProps extends Pick<SectionProps, 'dataset' | 'errors'> {
  readonly family: FamilyInfo;
  readonly title: string;
  readonly edited: Edited;
  /** Of the names of its errors. */
  readonly prefix: string;
  readonly onChange: (name: string, value: unknown) => void;
}

function Settings({ family, title, edited, prefix, onChange, dataset, errors }: SettingsProps) {
  const fields = useMemo(() => settingFields(family.schema, family.defaults, family.name), [family]);
  // Settings of a family inside a family have a section of their own.
  const shown = fields.filter((f) => family.name !== 'horizons' || f.name !== 'model');
  return (
    <section>
      <h3 className="ft-config-title">{title}</h3>
      {shown.length === 0 && <p className="ft-form-note">This family has no settings of its own.</p>}
      {shown.map((field) => (
        <SettingRow
          key={field.name}
          field={field}
          edited={edited[field.name]}
          dataset={dataset}
          error={errors[`${prefix}${field.name}`]}
          onChange={(value) => onChange(field.name, value)}
        />
      ))}
    </section>
  );
}

function OwnSettings({ family, dataset, errors }: SectionProps & { readonly family: FamilyInfo }) {
  const model = useTraining((s) => s.draft.model);
  const inner = innerFamily(family, model, useFamilies().data ?? []);
  return (
    <>
      <Settings
        {...{ family, dataset, errors }}
        title={`Settings of ${family.title}`}
        edited={model}
        prefix="model."
        onChange={setSetting}
      />
      {inner && (
        <Settings
          {...{ dataset, errors }}
          family={inner}
          title={`Settings of each ${inner.title}`}
          edited={innerSettings(model)}
          prefix="model.model."
          onChange={setInner}
        />
      )}
    </>
  );
}

/** The kind of model and its own settings. */
export function ModelSection(props: SectionProps) {
  return (
    <>
      <section>
        <h3 className="ft-config-title">Model family</h3>
        <FamilyCards />
      </section>
      {props.family && <OwnSettings {...props} family={props.family} />}
    </>
  );
}
