import { MultiSelect, NumberInput, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { type ReactNode, useMemo } from 'react';
import type { FamilyInfo } from '../../../../src-shared/contract/training.ts';
import { modelLabel } from '../../../ui/models.tsx';
import { ErrorState, LoadingState } from '../../../ui/states.tsx';
import { type SettingField, settingFields, settingLabel, settingText } from '../familySettings.ts';
import { useFamilies, useModels } from '../queries.ts';
import { ROLE_HELP, ROLE_LABEL } from '../roles.ts';
import { chooseFamily, setField, trainingStore, useTraining } from '../trainingStore.ts';
import type { SectionProps } from './section.ts';

function setSetting(name: string, value: unknown): void {
  setField('model', { ...trainingStore.getState().draft.model, [name]: value });
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
}

/** The models that an ensemble can be made of: present, of this market, and predicting a return. */
function MembersControl({ field, value, error, dataset }: ControlProps & Pick<SectionProps, 'dataset'>) {
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
      onChange={(v) => setSetting(field.name, v)}
    />
  );
}

function ChoiceControl({ field, value, error }: ControlProps) {
  const data = (field.options ?? []).map((v) => ({ value: v, label: settingLabel(v) }));
  const onChange = (v: string | null) => v !== null && setSetting(field.name, v);
  if (data.length <= 3) {
    return (
      <SegmentedControl aria-label={field.label} data={data} value={String(value)} onChange={onChange} />
    );
  }
  return (
    <Select aria-label={field.label} data={data} value={String(value)} error={error} onChange={onChange} />
  );
}

function Control({ field, value, error, dataset }: ControlProps & Pick<SectionProps, 'dataset'>): ReactNode {
  if (field.name === 'members') return <MembersControl {...{ field, value, error, dataset }} />;
  if (field.kind === 'switch') {
    return (
      <Switch
        aria-label={field.label}
        checked={value === true}
        onChange={(e) => setSetting(field.name, e.currentTarget.checked)}
      />
    );
  }
  if (field.kind === 'choice') return <ChoiceControl {...{ field, value, error }} />;
  if (field.kind === 'integer' || field.kind === 'number') {
    return (
      <NumberInput
        aria-label={field.label}
        value={typeof value === 'number' || typeof value === 'string' ? value : ''}
        error={error}
        clampBehavior="none"
        allowDecimal={field.kind === 'number'}
        onChange={(v) => setSetting(field.name, typeof v === 'bigint' ? Number(v) : v)}
      />
    );
  }
  return (
    <TextInput
      aria-label={field.label}
      value={settingText(value)}
      error={error}
      onChange={(e) => setSetting(field.name, e.currentTarget.value)}
    />
  );
}

function boundsText(field: SettingField): string {
  const { min, max } = field;
  if (field.kind === 'numbers') return 'Numbers with commas between them.';
  if (min !== undefined && max !== undefined) return `${min} to ${max}.`;
  if (min !== undefined) return `At least ${min}.`;
  return max === undefined ? '' : `At most ${max}.`;
}

function SettingRow({
  field,
  error,
  dataset,
}: { readonly field: SettingField; readonly error: string | undefined } & Pick<SectionProps, 'dataset'>) {
  const edited = useTraining((s) => s.draft.model[field.name]);
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
        <Control field={field} value={value} error={error} dataset={dataset} />
      </div>
    </div>
  );
}

function Settings({ family, dataset, errors }: SectionProps & { readonly family: FamilyInfo }) {
  const fields = useMemo(() => settingFields(family.schema, family.defaults, family.name), [family]);
  return (
    <section>
      <h3 className="ft-config-title">Settings of {family.title}</h3>
      {fields.length === 0 && <p className="ft-form-note">This family has no settings of its own.</p>}
      {fields.map((field) => (
        <SettingRow key={field.name} field={field} dataset={dataset} error={errors[`model.${field.name}`]} />
      ))}
    </section>
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
      {props.family && <Settings {...props} family={props.family} />}
    </>
  );
}
