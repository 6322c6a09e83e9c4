import { Select } from '@mantine/core';
import type { FamilyInfo } from '../../../src-shared/contract/training.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { HelpLabel } from './Field.tsx';
import { fieldOf } from './fields.ts';
import { useFamilies } from './queries.ts';
import { ROLE_LABEL } from './roles.ts';
import { chooseFamily, useTraining } from './trainingStore.ts';

function Option({ family }: { readonly family: FamilyInfo }) {
  return (
    <div className="ft-family-option">
      <span>
        {family.title} <span className="ft-dim ft-small">{ROLE_LABEL[family.role]}</span>
      </span>
      <span className="ft-dim ft-small">{family.description}</span>
    </div>
  );
}

/** Chooses the kind of model; each option says in a sentence what it is for. */
export function FamilySelect({ described = false }: { readonly described?: boolean }) {
  const { data, error, reload } = useFamilies();
  const name = useTraining((s) => s.draft.family);
  const spec = fieldOf('family');
  const chosen = data?.find((f) => f.name === name);
  if (!data && error) return <ErrorLine error={error} onRetry={reload} />;
  return (
    <Select
      className="ft-form-wide"
      label={<HelpLabel label={spec.label} help={spec.help} />}
      aria-label={spec.label}
      description={described ? chosen?.description : undefined}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      placeholder={data ? 'Choose' : 'Loading'}
      comboboxProps={{ width: 340, position: 'bottom-start' }}
      maxDropdownHeight={420}
      data={(data ?? []).map((f) => ({ value: f.name, label: f.title }))}
      value={chosen ? name : null}
      renderOption={({ option }) => {
        const family = data?.find((f) => f.name === option.value);
        return family ? <Option family={family} /> : option.label;
      }}
      onChange={(v) => {
        const family = data?.find((f) => f.name === v);
        if (family) chooseFamily(family);
      }}
    />
  );
}
