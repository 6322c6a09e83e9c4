import { ActionIcon, Button, FileButton, PasswordInput, Progress, Select } from '@mantine/core';
import { IconFileImport, IconKey, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { NewsProviderDto } from '../../../src-shared/contract/news.ts';
import { useConfirm } from '../../ui/confirm.tsx';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc, useQuery } from '../../ui/rpc.ts';
import { ErrorLine, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { zoneOptions } from '../../ui/zones.ts';
import type { Range } from './agenda.ts';
import { fetchNews, importNews, stopNews, useNewsFile, useNewsTask } from './newsTask.ts';

/** What is stored, and from where. */
export function useNewsSources() {
  return useQuery('news.sources', () => rpc.news.sources(), []);
}

function TaskState() {
  const task = useNewsTask();
  if (task.phase === 'idle') return null;
  if (task.phase === 'failed') return <ErrorLine error={task.error} />;
  if (task.phase === 'busy') {
    return (
      <div className="ft-news-task" role="status">
        <span className="ft-ellipsis">{task.what}…</span>
        <Progress
          value={task.fraction === undefined ? 100 : task.fraction * 100}
          animated
          aria-label={`Bringing ${task.what}`}
        />
        <Button size="compact-xs" onClick={stopNews}>
          Stop
        </Button>
      </div>
    );
  }
  const { events, headlines, known, format, firstMs, lastMs, notes } = task.result;
  const parts = [
    ...(events > 0 ? [`${formatNumber(events, 0)} events`] : []),
    ...(headlines > 0 ? [`${formatNumber(headlines, 0)} headlines`] : []),
    ...(known > 0 ? [`${formatNumber(known, 0)} known already`] : []),
  ];
  return (
    <div className="ft-card" role="status" data-testid="news-result">
      <strong>{task.what}</strong>: {parts.length === 0 ? 'nothing new' : parts.join(', ')}
      {firstMs !== null && lastMs !== null && (
        <>
          {' '}
          <span className="ft-dim ft-nowrap">
            {formatDate(firstMs)} to {formatDate(lastMs)}
          </span>
        </>
      )}
      <div className="ft-dim ft-small">{format}</div>
      {notes.length > 0 && (
        <ul className="ft-notes">
          {notes.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

const ZONES = zoneOptions({ value: '', label: 'As stated, else UTC' });

function ImportPart() {
  const [zone, setZone] = useState('');
  const busy = useNewsTask().phase === 'busy';
  const refused = useNewsFile();
  return (
    <div className="ft-news-import">
      <Select
        label="Time zone of the file"
        searchable
        data={ZONES}
        value={zone}
        maxDropdownHeight={260}
        onChange={(v) => setZone(v ?? '')}
      />
      <FileButton
        accept=".csv,.txt,.tsv,.ics,.ical"
        inputProps={{ 'data-testid': 'news-file', 'aria-label': 'Calendar file' } as object}
        onChange={(file) => file && void importNews(file, zone)}
      >
        {(props) => (
          <Button {...props} disabled={busy} leftSection={<IconFileImport size={15} aria-hidden />}>
            Import CSV or ICS
          </Button>
        )}
      </FileButton>
      {refused && !busy && (
        <Button variant="subtle" onClick={() => void importNews(refused, zone)}>
          Try {refused.name} again
        </Button>
      )}
    </div>
  );
}

function KeyInput({ provider }: { readonly provider: NewsProviderDto }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>();
  const missing = provider.keys.filter((k) => !k.stored);
  const save = async () => {
    try {
      for (const { secret } of missing) {
        const value = values[secret]?.trim();
        if (value) await rpc.data.fetch.setKey({ secret, value });
      }
      setValues({});
      setError(undefined);
      invalidate('news.providers');
      invalidate('data.fetch');
    } catch (e) {
      setError(e);
    }
  };
  return (
    <form
      className="ft-news-keys"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      {missing.map((k) => (
        <PasswordInput
          key={k.secret}
          label={k.label}
          autoComplete="off"
          value={values[k.secret] ?? ''}
          onChange={(e) => setValues({ ...values, [k.secret]: e.currentTarget.value })}
        />
      ))}
      <Button type="submit" leftSection={<IconKey size={14} aria-hidden />}>
        Keep the {missing.length === 1 ? 'key' : 'keys'}
      </Button>
      {error !== undefined && <ErrorLine error={error} />}
    </form>
  );
}

function Providers({ gives, range }: { readonly gives: 'events' | 'headlines'; readonly range: Range }) {
  const { data, error, reload } = useQuery('news.providers', () => rpc.news.providers(), []);
  const fitting = (data ?? []).filter((p) => p.gives.includes(gives));
  const [id, setId] = useState<string>();
  const provider = fitting.find((p) => p.id === id) ?? fitting[0];
  const busy = useNewsTask().phase === 'busy';
  if (error !== undefined) return <ErrorLine error={error} onRetry={reload} />;
  if (!provider) return null;
  return (
    <div className="ft-news-provider">
      <Select
        label="Provider"
        data={fitting.map((p) => ({ value: p.id, label: p.name }))}
        value={provider.id}
        allowDeselect={false}
        onChange={(v) => v !== null && setId(v)}
      />
      <p className="ft-small ft-dim">{provider.about}</p>
      {provider.ready ? (
        <Button
          disabled={busy}
          onClick={() => void fetchNews(provider.id, provider.name, range.fromMs, range.toMs)}
        >
          Fetch {formatDate(range.fromMs)} to {formatDate(range.toMs - 1)}
        </Button>
      ) : (
        <KeyInput key={provider.id} provider={provider} />
      )}
      <p className="ft-small ft-dim">Tested: {provider.tested}</p>
    </div>
  );
}

function Stored({ onShow }: { readonly onShow: (timeMs: number) => void }) {
  const { data, error, reload } = useNewsSources();
  const confirm = useConfirm();
  const [failed, setFailed] = useState<unknown>();
  if (error !== undefined && !data) return <ErrorLine error={error} onRetry={reload} />;
  if (!data) return <LoadingState label="Reading the sources" />;
  if (data.length === 0) return <p className="ft-dim ft-small">Nothing is stored yet.</p>;
  const remove = async (source: string, what: string) => {
    const yes = await confirm({
      title: `Forget ${source}?`,
      text: `${what} from ${source} are removed. Blackout windows that they made are gone with them; what was backtested keeps its result.`,
      confirmLabel: 'Forget them',
      danger: true,
    });
    if (!yes) return;
    try {
      await rpc.news.removeSource({ source });
      setFailed(undefined);
      invalidate('news.');
    } catch (e) {
      setFailed(e);
    }
  };
  return (
    <>
      {failed !== undefined && <ErrorLine error={failed} />}
      <ul className="ft-news-sources">
        {data.map((s) => {
          const what = [
            ...(s.events > 0 ? [`${formatNumber(s.events, 0)} events`] : []),
            ...(s.headlines > 0 ? [`${formatNumber(s.headlines, 0)} headlines`] : []),
          ].join(' and ');
          return (
            <li key={s.source}>
              <button
                type="button"
                className="ft-link ft-ellipsis"
                title={`Show the newest of ${s.source}`}
                onClick={() => onShow(s.lastMs)}
              >
                {s.source}
              </button>
              <span className="ft-small ft-dim">
                {what}, {formatDate(s.firstMs)} to {formatDate(s.lastMs)}; read{' '}
                <span className="ft-nowrap">
                  <Time ms={s.updatedMs} bare />
                </span>
              </span>
              <ActionIcon
                aria-label={`Forget ${s.source}`}
                title="Forget"
                onClick={() => void remove(s.source, what)}
              >
                <IconTrash size={14} stroke={1.6} aria-hidden />
              </ActionIcon>
            </li>
          );
        })}
      </ul>
    </>
  );
}

interface SourcesProps {
  readonly gives: 'events' | 'headlines';
  /** What a download asks for. */
  readonly range: Range;
  readonly onShow: (timeMs: number) => void;
}

/** Where events and headlines come from: files, providers, and what is stored. */
export function Sources({ gives, range, onShow }: SourcesProps) {
  return (
    <Panel title="Sources">
      <div className="ft-news-side">
        <TaskState />
        <ImportPart />
        <Providers gives={gives} range={range} />
        <h3 className="ft-news-sub">Stored</h3>
        <Stored onShow={onShow} />
      </div>
    </Panel>
  );
}
