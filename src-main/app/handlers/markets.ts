import { BUILT_IN_CALENDARS, type CustomCalendar } from '../../../src-shared/contract/markets.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { calendarOf, type MarketCalendar } from '../../../src-shared/market/calendars.ts';
import type { UserMarkets } from '../../../src-shared/market/customCalendar.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { readMarkets, saveMarkets } from '../../ops/markets.ts';
import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';

const DAY_MS = 86_400_000;
/** A calendar with a session every week closes within this; longer stretches are joined sessions. */
const LOOK_AHEAD_MS = 40 * DAY_MS;
/** Longest stretch whose sessions are listed. */
const MOST_DAYS = 12_000;

/** Two changes at once follow each other: each reads what the one before wrote. */
class MarketsFile {
  readonly #home: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(home: string) {
    this.#home = home;
  }

  change(of: (markets: UserMarkets) => UserMarkets): Promise<void> {
    const done = this.#last.then(() => saveMarkets(this.#home, of(readMarkets(this.#home))));
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function saved(markets: UserMarkets, calendar: CustomCalendar): UserMarkets {
  const others = markets.custom.filter((c) => c.name !== calendar.name);
  return { ...markets, custom: [...others, calendar].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function removed(markets: UserMarkets, name: string): UserMarkets {
  if (!markets.custom.some((c) => c.name === name))
    throw new FrontierError(
      'NOT_FOUND',
      `There is no own calendar "${name}".`,
      'The built-in ones cannot be removed.',
    );
  const users = markets.assigned.filter((a) => a.calendar === name).map((a) => a.symbol);
  if (users.length > 0)
    throw new FrontierError(
      'REFUSED',
      `The calendar "${name}" is used by ${users.slice(0, 10).join(', ')}${users.length > 10 ? ' and others' : ''}.`,
      'Assign another calendar to them first.',
    );
  return { ...markets, custom: markets.custom.filter((c) => c.name !== name) };
}

function assignedTo(markets: UserMarkets, symbol: string, calendar: string | null): UserMarkets {
  const others = markets.assigned.filter((a) => a.symbol !== symbol);
  const assigned = calendar === null ? others : [...others, { symbol, calendar }];
  return { ...markets, assigned: assigned.sort((a, b) => (a.symbol < b.symbol ? -1 : 1)) };
}

/** The end of the stretch of trading that begins at an instant; null where none is found. */
function closeAfter(calendar: MarketCalendar, fromMs: number): number | null {
  let endMs = fromMs;
  for (const s of calendar.sessions(fromMs, fromMs + LOOK_AHEAD_MS)) {
    if (s.openMs > endMs) return endMs;
    endMs = Math.max(endMs, s.closeMs);
  }
  return endMs >= fromMs + LOOK_AHEAD_MS ? null : endMs;
}

/** Whether the market of a symbol is open at an instant, and when that changes. */
export function marketState(symbol: string, timeMs: number) {
  const calendar = calendarOf(instrumentFor(symbol));
  const nextOpenMs = calendar.nextOpen(timeMs);
  return {
    calendar: calendar.name,
    open: nextOpenMs === timeMs,
    nextOpenMs,
    closesMs: closeAfter(calendar, nextOpenMs),
  };
}

function sessionsOf(symbol: string, fromMs: number, toMs: number) {
  if (!(toMs >= fromMs && toMs - fromMs <= MOST_DAYS * DAY_MS))
    throw new FrontierError(
      'BAD_INPUT',
      'That stretch of time cannot be listed.',
      `Ask for at most ${MOST_DAYS} days, the earlier end first.`,
    );
  const sessions = calendarOf(instrumentFor(symbol)).sessions(fromMs, toMs);
  return sessions.map(({ openMs, closeMs, dayMs }) => ({ openMs, closeMs, dayMs }));
}

export function marketsHandlers(os: Implementer, context: EngineContext) {
  const file = new MarketsFile(context.home);
  const change = async (of: (markets: UserMarkets) => UserMarkets): Promise<void> => {
    await file.change(of);
    context.hub.notify('markets');
  };
  return {
    calendars: {
      list: os.markets.calendars.list.handler(() => {
        const { custom, assigned } = readMarkets(context.home);
        return { builtIn: [...BUILT_IN_CALENDARS], custom: [...custom], assigned: [...assigned] };
      }),
      save: os.markets.calendars.save.handler(({ input }) => change((m) => saved(m, input))),
      remove: os.markets.calendars.remove.handler(({ input }) => change((m) => removed(m, input.name))),
      assign: os.markets.calendars.assign.handler(({ input }) =>
        change((m) => assignedTo(m, instrumentFor(input.symbol).symbol, input.calendar)),
      ),
    },
    state: os.markets.state.handler(({ input }) =>
      marketState(input.symbol, input.timeMs ?? context.clock.nowMs()),
    ),
    sessions: os.markets.sessions.handler(({ input }) => sessionsOf(input.symbol, input.fromMs, input.toMs)),
  };
}
