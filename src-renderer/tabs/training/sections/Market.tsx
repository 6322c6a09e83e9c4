import { Button, Checkbox, MultiSelect, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { FeatureInfo } from '../../../../src-shared/contract/training.ts';
import { useDatasets } from '../../../state/markets.ts';
import { SyntheticBadge } from '../../../ui/Badge.tsx';
import { formatDate, formatNumber } from '../../../ui/format.ts';
import { ErrorState, LoadingState } from '../../../ui/states.tsx';
import { fieldOf } from '../fields.ts';
import { useFeatures } from '../queries.ts';
import { setField, useTraining } from '../trainingStore.ts';
import type { SectionProps } from './section.ts';

const MOST_FURTHER = 39;

function Instruments({ dataset, errors }: SectionProps) {
  const datasets = useDatasets().data ?? [];
  const symbols = useTraining((s) => s.draft.symbols);
  const others = datasets
    .filter((d) => d.timeframe === dataset.timeframe && d.symbol !== dataset.symbol)
    .map((d) => d.symbol);
  const offered = [...new Set([...others, ...symbols])].sort();
  return (
    <section>
      <h3 className="ft-config-title">Market</h3>
      <p className="ft-form-note ft-num">
        <strong className="ft-config-market">
          {dataset.symbol} {dataset.timeframe}
        </strong>{' '}
        {dataset.synthetic && <SyntheticBadge />} {formatNumber(dataset.bars)} bars,{' '}
        {formatDate(dataset.fromMs)} to {formatDate(dataset.toMs)}. The top bar chooses it.
      </p>
      <MultiSelect
        mt={10}
        size="xs"
        label={fieldOf('symbols').label}
        description={fieldOf('symbols').help}
        placeholder={
          symbols.length > 0
            ? ''
            : offered.length === 0
              ? `No other history of ${dataset.timeframe} is stored`
              : 'None'
        }
        data={offered}
        value={[...symbols]}
        onChange={(v) => setField('symbols', v)}
        maxValues={MOST_FURTHER}
        disabled={offered.length === 0}
        error={errors.symbols}
        searchable
        clearable
      />
    </section>
  );
}

function byGroup(features: readonly FeatureInfo[]): [string, FeatureInfo[]][] {
  const groups = new Map<string, FeatureInfo[]>();
  for (const f of features) groups.set(f.group, [...(groups.get(f.group) ?? []), f]);
  return [...groups];
}

interface GroupProps {
  readonly name: string;
  readonly features: readonly FeatureInfo[];
  readonly chosen: ReadonlySet<string>;
  readonly onToggle: (names: readonly string[], on: boolean) => void;
}

function Group({ name, features, chosen, onToggle }: GroupProps) {
  const names = features.map((f) => f.name);
  const count = names.filter((n) => chosen.has(n)).length;
  return (
    <fieldset className="ft-feature-group">
      <legend>
        <Checkbox
          label={`${name} (${count} of ${names.length})`}
          checked={count === names.length}
          indeterminate={count > 0 && count < names.length}
          onChange={(e) => onToggle(names, e.currentTarget.checked)}
        />
      </legend>
      <div className="ft-feature-list">
        {features.map((f) => (
          <Checkbox
            key={f.name}
            label={<span className="ft-mono">{f.name}</span>}
            description={f.doc}
            title={`First value after ${f.warmupBars} bars`}
            checked={chosen.has(f.name)}
            onChange={(e) => onToggle([f.name], e.currentTarget.checked)}
          />
        ))}
      </div>
    </fieldset>
  );
}

/** The features in the order of the registry, whichever way they were chosen: the order is part of a model. */
function ordered(features: readonly FeatureInfo[], chosen: ReadonlySet<string>): string[] {
  return features.filter((f) => chosen.has(f.name)).map((f) => f.name);
}

function Picker({ features }: { readonly features: readonly FeatureInfo[] }) {
  const names = useTraining((s) => s.draft.features);
  const [text, setText] = useState('');
  const standard = useMemo(() => features.filter((f) => f.standard).map((f) => f.name), [features]);
  const chosen = useMemo(() => new Set(names.length === 0 ? standard : names), [names, standard]);
  const set = (next: ReadonlySet<string>) => {
    const list = ordered(features, next);
    // The default set is stored as "no choice", so that a run follows it should it grow.
    const isStandard = list.length === standard.length && list.every((n) => standard.includes(n));
    setField('features', isStandard ? [] : list);
  };
  const onToggle = (some: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const name of some) {
      if (on) next.add(name);
      else next.delete(name);
    }
    if (next.size > 0) set(next);
  };
  const wanted = text.trim().toLowerCase();
  const shown = features.filter((f) => `${f.name} ${f.doc} ${f.group}`.toLowerCase().includes(wanted));
  return (
    <>
      <div className="ft-feature-tools">
        <TextInput
          aria-label="Search features"
          placeholder="Search"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        <span className="ft-dim ft-small ft-num" data-testid="feature-count">
          {chosen.size} of {features.length} chosen{names.length === 0 ? ', the default set' : ''}
        </span>
        <Button
          size="compact-xs"
          ml="auto"
          disabled={names.length === 0}
          onClick={() => setField('features', [])}
        >
          Default set
        </Button>
        <Button
          size="compact-xs"
          disabled={chosen.size === features.length}
          onClick={() => set(new Set(features.map((f) => f.name)))}
        >
          All
        </Button>
      </div>
      {shown.length === 0 && <p className="ft-form-note">No feature matches the search.</p>}
      <div className="ft-feature-groups">
        {byGroup(shown).map(([name, group]) => (
          <Group key={name} name={name} features={group} chosen={chosen} onToggle={onToggle} />
        ))}
      </div>
    </>
  );
}

function Features({ errors }: SectionProps) {
  const { data, error, reload } = useFeatures();
  return (
    <section>
      <h3 className="ft-config-title">Features</h3>
      <p className="ft-form-note">{fieldOf('features').help}</p>
      {errors.features && (
        <p className="ft-form-note ft-bad" role="alert">
          {errors.features}
        </p>
      )}
      {data ? (
        <Picker features={data} />
      ) : error ? (
        <ErrorState error={error} onRetry={reload} />
      ) : (
        <LoadingState label="Loading the features" />
      )}
    </section>
  );
}

/** What is learnt from. */
export function MarketSection(props: SectionProps) {
  return (
    <>
      <Instruments {...props} />
      <Features {...props} />
    </>
  );
}
