import type { ChartWindow } from '../../src-shared/contract/chart.ts';
import type { DatasetDto } from '../../src-shared/contract/data.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { lowerBound } from '../../src-shared/market/bars.ts';
import { BucketGrid } from '../../src-shared/market/bucketGrid.ts';
import { calendarOf, type MarketCalendar } from '../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { resampleTargets } from '../../src-shared/market/resample.ts';
import { type AnyTimeframe, timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import type { BarStore, TimeRange } from '../store/bars.ts';
import { answer, baseOf } from './chartAnswer.ts';
import { type Base, cut, joined, made, part, type Stretch, type WindowRequest } from './chartStretch.ts';

export type { WindowRequest } from './chartStretch.ts';

const DAY_MS = 86_400_000;
/** What windows are read from. */
export interface ChartSource {
  readonly bars: Pick<BarStore, 'load' | 'loadMarked'>;
  readonly datasets: () => readonly DatasetDto[];
  readonly clock: Clock;
}

/** Stored bars read and resampled at once: some 3 ms of computing, so that the engine answers others in between. */
const MOST_ROWS_AT_ONCE = 250_000;
/** A window that needs this share of the history makes all of its bars, which are then kept. */
const WHOLE_SHARE = 0.3;
/** Whole histories in this timeframe are kept to make every longer one from: a fifteenth of the minutes. */
const STEP: AnyTimeframe = 'M15';
/** Years read side by side: the bars of three are in memory at once. */
const YEARS_AHEAD = 3;
const MOST_KEPT_BYTES = 96 * 1024 * 1024;
const BYTES_PER_BAR = 6 * 8;

/**
 * Windows of bars for charts, in any timeframe (`docs/spec/charts.md`). A window reads the stored bars it needs and no
 * more; bars of a whole history in a long timeframe are kept, up to a bound, until the history changes.
 */
export class ChartWindows {
  readonly #source: ChartSource;
  readonly #kept = new Map<string, { readonly stretch: Promise<Stretch>; bytes: number }>();
  readonly #ready = new Set<string>();

  constructor(source: ChartSource) {
    this.#source = source;
  }

  /**
   * @throws FrontierError NOT_FOUND where nothing is stored that the timeframe could be made from, BAD_INPUT for both
   *   or unordered bounds, CORRUPT for damaged files
   */
  async window(request: WindowRequest): Promise<ChartWindow> {
    if (request.endMs !== undefined && request.fromMs !== undefined)
      throw new FrontierError('BAD_INPUT', 'A window has an end or a beginning, not both.', 'Leave one out.');
    const base = this.#baseOf(request);
    const kept = await this.#keptFor(base, request.count);
    const stretch = kept ? cut(kept, request) : await this.#read(base, request);
    return answer(base, request, stretch, kept?.bars.timeMs.length, this.#source.clock);
  }

  /** The whole history in the timeframe: where it is kept already, or the window needs much of it anyway. */
  async #keptFor(base: Base, count: number): Promise<Stretch | undefined> {
    const { dataset, target } = base;
    if (target === dataset.timeframe) return undefined;
    const step = stepOf(base);
    const isMuch = count * ratioOf(base) > WHOLE_SHARE * dataset.bars;
    if (isMuch || this.#kept.has(keyOf(base)) || (step && this.#ready.has(keyOf(step))))
      return this.#keep(base);
    // The next windows of this and of longer timeframes will want it; this one does not wait.
    if (step) this.#keep(step).catch(() => undefined);
    return undefined;
  }

  #baseOf(request: WindowRequest): Base {
    const datasets = this.#source.datasets();
    const dataset = baseOf(datasets, request.symbol, request.timeframe, request.priceSide);
    if (dataset) {
      const calendar = calendarOf(instrumentFor(dataset.symbol));
      return { dataset, target: request.timeframe, calendar };
    }
    const own = datasets.filter((d) => d.symbol === request.symbol);
    const side = request.priceSide === undefined ? '' : ` of ${request.priceSide} prices`;
    throw new FrontierError(
      'NOT_FOUND',
      `There is no ${request.symbol} history${side} that ${request.timeframe} bars can be made from.`,
      own.length === 0
        ? 'Import or fetch one first.'
        : `Stored: ${own.map((d) => `${d.timeframe} ${d.priceSide}`).join(', ')}. Bring a finer one.`,
    );
  }

  /** The whole history in the timeframe, kept for the next windows. */
  #keep(base: Base): Promise<Stretch> {
    const key = keyOf(base);
    const known = this.#kept.get(key);
    if (known) {
      // The least recently used go first.
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.stretch;
    }
    const stretch = this.#make(base);
    const entry = { stretch, bytes: 0 };
    // Versions of the history that are gone are not asked for again.
    for (const old of this.#kept.keys()) if (old.startsWith(`${nameOf(base)}|`)) this.#drop(old);
    this.#kept.set(key, entry);
    stretch.then(
      ({ bars }) => {
        entry.bytes = bars.timeMs.length * BYTES_PER_BAR;
        this.#ready.add(key);
        this.#shrink();
      },
      () => this.#drop(key),
    );
    return stretch;
  }

  #drop(key: string): void {
    this.#kept.delete(key);
    this.#ready.delete(key);
  }

  async #make(base: Base): Promise<Stretch> {
    const step = stepOf(base);
    return step ? made(base, await this.#keep(step), STEP) : this.#readAll(base);
  }

  /** Year by year, as the files are, the next one on its way meanwhile; bars that cross a year are made once. */
  async #readAll(base: Base): Promise<Stretch> {
    const { dataset } = base;
    const grid = new BucketGrid(base.target, base.calendar.name, dataset.timeframe);
    const years = yearsOf(dataset);
    const load = (range: TimeRange) => {
      const year = this.#load(base, range);
      // Whoever leaves by an error does not wait for those on their way.
      year.catch(() => undefined);
      return year;
    };
    const pieces: Stretch[] = [];
    let rest: Stretch | undefined;
    const coming = years.splice(0, YEARS_AHEAD).map(load);
    for (let next = coming.shift(); next; next = coming.shift()) {
      const year = await next;
      coming.push(...years.splice(0, 1).map(load));
      const all: Stretch = rest ? joined([rest, year]) : year;
      const lastMs = all.bars.timeMs.at(-1);
      if (lastMs === undefined) continue;
      grid.seek(lastMs);
      const whole = coming.length > 0 ? lowerBound(all.bars.timeMs, grid.fromMs) : all.bars.timeMs.length;
      pieces.push(made(base, part(all, 0, whole), dataset.timeframe));
      rest = part(all, whole, all.bars.timeMs.length);
    }
    return joined(pieces);
  }

  #shrink(): void {
    let bytes = 0;
    for (const entry of this.#kept.values()) bytes += entry.bytes;
    for (const [key, entry] of this.#kept) {
      if (bytes <= MOST_KEPT_BYTES) return;
      bytes -= entry.bytes;
      this.#drop(key);
    }
  }

  /** Reads pieces of whole buckets from the asked end until there are enough bars. */
  async #read(base: Base, want: Pick<WindowRequest, 'endMs' | 'fromMs' | 'count'>): Promise<Stretch> {
    const { dataset } = base;
    const forward = want.fromMs !== undefined;
    const grid = new BucketGrid(base.target, base.calendar.name, dataset.timeframe);
    // One bucket more than the instant's own: a bar may be stamped later or earlier than its bucket begins.
    const lowMs = beginOf(grid, Math.max(dataset.fromMs, want.fromMs ?? dataset.fromMs), -1);
    const highMs = endOf(grid, Math.min(dataset.toMs, want.endMs ?? dataset.toMs));
    const pieces: Stretch[] = [];
    let have = 0;
    let edge = forward ? lowMs : highMs;
    while (have < want.count && (forward ? edge < highMs : edge > lowMs)) {
      const spanMs = spanFor(base, want.count - have);
      const to = forward ? endOf(grid, Math.min(edge + spanMs, dataset.toMs)) : edge;
      const from = forward ? edge : beginOf(grid, Math.max(edge - spanMs, lowMs), 0);
      const piece = made(base, await this.#load(base, { fromMs: from, toMs: to }), dataset.timeframe);
      const wanted = cut(piece, { ...want, count: Number.POSITIVE_INFINITY });
      have += wanted.bars.timeMs.length;
      if (forward) pieces.push(wanted);
      else pieces.unshift(wanted);
      edge = forward ? to : from;
    }
    return cut(joined(pieces), want);
  }

  /** Stored bars of a range with the opens of the marked ones. */
  async #load(base: Base, range: TimeRange): Promise<Stretch> {
    const { symbol, timeframe, priceSide, markedBars } = base.dataset;
    const { bars: store } = this.#source;
    if (markedBars === 0) return { bars: await store.load(symbol, timeframe, range, priceSide), marked: [] };
    const { bars, marks } = await store.loadMarked(symbol, timeframe, range, priceSide);
    return { bars, marked: Array.from(bars.timeMs).filter((_, i) => marks[i] !== 0) };
  }
}

