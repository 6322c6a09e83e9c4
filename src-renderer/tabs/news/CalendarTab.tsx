import { ActionIcon, Button, Chip, Group, SegmentedControl, TextInput } from '@mantine/core';
import { IconCalendarEvent, IconChevronLeft, IconChevronRight, IconSearch } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Impact, NewsEvent } from '../../../src-shared/contract/news.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { currenciesOf } from '../../../src-shared/trading/blackouts.ts';
import { usePreferences } from '../../state/preferences.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { formatDate, formatDuration, formatTime } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { useNow } from '../../ui/useNow.ts';
import { Agenda, ImpactMark } from './Agenda.tsx';
import {
  type AgendaSpan,
  IMPACT_LABEL,
  matches,
  movedAnchor,
  nextHighImpact,
  type Range,
  rangeAt,
} from './agenda.ts';
import { Blackouts } from './Blackouts.tsx';
import { setNews, useNews } from './newsStore.ts';
import { Sources, useNewsSources } from './Sources.tsx';
import './news.css';

const SPAN_LABELS = [
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
  { value: 'month', label: 'Month' },
];
const AHEAD_MS = 14 * 86_400_000;
/** What matters most stands first. */
const IMPACT_ORDER: readonly Impact[] = ['high', 'medium', 'low', 'holiday'];
/** The currencies that move most markets stand first. */
const MAJORS = ['USD', 'EUR', 'GBP', 'JPY', 'CHF', 'AUD', 'CAD', 'NZD', 'CNY'];

function byWeight(a: string, b: string): number {
  const [i, j] = [MAJORS.indexOf(a), MAJORS.indexOf(b)];
  if (i >= 0 && j >= 0) return i - j;
  return i >= 0 ? -1 : j >= 0 ? 1 : a < b ? -1 : 1;
}

/** How long until what may move the chosen market. */
function NextEvent({ symbol }: { readonly symbol: string }) {
  const nowMs = useNow(1000);
  const minute = Math.floor(nowMs / 60_000) * 60_000;
  const { data } = useQuery(
    'news.events.next',
    () => rpc.news.events({ fromMs: minute, toMs: minute + AHEAD_MS, impacts: ['high'], limit: 500 }),
    [Math.floor(minute / 600_000)],
  );
  const next = nextHighImpact(data ?? [], currenciesOf(instrumentFor(symbol)), nowMs);
  if (!next) return <span className="ft-dim ft-small">No high-impact event of {symbol} known ahead</span>;
  return (
    <span className="ft-news-next ft-num" data-testid="next-event">
      <ImpactMark impact={next.impact} />
      <strong>{next.currency}</strong>
      <span className="ft-ellipsis">{next.title}</span>
      <span className="ft-dim">in {formatDuration(next.timeMs - nowMs)}</span>
    </span>
  );
}

function RangeTools({ range }: { readonly range: Range }) {
  const span = useNews((n) => n.span);
  const anchorMs = useNews((n) => n.anchorMs);
  const zone = usePreferences((p) => p.zone);
  const move = (by: 1 | -1) => setNews({ anchorMs: movedAnchor(span, anchorMs ?? Date.now(), by, zone) });
  return (
    <>
      <SegmentedControl
        aria-label="Shown at once"
        data={SPAN_LABELS}
        value={span}
        onChange={(v) => setNews({ span: v as AgendaSpan })}
      />
      <ActionIcon aria-label={`Previous ${span}`} title={`Previous ${span}`} onClick={() => move(-1)}>
        <IconChevronLeft size={16} aria-hidden />
      </ActionIcon>
      <span className="ft-num ft-nowrap" data-testid="agenda-range">
        {formatDate(range.fromMs, zone)}
        {span !== 'day' && ` to ${formatDate(range.toMs - 1, zone)}`}
      </span>
      <ActionIcon aria-label={`Next ${span}`} title={`Next ${span}`} onClick={() => move(1)}>
        <IconChevronRight size={16} aria-hidden />
      </ActionIcon>
      <Button
        size="compact-xs"
        disabled={anchorMs === undefined}
        onClick={() => setNews({ anchorMs: undefined })}
      >
        Now
      </Button>
    </>
  );
}

