import { FrontierError } from '../../../src-shared/errors.ts';
import type { CommonOptions } from '../options.ts';
import { day, table } from '../output.ts';
import { withEngine } from './common.ts';

export interface CalendarOptions extends CommonOptions {
  readonly at?: string | undefined;
}

const SHOWN_MS = 7 * 86_400_000;
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** An instant as the user writes it; without a zone it is UTC. @throws FrontierError BAD_INPUT */
export function instantOf(text: string): number {
  const zoned = /(Z|[+-]\d{2}:\d{2})$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`;
  const timeMs = ISO.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isFinite(timeMs)) return timeMs;
  throw new FrontierError(
    'BAD_INPUT',
    `"${text}" is not an instant.`,
    'Write it as 2026-11-20T14:30Z or 2026-11-20T14:30+01:00; without a zone it is UTC.',
  );
}

const weekdayOf = (timeMs: number): string => new Date(timeMs).toUTCString().slice(0, 3);
const at = (timeMs: number): string => `${weekdayOf(timeMs)} ${day(timeMs)}`;

/** Whether a market is open, when that changes, and its next sessions. */
export async function calendarCommand(symbol: string, options: CalendarOptions): Promise<void> {
  const timeMs = options.at === undefined ? undefined : instantOf(options.at);
  await withEngine(
    options,
    async ({ client }) => {
      const state = await client.markets.state({ symbol, timeMs });
      const fromMs = timeMs ?? Math.floor(Date.now());
      const sessions = await client.markets.sessions({ symbol, fromMs, toMs: state.nextOpenMs + SHOWN_MS });
      return { symbol: symbol.toUpperCase(), timeMs: fromMs, ...state, sessions };
    },
    (r) =>
      [
        `${r.symbol} (${r.calendar}): ${r.open ? 'open' : 'closed'} at ${at(r.timeMs)} UTC`,
        r.open ? '' : `opens ${at(r.nextOpenMs)} UTC`,
        r.closesMs === null ? 'never closes' : `closes ${at(r.closesMs)} UTC`,
        r.closesMs === null ? '' : `\n${table(r.sessions.map((s) => [at(s.openMs), at(s.closeMs)]))}`,
      ]
        .filter((line) => line !== '')
        .join('\n'),
  );
}
