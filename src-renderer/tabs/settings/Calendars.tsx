import { ActionIcon, Autocomplete, Button, Group, Select } from '@mantine/core';
import { IconCalendarPlus, IconClock, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { symbolSchema } from '../../../src-shared/contract/common.ts';
import type { CustomCalendar } from '../../../src-shared/contract/markets.ts';
import { useDatasets } from '../../state/markets.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { useConfirm } from '../../ui/confirm.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc, useQuery } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { CalendarEditor } from './CalendarEditor.tsx';

const BUILT_IN: Readonly<Record<string, readonly [name: string, hours: string]>> = {
  fx: ['FX', 'Sunday 17:00 to Friday 17:00 New York, with holidays'],
  always: ['Always open', 'Every minute of the week: crypto'],
  nse: ['NSE', 'National Stock Exchange of India, 09:15 to 15:30'],
  nyse: ['NYSE', 'New York Stock Exchange, 09:30 to 16:00, with holidays and half days'],
};

function nameOf(calendar: string): string {
  return BUILT_IN[calendar]?.[0] ?? calendar;
}

function useCalendars() {
  return useQuery('markets.calendars', () => rpc.markets.calendars.list(), []);
}

/** Whether the market that the workspace looks at trades now, and when that changes. */
function MarketNow() {
  const symbol = useWorkspace((w) => w.symbol);
  const { data, error } = useQuery(
    'markets.state',
    () => (symbol ? rpc.markets.state({ symbol }) : Promise.resolve(undefined)),
    [symbol ?? ''],
  );
  if (error) return <ErrorLine error={error} />;
  if (!symbol || !data) return null;
  return (
    <div className="ft-card" data-testid="market-state">
      <Group gap={8} wrap="nowrap">
        <IconClock size={16} aria-hidden />
        <strong>{symbol}</strong>
        <span className={data.open ? 'ft-ok' : 'ft-dim'}>{data.open ? 'is open' : 'is closed'}</span>
        <span className="ft-dim ft-small">calendar: {nameOf(data.calendar)}</span>
      </Group>
      <dl className="ft-facts" style={{ marginTop: 6 }}>
        {!data.open && (
          <>
            <dt>Opens</dt>
            <dd>
              <Time ms={data.nextOpenMs} />
            </dd>
          </>
        )}
        <dt>{data.open ? 'Closes' : 'Closes after that'}</dt>
        <dd>{data.closesMs === null ? 'never' : <Time ms={data.closesMs} />}</dd>
      </dl>
    </div>
  );
}

interface ListProps {
  readonly custom: readonly CustomCalendar[];
  readonly builtIn: readonly string[];
  readonly chosen: string | undefined;
  readonly onChoose: (name: string | undefined) => void;
}