function Filters({ events }: { readonly events: readonly NewsEvent[] }) {
  const currencies = useNews((n) => n.currencies);
  const impacts = useNews((n) => n.impacts);
  const text = useNews((n) => n.text);
  const known = useMemo(
    () => [...new Set([...events.map((e) => e.currency), ...currencies])].sort(byWeight),
    [events, currencies],
  );
  return (
    <div className="ft-news-filters">
      <TextInput
        aria-label="Search events"
        placeholder="Search"
        leftSection={<IconSearch size={14} aria-hidden />}
        value={text}
        onChange={(e) => setNews({ text: e.currentTarget.value })}
      />
      <Chip.Group multiple value={[...impacts]} onChange={(v) => setNews({ impacts: v as Impact[] })}>
        <Group gap={4}>
          {IMPACT_ORDER.map((i) => (
            <Chip key={i} value={i} size="xs">
              {IMPACT_LABEL[i]}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Chip.Group multiple value={[...currencies]} onChange={(v) => setNews({ currencies: v })}>
        <Group gap={4}>
          {known.map((c) => (
            <Chip key={c} value={c} size="xs">
              {c}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {(currencies.length > 0 || impacts.length > 0 || text !== '') && (
        <button
          type="button"
          className="ft-link ft-small"
          onClick={() => setNews({ currencies: [], impacts: [], text: '' })}
        >
          Show all
        </button>
      )}
    </div>
  );
}

function AgendaPanel({ range, symbol }: { readonly range: Range; readonly symbol: string | undefined }) {
  const nowMs = useNow(30_000);
  const { fromMs, toMs } = range;
  const { data, error, loading, reload } = useQuery(
    'news.events',
    () => rpc.news.events({ fromMs, toMs, limit: 20_000 }),
    [fromMs, toMs],
  );
  const { data: sources } = useNewsSources();
  const currencies = useNews((n) => n.currencies);
  const impacts = useNews((n) => n.impacts);
  const text = useNews((n) => n.text);
  const shown = useMemo(
    () => (data ?? []).filter((e) => matches(e, { currencies, impacts, text })),
    [data, currencies, impacts, text],
  );
  const newest = (sources ?? []).filter((s) => s.events > 0).sort((a, b) => b.lastMs - a.lastMs)[0];
  return (
    <Panel
      title={<RangeTools range={range} />}
      actions={symbol === undefined ? undefined : <NextEvent symbol={symbol} />}
      flush
    >
      <div className="ft-news-main">
        <Filters events={data ?? []} />
        {data && error !== undefined ? <ErrorLine error={error} onRetry={reload} /> : null}
        {shown.length > 0 && <Agenda events={shown} range={range} nowMs={nowMs} />}
        {data && data.length > 0 && shown.length === 0 && (
          <EmptyState
            title="Every event of this stretch is filtered out"
            text={`${data.length} events are stored for it.`}
            action={
              <Button onClick={() => setNews({ currencies: [], impacts: [], text: '' })}>Show all</Button>
            }
          />
        )}
        {data && data.length === 0 && (
          <EmptyState
            icon={<IconCalendarEvent size={30} stroke={1.3} aria-hidden />}
            title="No event is stored for this stretch"
            text={
              newest
                ? `The stored calendar reaches to ${formatTime(newest.lastMs)}.`
                : 'Import a calendar (CSV or ICS) at the right, or fetch one from a provider. Its high-impact events then show on charts and can keep strategies from opening positions.'
            }
            action={
              newest && <Button onClick={() => setNews({ anchorMs: newest.lastMs })}>Show its end</Button>
            }
          />
        )}
        {!data && loading && <LoadingState label="Reading the calendar" />}
        {!data && error !== undefined ? <ErrorState error={error} onRetry={reload} /> : null}
      </div>
    </Panel>
  );
}

/** The Calendar tab: scheduled releases, where they are from, and the windows in which strategies may stand aside. */
export function CalendarTab() {
  const span = useNews((n) => n.span);
  const anchorMs = useNews((n) => n.anchorMs);
  const zone = usePreferences((p) => p.zone);
  const symbol = useWorkspace((w) => w.symbol);
  const nowMs = useNow(60_000);
  const range = rangeAt(span, anchorMs ?? nowMs, zone);
  const show = (timeMs: number) => setNews({ anchorMs: timeMs });
  return (
    <Split
      id="calendar"
      direction="horizontal"
      parts={[
        { id: 'agenda', size: 72, min: 480, content: <AgendaPanel range={range} symbol={symbol} /> },
        {
          id: 'side',
          size: 28,
          min: 290,
          content:
            symbol === undefined ? (
              <Sources gives="events" range={range} onShow={show} />
            ) : (
              <Split
                id="calendar.side"
                direction="vertical"
                parts={[
                  {
                    id: 'sources',
                    size: 62,
                    min: 160,
                    content: <Sources gives="events" range={range} onShow={show} />,
                  },
                  {
                    id: 'blackouts',
                    size: 38,
                    min: 150,
                    content: <Blackouts symbol={symbol} range={range} />,
                  },
                ]}
              />
            ),
        },
      ]}
    />
  );
}
