import { Button, PasswordInput } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import { useState } from 'react';
import { useConfirm } from '../../ui/confirm.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc, useQuery } from '../../ui/rpc.ts';
import { ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';

/** What data and news providers have in common here. */
interface ProviderCard {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly tested: string;
  readonly ready: boolean;
  readonly keys: ReadonlyArray<{ readonly secret: string; readonly label: string; readonly stored: boolean }>;
}
type Key = ProviderCard['keys'][number];

function keysChanged(): void {
  invalidate('data.fetch.providers');
  invalidate('news.providers');
}

/** Takes a key and forgets it as soon as the engine has it. */
function KeyForm({ keyOf, onDone }: { readonly keyOf: Key; readonly onDone: () => void }) {
  const [value, setValue] = useState('');
  const [error, setError] = useState<unknown>();
  const [saving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    setError(undefined);
    try {
      await rpc.data.fetch.setKey({ secret: keyOf.secret, value: value.trim() });
      setValue('');
      keysChanged();
      onDone();
    } catch (failure) {
      setError(failure);
      setSaving(false);
    }
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <PasswordInput
        className="ft-grow"
        size="xs"
        aria-label={keyOf.label}
        autoComplete="off"
        data-autofocus
        autoFocus
        data-testid={`key-${keyOf.secret}`}
        value={value}
        visibilityToggleButtonProps={{ 'aria-label': 'Show what is typed' }}
        onChange={(e) => setValue(e.currentTarget.value)}
        onKeyDown={(e) => e.key === 'Escape' && onDone()}
      />
      <Button type="submit" variant="filled" disabled={value.trim() === '' || saving}>
        {saving ? 'Storing…' : 'Store'}
      </Button>
      <Button onClick={onDone}>Cancel</Button>
      {error !== undefined && <ErrorLine error={error} />}
    </form>
  );
}

function KeyLine({ keyOf, provider }: { readonly keyOf: Key; readonly provider: string }) {
  const [editing, setEditing] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = useConfirm();
  const remove = async () => {
    const yes = await confirm({
      title: `Remove ${keyOf.label}?`,
      text: `Nothing more can be downloaded from ${provider} until it is entered again. Stored histories stay.`,
      confirmLabel: 'Remove it',
      danger: true,
    });
    if (!yes) return;
    try {
      await rpc.data.fetch.removeKey({ secret: keyOf.secret });
      setError(undefined);
      keysChanged();
    } catch (failure) {
      setError(failure);
    }
  };
  const Icon = keyOf.stored ? IconCircleCheck : IconCircleDashed;
  return (
    <li className="ft-provider-key">
      <Icon size={15} className={keyOf.stored ? 'ft-ok' : 'ft-dim'} aria-hidden />
      <span className="ft-grow">
        {keyOf.label} <span className="ft-dim ft-small">{keyOf.stored ? 'stored' : 'not stored'}</span>
      </span>
      {!editing && (
        <Button
          size="compact-xs"
          aria-label={`${keyOf.stored ? 'Replace' : 'Enter'} ${keyOf.label} of ${provider}`}
          onClick={() => setEditing(true)}
        >
          {keyOf.stored ? 'Replace' : 'Enter'}
        </Button>
      )}
      {keyOf.stored && !editing && (
        <Button
          size="compact-xs"
          aria-label={`Remove ${keyOf.label} of ${provider}`}
          onClick={() => void remove()}
        >
          Remove
        </Button>
      )}
      {editing && <KeyForm keyOf={keyOf} onDone={() => setEditing(false)} />}
      {error !== undefined && <ErrorLine error={error} />}
    </li>
  );
}

function Card({ provider }: { readonly provider: ProviderCard }) {
  return (
    <section className="ft-card ft-provider" aria-label={provider.name} data-testid="provider-card">
      <h3>
        {provider.name}
        <span className={`ft-small ${provider.ready ? 'ft-ok' : 'ft-warn'}`}>
          {provider.ready ? 'ready' : 'needs keys'}
        </span>
      </h3>
      <p>{provider.about}</p>
      <p className="ft-dim ft-small">Tried: {provider.tested}</p>
      {provider.keys.length > 0 && (
        <ul className="ft-provider-keys">
          {provider.keys.map((key) => (
            <KeyLine key={key.secret} keyOf={key} provider={provider.name} />
          ))}
        </ul>
      )}
      {provider.keys.length === 0 && <p className="ft-dim ft-small">It needs no account and no key.</p>}
    </section>
  );
}

function Cards({
  title,
  providers,
}: {
  readonly title: string;
  readonly providers: readonly ProviderCard[];
}) {
  return (
    <>
      <h3 className="ft-settings-head">{title}</h3>
      <div className="ft-providers">
        {providers.map((p) => (
          <Card key={p.id} provider={p} />
        ))}
      </div>
    </>
  );
}

/** Keys of those who deliver history and news: entered, replaced, removed, and never shown. */
export function ProviderSettings() {
  const data = useQuery('data.fetch.providers', () => rpc.data.fetch.providers(), []);
  const news = useQuery('news.providers', () => rpc.news.providers(), []);
  const info = useQuery('system.info', () => rpc.system.info(), []);
  return (
    <Panel title="Data providers">
      <p className="ft-settings-intro">
        Keys go into the secret store and never come back out through this window.
        {info.data && ` ${info.data.secretStore}`}
      </p>
      {data.data && <Cards title="History" providers={data.data} />}
      {!data.data && data.loading && <LoadingState label="Asking the engine" />}
      {!data.data && data.error ? <ErrorState error={data.error} onRetry={data.reload} /> : null}
      {news.data && <Cards title="News and economic calendar" providers={news.data} />}
      {!news.data && news.error ? <ErrorLine error={news.error} onRetry={news.reload} /> : null}
    </Panel>
  );
}