function CalendarList({ custom, builtIn, chosen, onChoose }: ListProps) {
  const confirm = useConfirm();
  const [error, setError] = useState<unknown>();
  const remove = async (name: string) => {
    const yes = await confirm({
      title: `Remove the calendar ${name}?`,
      text: 'Its sessions and holidays are deleted. A calendar that a symbol uses cannot be removed.',
      confirmLabel: `Remove ${name}`,
      danger: true,
    });
    if (!yes) return;
    try {
      await rpc.markets.calendars.remove({ name });
      setError(undefined);
      invalidate('markets.');
      if (chosen === name) onChoose(undefined);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <>
      <h3 className="ft-settings-head">Built in</h3>
      <ul className="ft-calendars">
        {builtIn.map((name) => (
          <li key={name} className="ft-calendar">
            <strong>{nameOf(name)}</strong>
            <span className="ft-dim ft-small">{BUILT_IN[name]?.[1]}</span>
          </li>
        ))}
      </ul>
      <h3 className="ft-settings-head">Your own</h3>
      {error !== undefined && <ErrorLine error={error} />}
      {custom.length === 0 && <p className="ft-dim ft-small">None yet.</p>}
      <ul className="ft-calendars">
        {custom.map((c) => (
          <li key={c.name} style={{ display: 'flex', alignItems: 'center' }}>
            <button
              type="button"
              className="ft-calendar"
              aria-current={c.name === chosen}
              onClick={() => onChoose(c.name)}
            >
              <strong>{c.name}</strong>
              <span className="ft-dim ft-small">
                {c.zone}, {c.sessions.length} sessions, {c.holidays.length} holidays
              </span>
            </button>
            <ActionIcon aria-label={`Remove the calendar ${c.name}`} onClick={() => void remove(c.name)}>
              <IconTrash size={14} aria-hidden />
            </ActionIcon>
          </li>
        ))}
      </ul>
    </>
  );
}

type Assigned = ReadonlyArray<{ readonly symbol: string; readonly calendar: string }>;

function Assignments({
  assigned,
  names,
}: {
  readonly assigned: Assigned;
  readonly names: readonly string[];
}) {
  const { data } = useDatasets();
  const [symbol, setSymbol] = useState('');
  const [calendar, setCalendar] = useState<string | null>(null);
  const [error, setError] = useState<unknown>();
  const check = symbolSchema.safeParse(symbol);
  const assign = async (name: string, to: string | null) => {
    try {
      await rpc.markets.calendars.assign({ symbol: name, calendar: to });
      setError(undefined);
      setSymbol('');
      invalidate('markets.');
      // What is expected of a history follows its calendar.
      invalidate('data.coverage');
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <>
      <h3 className="ft-settings-head">Symbols with a calendar of your choice</h3>
      {assigned.length === 0 && (
        <p className="ft-dim ft-small">None: every symbol follows the calendar of its kind.</p>
      )}
      <ul className="ft-assigned">
        {assigned.map((a) => (
          <li key={a.symbol}>
            <strong>{a.symbol}</strong>
            <span className="ft-grow ft-dim">{nameOf(a.calendar)}</span>
            <Button
              size="compact-xs"
              aria-label={`Give ${a.symbol} the calendar of its kind again`}
              onClick={() => void assign(a.symbol, null)}
            >
              Reset
            </Button>
          </li>
        ))}
      </ul>
      <form
        className="ft-assign"
        onSubmit={(e) => {
          e.preventDefault();
          if (check.success && calendar !== null) void assign(check.data, calendar);
        }}
      >
        <Autocomplete
          size="xs"
          label="Symbol"
          placeholder="EURUSD"
          data={[...new Set((data ?? []).map((d) => d.symbol))]}
          value={symbol}
          onChange={(v) => setSymbol(v.toUpperCase())}
        />
        <Select
          label="Calendar"
          placeholder="Choose…"
          data={names.map((n) => ({ value: n, label: nameOf(n) }))}
          value={calendar}
          onChange={setCalendar}
        />
        <Button type="submit" disabled={!check.success || calendar === null}>
          Assign
        </Button>
      </form>
      {error !== undefined && <ErrorLine error={error} />}
    </>
  );
}

function Editing({
  custom,
  editing,
  onEdit,
}: {
  readonly custom: readonly CustomCalendar[];
  readonly editing: string | undefined;
  readonly onEdit: (name: string | undefined) => void;
}) {
  const calendar = custom.find((c) => c.name === editing);
  if (editing === undefined || (editing !== '' && !calendar))
    return (
      <EmptyState
        icon={<IconCalendarPlus size={30} stroke={1.3} aria-hidden />}
        title="No calendar chosen"
        text="A calendar says when a market trades: which bars are expected, where days start, when orders can fill."
        action={
          <Button variant="filled" onClick={() => onEdit('')}>
            Add a calendar
          </Button>
        }
      />
    );
  return (
    <CalendarEditor key={editing} calendar={calendar} onSaved={onEdit} onCancel={() => onEdit(undefined)} />
  );
}

/** When markets trade: built-in calendars, the user's own, and which symbol follows which. */
export function CalendarSettings() {
  const { data, error, reload } = useCalendars();
  // The empty name is a calendar that is being made.
  const [editing, setEditing] = useState<string>();
  if (!data)
    return error ? <ErrorState error={error} onRetry={reload} /> : <LoadingState label="Asking the engine" />;
  const names = [...data.builtIn, ...data.custom.map((c) => c.name)];
  const left = (
    <Panel
      title="Trading calendars"
      actions={
        <Button leftSection={<IconCalendarPlus size={14} aria-hidden />} onClick={() => setEditing('')}>
          Add
        </Button>
      }
    >
      <MarketNow />
      <CalendarList builtIn={data.builtIn} custom={data.custom} chosen={editing} onChoose={setEditing} />
      <Assignments assigned={data.assigned} names={names} />
    </Panel>
  );
  const right = (
    <Panel title={editing === '' ? 'New calendar' : (editing ?? 'Calendar')}>
      <Editing custom={data.custom} editing={editing} onEdit={setEditing} />
    </Panel>
  );
  return (
    <Split
      id="settings-calendars"
      direction="horizontal"
      parts={[
        { id: 'list', content: left, size: 44, min: 360 },
        { id: 'editor', content: right, size: 56, min: 420 },
      ]}
    />
  );
}
