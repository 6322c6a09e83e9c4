import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Impact, NewsEvent } from '../../../src-shared/contract/news.ts';
import { usePreferences } from '../../state/preferences.ts';
import { formatDate, formatTime, formatUtc, UNKNOWN, zoneLabel } from '../../ui/format.ts';
import { type AgendaRow, agendaRows, IMPACT_LABEL, type Range, surprise } from './agenda.ts';

const ROW_HEIGHT = 27;
/** Column widths in pixels; the title takes what is left. */
const WIDTHS = [92, 50, 62, undefined, 90, 82, 82];
const COLUMNS = WIDTHS.length;
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Impact by number of filled bars, so that it is read without colour. */
export function ImpactMark({ impact }: { readonly impact: Impact }) {
  const filled = { low: 1, medium: 2, high: 3, holiday: 0 }[impact];
  return (
    <span className="ft-impact" data-impact={impact} title={`${IMPACT_LABEL[impact]} impact`}>
      {impact === 'holiday' ? (
        <span className="ft-impact-day" aria-hidden />
      ) : (
        [1, 2, 3].map((i) => <span key={i} data-on={i <= filled} aria-hidden />)
      )}
      <span className="ft-sr">{IMPACT_LABEL[impact]}</span>
    </span>
  );
}

const SURPRISE = { above: 'above the forecast', below: 'below the forecast' } as const;

function Actual({ event }: { readonly event: NewsEvent }) {
  const side = surprise(event);
  return (
    <span className="ft-agenda-figure" title={side && `Came out ${SURPRISE[side]}`}>
      {side && <span aria-hidden>{side === 'above' ? '▲' : '▼'} </span>}
      {event.actual ?? UNKNOWN}
      {side && <span className="ft-sr"> {SURPRISE[side]}</span>}
    </span>
  );
}

function EventCells({ event, zone }: { readonly event: NewsEvent; readonly zone: 'utc' | 'local' }) {
  return (
    <>
      <td className="ft-num" title={formatUtc(event.timeMs)}>
        {event.allDay ? 'all day' : formatTime(event.timeMs, { date: false, bare: true, zone })}
      </td>
      <td>
        <strong>{event.currency}</strong>
      </td>
      <td>
        <ImpactMark impact={event.impact} />
      </td>
      <td className="ft-agenda-title" title={`${event.title} (${event.source})`}>
        {event.title}
      </td>
      <td className="ft-right ft-num">
        <Actual event={event} />
      </td>
      <td className="ft-right ft-num">{event.forecast ?? UNKNOWN}</td>
      <td className="ft-right ft-num ft-dim">{event.previous ?? UNKNOWN}</td>
    </>
  );
}

function DayCell({ dayMs, count }: { readonly dayMs: number; readonly count: number }) {
  const zone = usePreferences((p) => p.zone);
  const date = formatDate(dayMs, zone);
  return (
    <td colSpan={COLUMNS} className="ft-agenda-day">
      {WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()]} {date}
      <span className="ft-dim">
        {' '}
        {count} {count === 1 ? 'event' : 'events'}
      </span>
    </td>
  );
}

function moved(key: string, at: number, rows: readonly AgendaRow[]): number | undefined {
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12 }[key];
  const start =
    key === 'Home' ? 0 : key === 'End' ? rows.length - 1 : step === undefined ? undefined : at + step;
  if (start === undefined) return undefined;
  const way = key === 'ArrowUp' || key === 'PageUp' || key === 'End' ? -1 : 1;
  let i = Math.min(rows.length - 1, Math.max(0, start));
  while (i >= 0 && i < rows.length && rows[i]!.kind !== 'event') i += way;
  return rows[i]?.kind === 'event' ? i : undefined;
}

interface AgendaProps {
  readonly events: readonly NewsEvent[];
  readonly range: Range;
  readonly nowMs: number;
}

/** Events under their days, the present marked; only the rows in view exist. */
export function Agenda({ events, range, nowMs }: AgendaProps) {
  const zone = usePreferences((p) => p.zone);
  const scroller = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<string>();
  const minute = Math.floor(nowMs / 60_000);
  const rows = useMemo(() => agendaRows(events, range, minute * 60_000, zone), [events, range, minute, zone]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 16,
    getItemKey: (i) => rows[i]!.key,
  });
  const nowAt = rows.findIndex((r) => r.kind === 'now');
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per stretch, not each minute
  useEffect(() => {
    if (nowAt > 4) virtual.scrollToIndex(nowAt - 3, { align: 'start' });
  }, [range.fromMs, range.toMs, rows.length > 0]);
  const at = rows.findIndex((r) => r.key === chosen);
  const onKeyDown = (e: KeyboardEvent) => {
    const to = moved(e.key, at, rows);
    if (to === undefined) return;
    e.preventDefault();
    setChosen(rows[to]!.key);
    virtual.scrollToIndex(to);
  };
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} className="ft-agenda">
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are chosen with pointer and arrow keys
        role="grid"
        aria-label="Economic calendar"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={at >= 0 ? `agenda-${at}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        data-testid="agenda"
      >
        <colgroup>
          {WIDTHS.map((width, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns never change their order
            <col key={i} style={width === undefined ? {} : { width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Time ({zoneLabel(range.fromMs, zone)})</th>
            <th scope="col">Cur.</th>
            <th scope="col">Impact</th>
            <th scope="col">Event</th>
            <th scope="col" className="ft-right">
              Actual
            </th>
            <th scope="col" className="ft-right">
              Forecast
            </th>
            <th scope="col" className="ft-right">
              Previous
            </th>
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {items.map((item) => {
            const row = rows[item.index]!;
            return (
              <tr
                key={row.key}
                id={`agenda-${item.index}`}
                aria-rowindex={item.index + 2}
                aria-selected={row.kind === 'event' ? row.key === chosen : undefined}
                data-kind={row.kind}
                data-past={row.kind === 'event' && row.event.timeMs < nowMs}
                data-testid={row.kind === 'event' ? 'event-row' : undefined}
                onClick={() => row.kind === 'event' && setChosen(row.key)}
              >
                {row.kind === 'event' && <EventCells event={row.event} zone={zone} />}
                {row.kind === 'day' && <DayCell dayMs={row.dayMs} count={row.count} />}
                {row.kind === 'now' && (
                  <td colSpan={COLUMNS}>
                    <span className="ft-agenda-now">now, {formatTime(nowMs, { zone, date: false })}</span>
                  </td>
                )}
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}
