import type { BarChangeDto, RepairAction, RepairStep } from '../../../src-shared/contract/repairs.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { allocateBars, type Bar, type BarColumns, barAt } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { isoTime } from '../import/times.ts';
import { clipBar } from './clip.ts';
import { FILL_MOST_BARS, missingOpens } from './fill.ts';
import { ACTIONS_BY_KIND, type MarkedHistory, type Place, Places, SINGLE_BAR } from './places.ts';

/** A stretch that a provider is asked for, [fromMs, toMs). */
export interface AskedStretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a repair makes of a history. */
export interface RepairPlan {
  readonly bars: BarColumns;
  readonly marks: Uint8Array;
  readonly dropped: number;
  readonly clipped: number;
  readonly filled: number;
  readonly refetched: number;
  /** Every changed bar, in order of time. */
  readonly changes: readonly BarChangeDto[];
  readonly notes: readonly string[];
}

interface Edit {
  readonly step: number;
  /** The bar as it will be; null where it goes. */
  readonly after: Bar | null;
  readonly mark: number;
}

/** A bar that was not there, before row `row`. */
interface Insert {
  readonly step: number;
  readonly row: number;
  readonly timeMs: number;
  /** Undefined for a bar that carries the close before it. */
  readonly bar: Bar | undefined;
}

/**
 * Works out what the steps of a repair make of a history. Nothing is stored and the input stays as it is. Every step
 * refers to the issues of the history as it is, not to what an earlier step makes of it; a bar that two steps name is
 * the first one's. The same history, steps and answers give the same plan.
 */
export class RepairPlanner {
  readonly #places: Places;
  readonly #edits = new Map<number, Edit>();
  readonly #inserts: Insert[] = [];
  readonly #inserted = new Set<number>();
  readonly #notes: string[] = [];

  constructor(history: MarkedHistory) {
    this.#places = new Places(history);
  }

  /** The issues that can be repaired: by kind, how many, and how. */
  choices(): { kind: string; count: number; actions: RepairAction[] }[] {
    return Object.entries(ACTIONS_BY_KIND)
      .map(([kind, actions]) => ({
        kind,
        count: kind === SINGLE_BAR ? 0 : this.#places.of(kind).length,
        actions: [...actions],
      }))
      .filter(({ count }) => count > 0);
  }

  /**
   * What a provider must be asked for before `plan`.
   * @throws FrontierError BAD_INPUT for a step that fits no issue
   */
  asks(steps: readonly RepairStep[]): AskedStretch[] {
    return steps
      .filter((step) => step.action === 'refetch')
      .flatMap((step) => this.#placesOf(step).map(({ fromMs, untilMs }) => ({ fromMs, toMs: untilMs })));
  }

  /**
   * @param answers the provider's bars of all stretches that `asks` names, in order of time
   * @throws FrontierError BAD_INPUT for a step that fits no issue
   */
  plan(steps: readonly RepairStep[], answers?: BarColumns): RepairPlan {
    steps.forEach((step, index) => {
      const places = this.#placesOf(step);
      if (step.action === 'drop') this.#drop(index, places);
      else if (step.action === 'clip') this.#clip(index, places);
      else if (step.action === 'fill') this.#fill(index, step, places);
      else this.#refetch(index, step, places, answers);
    });
    return this.#build();
  }

  #placesOf({ action, kind, timeMs }: RepairStep): readonly Place[] {
    const actions = ACTIONS_BY_KIND[kind];
    if (!actions?.includes(action)) {
      const hint = actions
        ? `For ${kind} use ${actions.join(', ')}.`
        : `Kinds that can be repaired: ${Object.keys(ACTIONS_BY_KIND).join(', ')}.`;
      throw new FrontierError('BAD_INPUT', `${kind} cannot be repaired by "${action}".`, hint);
    }
    if (kind === SINGLE_BAR) {
      const place = timeMs === undefined ? undefined : this.#places.bar(timeMs);
      if (place) return [place];
      const which =
        timeMs === undefined ? 'The time of the bar is missing.' : `No bar opens at ${isoTime(timeMs)}.`;
      throw new FrontierError('BAD_INPUT', which, 'Name a bar of the history by the time of its open.');
    }
    const issues = this.#places.of(kind);
    const meant = timeMs === undefined ? issues : issues.filter((issue) => issue.timeMs === timeMs);
    if (meant.length > 0) return meant.flatMap((issue) => issue.places);
    const where = timeMs === undefined ? 'in this history' : `that starts at ${isoTime(timeMs)}`;
    throw new FrontierError(
      'BAD_INPUT',
      `There is no ${kind} ${where}.`,
      'Look at the quality report again.',
    );
  }

  #edit(row: number, edit: Edit): void {
    if (!this.#edits.has(row)) this.#edits.set(row, edit);
  }

