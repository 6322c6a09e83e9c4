import { Button, Checkbox, TextInput } from '@mantine/core';
import { IconCopy, IconNews, IconSearch } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Headline } from '../../../src-shared/contract/news.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatDuration, formatNumber, formatSigned, UNKNOWN } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { useNow } from '../../ui/useNow.ts';
import { setNews, useNews } from './newsStore.ts';
import { Sources, useNewsSources } from './Sources.tsx';
import './news.css';

const DAY_MS = 86_400_000;
/** Everything that is stored: headlines from before this are of no use to anyone. */
const EARLIEST_MS = Date.UTC(1990, 0, 1);
/** A provider is asked for the last week; a longer stretch comes through the command line. */
const FETCH_DAYS = 7;

function columns(nowMs: number): readonly GridColumn<Headline>[] {
  return [
    {
      key: 'time',
      label: 'Time',
      width: 144,
      render: (h) => <Time ms={h.timeMs} bare />,
      sortBy: (h) => h.timeMs,
    },
    {
      key: 'age',
      label: 'Age',
      width: 86,
      align: 'end',
      render: (h) => (h.timeMs > nowMs ? UNKNOWN : formatDuration(nowMs - h.timeMs)),
    },
    {
      key: 'title',
      label: 'Headline',
      width: 420,
      render: (h) => h.title,
      title: (h) => h.title,
      sortBy: (h) => h.title,
    },
    {
      key: 'symbols',
      label: 'Symbols',
      width: 120,
      render: (h) => h.symbols.join(', ') || UNKNOWN,
      title: (h) => h.symbols.join(', '),
    },
    {
      key: 'sentiment',
      label: 'Sentiment',
      width: 84,
      align: 'end',
      help: 'As the source gives it, from −1 to +1; a dash where it gives none',
      render: (h) => formatSigned(h.sentiment, 2),
      sortBy: (h) => h.sentiment ?? undefined,
    },
    { key: 'source', label: 'Source', width: 130, render: (h) => h.source, sortBy: (h) => h.source },
  ];
}

function Detail({ headline }: { readonly headline: Headline }) {
  const { url } = headline;
  return (
    <article className="ft-headline" aria-label="Chosen headline">
      <h3>{headline.title}</h3>
      <p className="ft-small ft-dim">
        <Time ms={headline.timeMs} /> {headline.source}
        {headline.symbols.length > 0 && `: ${headline.symbols.join(', ')}`}
      </p>
      <p>{headline.summary === '' ? 'The source gives no summary.' : headline.summary}</p>
      {url !== null && (
        <p className="ft-headline-link">
          <span className="ft-mono ft-small">{url}</span>
          <Button
            size="compact-xs"
            leftSection={<IconCopy size={13} aria-hidden />}
            onClick={() => void navigator.clipboard.writeText(url)}
          >
            Copy the address
          </Button>
        </p>
      )}
    </article>
  );
}

function useHeadlines() {
  const search = useNews((n) => n.search);
  const symbolOnly = useNews((n) => n.symbolOnly);
  const symbol = useWorkspace((w) => w.symbol);
  const wanted = symbolOnly ? symbol : undefined;
  return useQuery(
    'news.headlines',
    () =>
      rpc.news.headlines({
        fromMs: EARLIEST_MS,
        toMs: Date.now() + DAY_MS,
        limit: 2000,
        ...(search.trim() === '' ? {} : { search: search.trim() }),
        ...(wanted === undefined ? {} : { symbol: wanted }),
      }),
    [search.trim(), wanted],
  );
}

function Tools({ count }: { readonly count: number | undefined }) {
  const search = useNews((n) => n.search);
  const symbolOnly = useNews((n) => n.symbolOnly);
  const symbol = useWorkspace((w) => w.symbol);
  return (
    <div className="ft-news-filters">
      <TextInput
        aria-label="Search headlines"
        placeholder="Search"
        leftSection={<IconSearch size={14} aria-hidden />}
        value={search}
        onChange={(e) => setNews({ search: e.currentTarget.value })}
      />
      {symbol !== undefined && (
        <Checkbox
          label={`Only ${symbol} and its currencies`}
          checked={symbolOnly}
          onChange={(e) => setNews({ symbolOnly: e.currentTarget.checked })}
        />
      )}
      {count !== undefined && (
        <span className="ft-small ft-dim">
          {formatNumber(count, 0)} {count === 1 ? 'headline' : 'headlines'}
        </span>
      )}
    </div>
  );
}

function Headlines() {
  const { data, error, loading, reload } = useHeadlines();
  const { data: sources } = useNewsSources();
  const headlineId = useNews((n) => n.headlineId);
  const nowMs = useNow(60_000);
  const chosen = data?.find((h) => h.id === headlineId);
  const shown = useMemo(() => columns(nowMs), [nowMs]);
  const stored = (sources ?? []).some((s) => s.headlines > 0);
  return (
    <Panel title="Headlines" flush>
      <div className="ft-news-main">
        <Tools count={data?.length} />
        {data && error !== undefined ? <ErrorLine error={error} onRetry={reload} /> : null}
        {data && data.length > 0 && (
          <div className="ft-headlines">
            <DataGrid
              rows={data}
              columns={shown}
              rowKey={(h) => h.id}
              label="Headlines"
              initialSort={{ key: 'time', descending: true }}
              selectedKey={headlineId}
              onSelect={(h) => setNews({ headlineId: h.id })}
              emptyText="No headline."
              testId="headlines"
              rowTestId="headline-row"
            />
          </div>
        )}
        {chosen && <Detail headline={chosen} />}
        {data && data.length === 0 && (
          <EmptyState
            icon={<IconNews size={30} stroke={1.3} aria-hidden />}
            title={stored ? 'No headline fits' : 'No headline is stored yet'}
            text={
              stored
                ? 'Search for other words, or show all symbols.'
                : 'Fetch headlines from a provider at the right, or import a CSV file of them.'
            }
            action={
              stored && <Button onClick={() => setNews({ search: '', symbolOnly: false })}>Show all</Button>
            }
          />
        )}
        {!data && loading && <LoadingState label="Reading the headlines" />}
        {!data && error !== undefined ? <ErrorState error={error} onRetry={reload} /> : null}
      </div>
    </Panel>
  );
}

/** The News tab: headlines as their sources gave them. */
export function NewsTab() {
  const nowMs = useNow(600_000);
  const range = { fromMs: nowMs - FETCH_DAYS * DAY_MS, toMs: nowMs };
  return (
    <Split
      id="news"
      direction="horizontal"
      parts={[
        { id: 'headlines', size: 72, min: 480, content: <Headlines /> },
        {
          id: 'side',
          size: 28,
          min: 290,
          content: (
            <Sources
              gives="headlines"
              range={range}
              onShow={() => setNews({ search: '', symbolOnly: false })}
            />
          ),
        },
      ]}
    />
  );
}