const nameOf = ({ dataset, target }: Base): string =>
  `${dataset.symbol} ${dataset.timeframe} ${dataset.priceSide} ${target}`;
const keyOf = (base: Base): string =>
  `${nameOf(base)}|${base.dataset.dataHash} ${base.dataset.updatedMs} ${revisionOf(base.calendar)}`;

const revisions = new WeakMap<MarketCalendar, number>();
let lastRevision = 0;
/** Another number for every calendar: one that the user has changed is another object under its old name. */
function revisionOf(calendar: MarketCalendar): number {
  const known = revisions.get(calendar);
  if (known !== undefined) return known;
  lastRevision += 1;
  revisions.set(calendar, lastRevision);
  return lastRevision;
}

/** Stored bars that a bar of the target is made from, at most. */
const ratioOf = ({ dataset, target }: Base): number => timeframeMs(target) / timeframeMs(dataset.timeframe);

/** Mean distance of stored bars: closed hours and gaps included. */
function meanStepMs({ fromMs, toMs, bars, timeframe }: DatasetDto): number {
  return bars > 1 ? (toMs - fromMs) / (bars - 1) : timeframeMs(timeframe);
}

/** Length of time that should hold `count` bars, a weekend to spare; no more than is read at once. */
function spanFor(base: Base, count: number): number {
  const rows = Math.min(MOST_ROWS_AT_ONCE, count * ratioOf(base) * 1.05);
  return rows * meanStepMs(base.dataset) + Math.min(3 * DAY_MS, 4000 * timeframeMs(base.dataset.timeframe));
}

function beginOf(grid: BucketGrid, ms: number, more: number): number {
  grid.seek(ms);
  if (more < 0) grid.seek(grid.fromMs - 1);
  return grid.fromMs;
}

/** End of the bucket after the one that holds the instant. */
function endOf(grid: BucketGrid, ms: number): number {
  grid.seek(ms);
  grid.seek(grid.endMs);
  return grid.endMs;
}

/** What a longer timeframe is made from, where the whole history is wanted. */
function stepOf(base: Base): Base | undefined {
  const { dataset, target } = base;
  const helps = timeframeMs(dataset.timeframe) < timeframeMs(STEP) && timeframeMs(target) > timeframeMs(STEP);
  return helps && resampleTargets(dataset.timeframe).includes(STEP) && resampleTargets(STEP).includes(target)
    ? { ...base, target: STEP }
    : undefined;
}

/** Whole years (UTC) of a history, as its files are. */
function yearsOf({ fromMs, toMs }: DatasetDto): TimeRange[] {
  const [first, last] = [new Date(fromMs).getUTCFullYear(), new Date(toMs).getUTCFullYear()];
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    fromMs: Date.UTC(first + i, 0, 1),
    toMs: Date.UTC(first + i + 1, 0, 1),
  }));
}
