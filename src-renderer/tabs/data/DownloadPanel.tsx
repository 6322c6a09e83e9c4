import { Button, Group, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { ProviderDto } from '../../../src-shared/contract/fetch.ts';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { openSettings } from '../settings/settingsStore.ts';
import {
  type DownloadDraft,
  downloadBlockers,
  downloadDraft,
  fitTo,
  symbolsOf,
  tasksOf,
  useDownloadDraft,
} from './downloadDraft.ts';
import { FetchRuns } from './FetchRuns.tsx';

const SIDES = { bid: 'Bid', ask: 'Ask', mid: 'Mid' } as const;

function edit(change: Partial<DownloadDraft>): void {
  downloadDraft.setState(change);
}

function ProviderFacts({ provider }: { readonly provider: ProviderDto }) {
  const missing = provider.keys.filter((k) => !k.stored);
  return (
    <div className="ft-card ft-small">
      <p className="ft-flat">{provider.about}</p>
      <p className="ft-dim ft-flat">Tried: {provider.tested}</p>
      {provider.keys.length === 0 && <p className="ft-dim ft-flat">It needs no account.</p>}
      {missing.length > 0 && (
        <Group gap={8} mt={6} wrap="nowrap">
          <IconKey size={15} className="ft-warn" aria-hidden />
          <span className="ft-warn ft-grow">Not stored yet: {missing.map((k) => k.label).join(', ')}</span>
          <Button size="compact-xs" flex="none" onClick={() => openSettings('providers')}>
            Enter keys
          </Button>
        </Group>
      )}
    </div>
  );
}

function ProviderSelect({
  providers,
  provider,
}: {
  readonly providers: readonly ProviderDto[];
  readonly provider: ProviderDto;
}) {
  return (
    <Select
      label="Provider"
      data-testid="fetch-provider"
      data={providers.map((p) => ({ value: p.id, label: p.ready ? p.name : `${p.name} (needs keys)` }))}
      value={provider.id}
      onChange={(id) => {
        const next = providers.find((p) => p.id === id);
        if (next) edit(fitTo(downloadDraft.getState(), next));
      }}
    />
  );
}

function Fields({ draft, provider }: { readonly draft: DownloadDraft; readonly provider: ProviderDto }) {
  return (
    <>
      <TagsInput
        size="xs"
        label="Symbols"
        description="Several, with Enter or comma between them"
        placeholder={draft.symbols.length === 0 ? 'EURUSD' : ''}
        value={[...draft.symbols]}
        splitChars={[',', ';', ' ']}
        acceptValueOnBlur
        clearable
        data-testid="fetch-symbols"
        onChange={(v) => edit({ symbols: symbolsOf(v) })}
      />
      <div className="ft-form-grid">
        <Select
          label="Timeframe"
          data={[...provider.timeframes]}
          value={draft.timeframe}
          onChange={(v) => v && edit({ timeframe: v as DownloadDraft['timeframe'] })}
        />
        <Select
          label="Price side"
          data={provider.priceSides.map((s) => ({ value: s, label: SIDES[s] }))}
          value={draft.priceSide}
          onChange={(v) => v && edit({ priceSide: v as DownloadDraft['priceSide'] })}
        />
        <TextInput
          label="First day (UTC)"
          placeholder="2020-01-01"
          value={draft.from}
          onChange={(e) => edit({ from: e.currentTarget.value })}
        />
        <TextInput
          label="Last day (UTC)"
          placeholder="YYYY-MM-DD"
          description={draft.to === '' ? 'Empty: until now' : undefined}
          inputWrapperOrder={['label', 'input', 'description']}
          value={draft.to}
          onChange={(e) => edit({ to: e.currentTarget.value })}
        />
      </div>
    </>
  );
}

function Form({ providers }: { readonly providers: readonly ProviderDto[] }) {
  const draft = useDownloadDraft();
  const provider = providers.find((p) => p.id === draft.providerId) ?? providers[0];
  const [error, setError] = useState<unknown>();
  const [starting, setStarting] = useState(false);
  useEffect(() => {
    // The form must not offer what the provider does not have.
    if (provider) edit(fitTo(downloadDraft.getState(), provider));
  }, [provider]);
  if (!provider) return <p className="ft-dim">This build has no providers.</p>;
  const blockers = downloadBlockers(draft, provider, Date.now());
  const start = async () => {
    setStarting(true);
    setError(undefined);
    try {
      await rpc.data.fetch.start({ providerId: provider.id, tasks: tasksOf(draft) });
    } catch (failure) {
      setError(failure);
    }
    setStarting(false);
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void start();
      }}
    >
      <Stack gap="sm">
        <ProviderSelect providers={providers} provider={provider} />
        <ProviderFacts provider={provider} />
        <Fields draft={draft} provider={provider} />
        {error !== undefined && <ErrorLine error={error} />}
        {blockers[0] && <span className="ft-dim ft-small">{blockers[0]}</span>}
        <Button
          type="submit"
          variant="filled"
          fullWidth
          data-testid="fetch-start"
          disabled={blockers.length > 0 || starting}
        >
          {starting ? 'Starting…' : 'Download what is missing'}
        </Button>
      </Stack>
    </form>
  );
}

/** Histories over the network: what to ask of whom, and how far it is. */
export function DownloadPanel() {
  const { data, error, reload } = useQuery('data.fetch.providers', () => rpc.data.fetch.providers(), []);
  if (!data)
    return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState label="Asking the engine" />;
  return (
    <Stack gap="md">
      <Form providers={data} />
      <FetchRuns providers={data} />
    </Stack>
  );
}
