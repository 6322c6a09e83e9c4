import { allocateBars, type BarColumns, sliceBars } from '../../../src-shared/market/bars.ts';
import { offsetName, parseZone, type TimeZone } from '../../../src-shared/market/zones.ts';
import { importErrorAt, type Place, shown } from './errors.ts';
import { splitRow, type TableLayout } from './layout.ts';
import { isoTime, type ParsedTime } from './times.ts';

const REPAIR_HINT = 'Correct or remove this row in the file, or export the history again.';
const PRICE_NAMES = ['open', 'high', 'low', 'close'] as const;

/** Columns that grow as rows arrive. */
class BarBuilder {
  #bars = allocateBars(4096);
  #lines = new Float64Array(4096);
  count = 0;

  add(line: number, timeMs: number, prices: readonly number[], volume: number): void {
    if (this.count === this.#lines.length) this.#grow();
    const i = this.count++;
    this.#lines[i] = line;
    this.#bars.timeMs[i] = timeMs;
    this.#bars.open[i] = prices[0]!;
    this.#bars.high[i] = prices[1]!;
    this.#bars.low[i] = prices[2]!;
    this.#bars.close[i] = prices[3]!;
    this.#bars.volume[i] = volume;
  }

  #grow(): void {
    const bigger = allocateBars(this.#lines.length * 2);
    for (const key of Object.keys(bigger) as (keyof BarColumns)[]) bigger[key].set(this.#bars[key]);
    const lines = new Float64Array(this.#lines.length * 2);
    lines.set(this.#lines);
    this.#bars = bigger;
    this.#lines = lines;
  }

  timeAt(index: number): number {
    return this.#bars.timeMs[index]!;
  }

  lineAt(index: number): number {
    return this.#lines[index]!;
  }

  /** The line that already holds a time, if one does. */
  lineOf(timeMs: number): number | undefined {
    for (let i = this.count - 1; i >= 0 && this.timeAt(i) >= timeMs; i--) {
      if (this.timeAt(i) === timeMs) return this.lineAt(i);
    }
    return undefined;
  }

  columns(): BarColumns {
    const exact = allocateBars(this.count);
    const view = sliceBars(this.#bars, 0, this.count);
    for (const key of Object.keys(exact) as (keyof BarColumns)[]) exact[key].set(view[key]);
    return exact;
  }
}

/** Turns the rows of one table into bars and refuses the first one that cannot be one. */
export class RowReader {
  readonly #layout: TableLayout;
  /** The zone the user gave; applies to times that state none. */
  readonly #zone: TimeZone;
  readonly #builder = new BarBuilder();
  readonly #time: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  readonly #prices = [0, 0, 0, 0];
  readonly #priceCells: readonly number[];
  #statedOffset: number | undefined;
  #firstLine = 0;
  /** Wall-clock times that occur twice and were told apart by their order. */
  ambiguousTimes = 0;

  constructor(layout: TableLayout, zone: string | undefined) {
    this.#layout = layout;
    this.#zone = parseZone(zone ?? 'UTC');
    this.#priceCells = [layout.open, layout.high, layout.low, layout.close];
  }

  get count(): number {
    return this.#builder.count;
  }

  /** The offset all rows state; undefined when they state none. */
  get statedOffsetMinutes(): number | undefined {
    return this.#statedOffset;
  }

  get zoneName(): string {
    return this.#statedOffset === undefined ? this.#zone.name : offsetName(this.#statedOffset);
  }

  columns(): BarColumns {
    return this.#builder.columns();
  }

  /** @throws FrontierError IMPORT_FAILED naming line and column */
  read(text: string, line: number): void {
    const cells = splitRow(text, this.#layout.separator);
    if (cells.length !== this.#layout.columns.length) {
      throw importErrorAt(
        { line },
        `the row has ${cells.length} columns where the table has ${this.#layout.columns.length}.`,
        REPAIR_HINT,
      );
    }
    const timeMs = this.#readTime(cells, line);
    this.#checkOrder(timeMs, line);
    for (let k = 0; k < 4; k++) this.#prices[k] = this.#readPrice(cells, this.#priceCells[k]!, line);
    this.#checkShape(line);
    this.#builder.add(line, timeMs, this.#prices, this.#readVolume(cells, line));
  }

  #place(line: number, cell: number): Place {
    return { line, column: cell + 1, columnName: this.#layout.columns[cell] ?? '' };
  }

  #readTime(cells: readonly string[], line: number): number {
    const { time, clock, timeFormat } = this.#layout;
    const text = clock === undefined ? cells[time]!.trim() : `${cells[time]!.trim()} ${cells[clock]!.trim()}`;
    if (!timeFormat.parse(text, this.#time) || !Number.isFinite(this.#time.localMs)) {
      throw importErrorAt(
        this.#place(line, time),
        `${shown(text)} is not a time; the rows before it are written as ${timeFormat.name}.`,
        REPAIR_HINT,
      );
    }
    this.#checkOffset(line);
    return this.#toUtc(line);
  }

  /** DATA-4: one file is in one zone. */
  #checkOffset(line: number): void {
    const offset = this.#time.offsetMinutes;
    if (this.#builder.count === 0) {
      this.#statedOffset = offset;
      this.#firstLine = line;
      return;
    }
    if (offset === this.#statedOffset) return;
    const name = (minutes: number | undefined) =>
      minutes === undefined ? 'no time zone' : minutes === 0 ? 'UTC (Z)' : offsetName(minutes);
    throw importErrorAt(
      this.#place(line, this.#layout.time),
      `mixed time zones: this row states ${name(offset)}, line ${this.#firstLine} and those after it state ${name(this.#statedOffset)}.`,
      'Export the history with all times in one zone, best in UTC.',
    );
  }

  #toUtc(line: number): number {
    if (this.#statedOffset !== undefined) return this.#time.localMs - this.#statedOffset * 60_000;
    const candidates = this.#zone.utcCandidates(this.#time.localMs);
    if (candidates.length === 1) return candidates[0]!;
    if (candidates.length === 0) {
      const wall = isoTime(this.#time.localMs).replace('Z', '');
      throw importErrorAt(
        this.#place(line, this.#layout.time),
        `${wall} does not exist in ${this.#zone.name}: the clock was moved forward over it.`,
        'The times are probably in another zone; name that one.',
      );
    }
    this.ambiguousTimes++;
    const last = this.#builder.count > 0 ? this.#builder.timeAt(this.#builder.count - 1) : -Infinity;
    return candidates[0]! > last ? candidates[0]! : candidates[1]!;
  }

  /** DATA-6: times strictly increase. */
  #checkOrder(timeMs: number, line: number): void {
    const last = this.#builder.count - 1;
    if (last < 0 || timeMs > this.#builder.timeAt(last)) return;
    const place = this.#place(line, this.#layout.time);
    const twin = this.#builder.lineOf(timeMs);
    if (twin !== undefined) {
      throw importErrorAt(
        place,
        `duplicate timestamp: ${isoTime(timeMs)} is already on line ${twin}.`,
        'Remove one of the two rows; if they differ, find out which is right.',
      );
    }
    const previous = `${isoTime(this.#builder.timeAt(last))} on line ${this.#builder.lineAt(last)}`;
    const hint = this.#builder.count === 1 ? ' (is the newest bar first?)' : '';
    throw importErrorAt(
      place,
      `out of order: ${isoTime(timeMs)} comes after ${previous}.`,
      `Sort the file by time, oldest bar first${hint}.`,
    );
  }

  #number(cells: readonly string[], cell: number, line: number): number {
    let text = cells[cell]!.trim();
    if (this.#layout.decimalComma) text = text.replace(',', '.');
    const c = text.charCodeAt(text.length - 1);
    // Number() also reads "", "0x1F" and "Infinity"; prices are decimal digits.
    const value = c >= 46 && c <= 57 && !/[xXob]/.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(value)) return value;
    const what = text === '' ? 'the cell is empty' : `${shown(text)} is not a number`;
    throw importErrorAt(this.#place(line, cell), `${what}.`, REPAIR_HINT);
  }

  #readPrice(cells: readonly string[], cell: number, line: number): number {
    const price = this.#number(cells, cell, line);
    if (price > 0) return price;
    throw importErrorAt(this.#place(line, cell), `the price ${price} is not above zero.`, REPAIR_HINT);
  }

  #readVolume(cells: readonly string[], line: number): number {
    const cell = this.#layout.volume;
    if (cell === undefined) return 0;
    const volume = this.#number(cells, cell, line);
    if (volume >= 0) return volume;
    throw importErrorAt(this.#place(line, cell), `the volume ${volume} is negative.`, REPAIR_HINT);
  }

  /** DATA-5: low <= open, close <= high. */
  #checkShape(line: number): void {
    const [open, high, low, close] = this.#prices as [number, number, number, number];
    if (high < low) {
      throw importErrorAt(
        this.#place(line, this.#layout.high),
        `the high ${high} is below the low ${low}.`,
        REPAIR_HINT,
      );
    }
    for (const [value, k] of [
      [open, 0],
      [close, 3],
    ] as const) {
      if (value >= low && value <= high) continue;
      throw importErrorAt(
        this.#place(line, this.#priceCells[k]!),
        `the ${PRICE_NAMES[k]} ${value} is outside the bar's range ${low} to ${high}.`,
        REPAIR_HINT,
      );
    }
  }
}
