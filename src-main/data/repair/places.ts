import type { RepairAction } from '../../../src-shared/contract/repairs.ts';
import { type BarColumns, lowerBound } from '../../../src-shared/market/bars.ts';
import { calendarOf, type MarketCalendar } from '../../../src-shared/market/calendars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { findGaps, type GapKind, gapKind } from '../quality/gaps.ts';
import { findJumps, findStale } from '../quality/prices.ts';
import { closedStretches, isOneIssue } from '../quality/sessions.ts';
import { findSpikes, judgeSpike } from '../quality/spikes.ts';

/** A stored history with the mark of each bar. */
export interface MarkedHistory {
  readonly bars: BarColumns;
  /** One of `MARK` per bar. */
  readonly marks: Uint8Array;
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
}

/** Rows [from, to) of the history; none for missing bars, which lie before row `to`. */
export interface Place {
  readonly from: number;
  readonly to: number;
  /** The stretch, [fromMs, untilMs). */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** One issue of the report and every place that it speaks of. */
export interface IssuePlaces {
  /** As in the report. */
  readonly timeMs: number;
  readonly places: readonly Place[];
}

/** The action that any single bar can be given: the step's `kind` and its time. */
export const SINGLE_BAR = 'bar';

/** What can be done about each kind of issue; kinds that are not here concern the whole history. */
export const ACTIONS_BY_KIND: Readonly<Record<string, readonly RepairAction[]>> = {
  bad_tick_spike: ['clip', 'drop', 'refetch'],
  large_wick: ['clip', 'drop', 'refetch'],
  weekend_bar: ['drop', 'refetch'],
  outside_session: ['drop', 'refetch'],
  stale_run: ['drop', 'refetch'],
  price_jump: ['refetch'],
  missing_block: ['fill', 'refetch'],
  missing_holiday: ['fill', 'refetch'],
  missing_scattered: ['fill', 'refetch'],
  filled_bars: ['drop', 'refetch'],
  repaired_bars: ['refetch'],
  [SINGLE_BAR]: ['drop', 'clip', 'refetch'],
};

/** Finds the rows and gaps of every kind of issue, complete where a report lists only some. */
export class Places {
  readonly history: MarkedHistory;
  readonly #calendar: MarketCalendar;
  readonly #stepMs: number;
  readonly #found = new Map<string, IssuePlaces[]>();
  readonly #ranges: Float64Array;

  constructor(history: MarkedHistory) {
    this.history = history;
    this.#calendar = calendarOf(history.instrument);
    this.#stepMs = timeframeMs(history.timeframe);
    const { high, low } = history.bars;
    this.#ranges = high.map((value, i) => value - low[i]!);
  }

  /** High - low of every bar, price units. */
  get ranges(): Float64Array {
    return this.#ranges;
  }

  /** The issues of a kind in order of time; none for a kind that has no places. */
  of(kind: string): readonly IssuePlaces[] {
    let found = this.#found.get(kind);
    if (!found) {
      found = this.#find(kind);
      this.#found.set(kind, found);
    }
    return found;
  }

  /** The place of one bar; undefined where none opens at that time. */
  bar(timeMs: number): Place | undefined {
    const { timeMs: times } = this.history.bars;
    const row = lowerBound(times, timeMs);
    return times[row] === timeMs ? this.#rows(row, row + 1) : undefined;
  }

  #find(kind: string): IssuePlaces[] {
    const { marks } = this.history;
    const context = { ...this.history, calendar: this.#calendar };
    switch (kind) {
      case 'bad_tick_spike':
      case 'large_wick':
        return findSpikes(context, this.#ranges)
          .filter((spike) => judgeSpike(spike).bad === (kind === 'bad_tick_spike'))
          .map(({ row, bars }) => this.#issue(this.#rows(row, row + bars)));
      case 'weekend_bar':
      case 'outside_session': {
        const all = this.#calendar.name === 'always' ? [] : closedStretches(context);
        const places = all
          .filter(({ weekend }) => weekend === (kind === 'weekend_bar'))
          .map(({ from, to }) => this.#rows(from, to));
        return isOneIssue(all, context) ? together(places) : places.map((place) => this.#issue(place));
      }
      case 'stale_run':
        return findStale(context, this.#ranges).runs.map(({ from, to }) => this.#issue(this.#rows(from, to)));
      case 'missing_block':
        return this.#gaps('missing_block').map((place) => this.#issue(place));
      case 'missing_scattered':
      case 'missing_holiday':
        return together(this.#gaps(kind));
      case 'filled_bars':
        return together(this.#marked(marks, (mark) => mark === MARK.filled));
      case 'repaired_bars':
        return together(this.#marked(marks, (mark) => mark !== MARK.none && mark !== MARK.filled));
      case 'price_jump':
        return findJumps(context).map((row) => this.#issue(this.#rows(row, row + 1)));
      default:
        return [];
    }
  }

  #rows(from: number, to: number): Place {
    const { timeMs } = this.history.bars;
    return { from, to, fromMs: timeMs[from]!, untilMs: timeMs[to - 1]! + this.#stepMs };
  }

  #issue(place: Place): IssuePlaces {
    return { timeMs: place.fromMs, places: [place] };
  }

  #gaps(kind: GapKind): Place[] {
    const calendar = this.#calendar;
    return findGaps({ ...this.history, calendar })
      .filter((gap) => gapKind(calendar, gap) === kind)
      .map(({ row, fromMs, untilMs }) => ({ from: row, to: row, fromMs, untilMs }));
  }

  #marked(marks: Uint8Array, isMeant: (mark: number) => boolean): Place[] {
    const places: Place[] = [];
    for (let row = 0; row < marks.length; ) {
      let to = row;
      while (to < marks.length && isMeant(marks[to]!)) to++;
      if (to > row) places.push(this.#rows(row, to));
      row = Math.max(to, row + 1);
    }
    return places;
  }
}

/** Places that the report tells in one issue. */
function together(places: readonly Place[]): IssuePlaces[] {
  return places.length === 0 ? [] : [{ timeMs: places[0]!.fromMs, places }];
}
