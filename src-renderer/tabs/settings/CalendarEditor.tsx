import { ActionIcon, Button, Group, NativeSelect, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { type CustomCalendar, WEEKDAYS } from '../../../src-shared/contract/markets.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import {
  type CalendarDraft,
  DAY_NAMES,
  draftOf,
  newDraft,
  readDraft,
  type Session,
  type Weekday,
  weekParts,
} from './calendarDraft.ts';

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')];
const DAYS = WEEKDAYS.map((value) => ({ value, label: DAY_NAMES[value] }));
/** Weeks are drawn from Monday; Sunday's opening of FX stands at the end. */
const WEEK_ORDER: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Trading hours as bars, one row for each day. */
function Week({ sessions }: { readonly sessions: readonly Session[] }) {
  const parts = useMemo(() => weekParts(sessions), [sessions]);
  return (
    <div className="ft-week" role="img" aria-label="Trading hours of the week" data-testid="calendar-week">
      {WEEK_ORDER.map((day) => (
        <div key={day} style={{ display: 'contents' }}>
          <span className="ft-dim">{DAY_NAMES[day].slice(0, 3)}</span>
          <span className="ft-week-day">
            {parts[WEEKDAYS.indexOf(day)]?.map((p) => (
              <span
                key={p.fromMin}
                className="ft-week-open"
                style={{ left: `${p.fromMin / 14.4}%`, width: `${(p.toMin - p.fromMin) / 14.4}%` }}
              />
            ))}
          </span>
        </div>
      ))}
      <span />
      <span className="ft-week-hours ft-num">
        {['00', '06', '12', '18', '24'].map((h) => (
          <span key={h}>{h}</span>
        ))}
      </span>
    </div>
  );
}

interface SessionRowProps {
  readonly session: Session;
  readonly index: number;
  readonly onChange: (session: Session) => void;
  readonly onRemove: () => void;
}

function SessionRow({ session, index, onChange, onRemove }: SessionRowProps) {
  const name = `session ${index + 1}`;
  return (
    <div className="ft-session">
      <NativeSelect
        size="xs"
        aria-label={`Day on which ${name} opens`}
        data={DAYS}
        value={session.from}
        onChange={(e) => {
          const from = e.currentTarget.value as Weekday;
          // Most sessions open and close on one day: those move as a whole.
          onChange({ ...session, from, to: session.to === session.from ? from : session.to });
        }}
      />
      <TextInput
        aria-label={`Time at which ${name} opens`}
        placeholder="09:00"
        value={session.open}
        onChange={(e) => onChange({ ...session, open: e.currentTarget.value })}
      />
      <span className="ft-dim">to</span>
      <NativeSelect
        size="xs"
        aria-label={`Day on which ${name} closes`}
        data={DAYS}
        value={session.to}
        onChange={(e) => onChange({ ...session, to: e.currentTarget.value as Weekday })}
      />
      <TextInput
        aria-label={`Time at which ${name} closes`}
        placeholder="17:30"
        value={session.close}
        onChange={(e) => onChange({ ...session, close: e.currentTarget.value })}
      />
      <ActionIcon aria-label={`Remove ${name}`} onClick={onRemove}>
        <IconX size={14} aria-hidden />
      </ActionIcon>
    </div>
  );
}

interface PartProps {
  readonly draft: CalendarDraft;
  readonly errors: Readonly<Partial<Record<keyof CalendarDraft, string>>>;
  readonly change: (change: Partial<CalendarDraft>) => void;
}

function Sessions({ draft, errors, change }: PartProps) {
  const { sessions } = draft;
  const add = () => {
    const last = sessions.at(-1);
    const next = last ? WEEKDAYS[(WEEKDAYS.indexOf(last.from) + 1) % 7]! : 'mon';
    const times = { open: last?.open ?? '09:00', close: last?.close ?? '17:30' };
    change({ sessions: [...sessions, { from: next, to: next, ...times }] });
  };
  return (
    <fieldset className="ft-fieldset">
      <legend className="ft-choice-label">Sessions, in the calendar’s own zone</legend>
      <div className="ft-sessions">
        {sessions.map((session, i) => (
          <SessionRow
            // biome-ignore lint/suspicious/noArrayIndexKey: sessions are known by their place while they are edited
            key={i}
            session={session}
            index={i}
            onChange={(s) => change({ sessions: sessions.map((was, j) => (j === i ? s : was)) })}
            onRemove={() => change({ sessions: sessions.filter((_, j) => j !== i) })}
          />
        ))}
        {errors.sessions && <span className="ft-bad ft-small">{errors.sessions}</span>}
        <Group>
          <Button size="compact-xs" leftSection={<IconPlus size={13} aria-hidden />} onClick={add}>
            Add a session
          </Button>
        </Group>
      </div>
    </fieldset>
  );
}

function Days({ draft, errors, change }: PartProps) {
  return (
    <div className="ft-settings-pair">
      <Textarea
        size="xs"
        label="Holidays"
        description="One date per line: no session opens on it"
        placeholder="2026-12-25"
        autosize
        minRows={3}
        maxRows={9}
        value={draft.holidays}
        error={errors.holidays}
        onChange={(e) => change({ holidays: e.currentTarget.value })}
      />
      <Textarea
        size="xs"
        label="Early closes"
        description="One date and time per line"
        placeholder="2026-12-24 13:00"
        autosize
        minRows={3}
        maxRows={9}
        value={draft.earlyCloses}
        error={errors.earlyCloses}
        onChange={(e) => change({ earlyCloses: e.currentTarget.value })}
      />
    </div>
  );
}

interface EditorProps {
  /** The calendar to change; absent for a new one. */
  readonly calendar: CustomCalendar | undefined;
  readonly onSaved: (name: string) => void;
  readonly onCancel: () => void;
}

/** Makes or changes a trading calendar of the user. */
export function CalendarEditor({ calendar, onSaved, onCancel }: EditorProps) {
  const [draft, setDraft] = useState<CalendarDraft>(() => (calendar ? draftOf(calendar) : newDraft()));
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<unknown>();
  const read = readDraft(draft);
  // What has not been filled in yet is no mistake before the first try.
  const errors = tried && 'errors' in read ? read.errors : {};
  const part = { draft, errors, change: (c: Partial<CalendarDraft>) => setDraft({ ...draft, ...c }) };
  const save = async () => {
    setTried(true);
    if (!('calendar' in read)) return;
    try {
      await rpc.markets.calendars.save(read.calendar);
      invalidate('markets.');
      onSaved(read.calendar.name);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <form
      data-testid="calendar-editor"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <Stack gap="md">
        <div className="ft-settings-pair">
          <TextInput
            label="Name"
            placeholder="xetra"
            value={draft.name}
            error={errors.name}
            disabled={calendar !== undefined}
            onChange={(e) => part.change({ name: e.currentTarget.value.toLowerCase() })}
          />
          <Select
            label="Time zone"
            searchable
            data={ZONES}
            value={draft.zone}
            error={errors.zone}
            onChange={(v) => v && part.change({ zone: v })}
          />
        </div>
        <Week sessions={draft.sessions} />
        <Sessions {...part} />
        <Days {...part} />
        {error !== undefined && <ErrorLine error={error} />}
        <Group justify="flex-end">
          <Button onClick={onCancel}>Cancel</Button>
          <Button type="submit" variant="filled" data-testid="calendar-save">
            {calendar ? 'Save the calendar' : 'Add the calendar'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
