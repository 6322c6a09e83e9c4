import { ActionIcon, Button, Popover, Select, TextInput } from '@mantine/core';
import { IconDeviceFloppy, IconTrash } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { ErrorLine } from '../../ui/states.tsx';
import { type Presets, removePreset, savePreset, usePresets } from './presets.ts';
import { useFamilies } from './queries.ts';
import { trainingStore } from './trainingStore.ts';

const LONGEST_NAME = 60;

function SaveAs({
  presets,
  onSaved,
}: {
  readonly presets: Presets;
  readonly onSaved: (name: string) => void;
}) {
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const wanted = name.trim();
  const onSubmit = (e: FormEvent) => {
    e.preventDefault();
    savePreset(presets, wanted, trainingStore.getState().draft).then(() => onSaved(wanted), setError);
  };
  return (
    <form className="ft-preset-save" onSubmit={onSubmit}>
      <TextInput
        data-autofocus
        label="Name of the preset"
        maxLength={LONGEST_NAME}
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
      />
      {wanted in presets && <p className="ft-form-note ft-warn">This replaces the preset of that name.</p>}
      {error ? <ErrorLine error={error} /> : null}
      <Button type="submit" variant="filled" disabled={wanted === ''}>
        Save
      </Button>
    </form>
  );
}

/** Named configurations: take one over, keep the present one, forget one. */
export function PresetBar() {
  const { data: presets = {}, error, reload } = usePresets();
  const families = useFamilies().data;
  const [name, setName] = useState<string | null>(null);
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const take = (chosen: string | null) => {
    const draft = chosen === null ? undefined : presets[chosen];
    if (!draft) return;
    setName(chosen);
    trainingStore.setState({ draft, appliedFamily: families?.find((f) => f.name === draft.family) });
  };
  if (error || failure) return <ErrorLine error={error ?? failure} onRetry={reload} />;
  const names = Object.keys(presets).sort((a, b) => a.localeCompare(b, 'en'));
  return (
    <div className="ft-preset-bar">
      <Select
        aria-label="Preset"
        placeholder={names.length === 0 ? 'No preset yet' : 'Take over a preset'}
        w={170}
        data={names}
        value={name !== null && name in presets ? name : null}
        disabled={names.length === 0}
        onChange={take}
      />
      <Popover opened={saving} onChange={setSaving} trapFocus position="top-start" withArrow>
        <Popover.Target>
          <Button
            leftSection={<IconDeviceFloppy size={14} aria-hidden />}
            onClick={() => setSaving((was) => !was)}
          >
            Save as
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <SaveAs
            presets={presets}
            onSaved={(saved) => {
              setName(saved);
              setSaving(false);
            }}
          />
        </Popover.Dropdown>
      </Popover>
      {name !== null && name in presets && (
        <ActionIcon
          aria-label={`Delete the preset ${name}`}
          title={`Delete the preset ${name}`}
          onClick={() => removePreset(presets, name).then(() => setName(null), setFailure)}
        >
          <IconTrash size={15} aria-hidden />
        </ActionIcon>
      )}
    </div>
  );
}