  #drop(step: number, places: readonly Place[]): void {
    for (const { from, to } of places) {
      for (let row = from; row < to; row++) this.#edit(row, { step, after: null, mark: MARK.none });
    }
  }

  #clip(step: number, places: readonly Place[]): void {
    const { bars, instrument } = this.#places.history;
    const meant = new Set(
      places.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k)),
    );
    let plausible = 0;
    for (const row of meant) {
      const after = clipBar(bars, this.#places.ranges, row, (i) => meant.has(i), instrument.digits);
      if (after) this.#edit(row, { step, after, mark: MARK.clipped });
      else plausible++;
    }
    if (plausible > 0) {
      this.#notes.push(`${plausible} bars are within the range of their neighbours already and stay.`);
    }
  }

  #fill(step: number, { kind }: RepairStep, places: readonly Place[]): void {
    const { instrument, timeframe } = this.#places.history;
    if (timeframe === 'D1') {
      throw new FrontierError(
        'BAD_INPUT',
        'Daily bars are not filled: what is missing is mostly a holiday.',
        'Leave the days out, or fetch them from a provider.',
      );
    }
    let tooLong = 0;
    for (const place of places) {
      const opens = missingOpens(place, calendarOf(instrument), timeframe);
      if (opens.length > FILL_MOST_BARS) tooLong++;
      else for (const timeMs of opens) this.#insert({ step, row: place.to, timeMs, bar: undefined });
    }
    if (tooLong > 0) {
      const gaps = tooLong === 1 ? 'One gap' : `${tooLong} gaps`;
      this.#notes.push(
        `${gaps} of ${kind} longer than ${FILL_MOST_BARS} bars stay open: nothing is known of them.`,
      );
    }
  }

  #refetch(
    step: number,
    { kind }: RepairStep,
    places: readonly Place[],
    answers: BarColumns | undefined,
  ): void {
    const answered = new Map<number, number>();
    answers?.timeMs.forEach((timeMs, i) => {
      answered.set(timeMs, i);
    });
    const { bars } = this.#places.history;
    let same = 0;
    let unanswered = 0;
    for (const { from, to, fromMs, untilMs } of places) {
      for (let row = from; row < to; row++) {
        const at = answered.get(bars.timeMs[row]!);
        if (at === undefined) unanswered++;
        else if (equalBars(bars, row, answers!, at)) same++;
        else this.#edit(row, { step, after: barAt(answers!, at), mark: MARK.refetched });
      }
      if (from < to || !answers) continue;
      for (let i = 0; i < answers.timeMs.length; i++) {
        const timeMs = answers.timeMs[i]!;
        if (timeMs >= fromMs && timeMs < untilMs)
          this.#insert({ step, row: to, timeMs, bar: barAt(answers, i) });
      }
    }
    if (same > 0) this.#notes.push(`${same} bars of ${kind} are the same at the provider and stay.`);
    if (unanswered > 0)
      this.#notes.push(`${unanswered} bars of ${kind} are not there at the provider and stay.`);
  }

  #insert(insert: Insert): void {
    if (this.#inserted.has(insert.timeMs)) return;
    this.#inserted.add(insert.timeMs);
    this.#inserts.push(insert);
  }

  #build(): RepairPlan {
    const { bars, marks } = this.#places.history;
    const rows = bars.timeMs.length;
    const inserts = this.#inserts.sort((a, b) => a.timeMs - b.timeMs);
    const drops = [...this.#edits.values()].filter(({ after }) => after === null).length;
    const out = new Output(rows - drops + inserts.length);
    const changes: BarChangeDto[] = [];
    const counts = { dropped: 0, clipped: 0, filled: 0, refetched: 0 };
    let next = 0;
    for (let row = 0; row <= rows; row++) {
      for (; next < inserts.length && inserts[next]!.row === row; next++) {
        const { step, timeMs, bar } = inserts[next]!;
        const after = bar ?? out.carried(timeMs);
        out.add(after, bar ? MARK.refetched : MARK.filled);
        counts[bar ? 'refetched' : 'filled']++;
        changes.push({ step, before: null, after });
      }
      if (row === rows) break;
      const edit = this.#edits.get(row);
      if (!edit) {
        out.copy(bars, row, marks[row]!);
        continue;
      }
      changes.push({ step: edit.step, before: barAt(bars, row), after: edit.after });
      if (edit.after === null) counts.dropped++;
      else {
        counts[edit.mark === MARK.clipped ? 'clipped' : 'refetched']++;
        out.add(edit.after, edit.mark);
      }
    }
    return { bars: out.bars, marks: out.marks, ...counts, changes, notes: this.#notes };
  }
}

function equalBars(a: BarColumns, i: number, b: BarColumns, k: number): boolean {
  return (['open', 'high', 'low', 'close', 'volume'] as const).every((name) => a[name][i] === b[name][k]);
}

/** Columns that are written from the front. */
class Output {
  readonly bars: BarColumns;
  readonly marks: Uint8Array;
  #count = 0;

  constructor(rows: number) {
    this.bars = allocateBars(rows);
    this.marks = new Uint8Array(rows);
  }

  copy(from: BarColumns, row: number, mark: number): void {
    const i = this.#count++;
    this.bars.timeMs[i] = from.timeMs[row]!;
    this.bars.open[i] = from.open[row]!;
    this.bars.high[i] = from.high[row]!;
    this.bars.low[i] = from.low[row]!;
    this.bars.close[i] = from.close[row]!;
    this.bars.volume[i] = from.volume[row]!;
    this.marks[i] = mark;
  }

  add(bar: Bar, mark: number): void {
    const i = this.#count++;
    this.bars.timeMs[i] = bar.timeMs;
    this.bars.open[i] = bar.open;
    this.bars.high[i] = bar.high;
    this.bars.low[i] = bar.low;
    this.bars.close[i] = bar.close;
    this.bars.volume[i] = bar.volume;
    this.marks[i] = mark;
  }

  /** A bar that stands at the close before it; nothing was traded. */
  carried(timeMs: number): Bar {
    const price = this.bars.close[this.#count - 1]!;
    return { timeMs, open: price, high: price, low: price, close: price, volume: 0 };
  }
}
