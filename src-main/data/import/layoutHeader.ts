import type { ColumnRole } from '../../../src-shared/contract/import.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { EXPECTED, importErrorAt, shown } from './errors.ts';
import type { Roles } from './layout.ts';
import { CLOCK, isNumber, isPackedClock } from './layoutBare.ts';
import { detectTimeFormat } from './times.ts';

/** Accepted header names, without case, spaces and punctuation; earlier ones win. */
const TIMES = [
  'timestamp',
  'datetime',
  'dateandtime',
  'gmttime',
  'timeutc',
  'utctime',
  'utc',
  'opentime',
  'localtime',
  'time',
  'date',
  'unix',
  'unixtime',
  'epoch',
  'bartime',
  'timegmt',
  'indexlevel0',
  'index',
  'etctimeutc',
  'ts',
  't',
];
/** Dates of MetaStock files. */
const META_STOCK_DATE = 'dtyyyymmdd';
/** `Time (EET)` of JForex: the zone of the times is named behind them. */
const TIME_OF_ZONE = /^time \(([A-Za-z0-9/_+:-]+)\)$/i;
const VOLUMES = ['volume', 'tickvol', 'tickvolume', 'tickqty', 'vol', 'v', 'realvolume'];
const BIDS = ['bid', 'bidprice', 'b'];
const ASKS = ['ask', 'askprice', 'a'];
const PRICES = ['open', 'high', 'low', 'close'] as const;

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function findColumn(plain: readonly string[], accepted: readonly string[]): number | undefined {
  for (const name of accepted) {
    const index = plain.indexOf(name);
    if (index >= 0) return index;
  }
  return undefined;
}

/** Whether a first line names columns: no cell of it is a number or a time. */
export function isHeader(cells: readonly string[]): boolean {
  return !cells.some((c) => isNumber(c) || CLOCK.test(c) || detectTimeFormat(c));
}

/** A pandas index is written with an empty name; it counts as the time if it reads as one. */
function timeColumn(
  cells: readonly string[],
  plain: readonly string[],
  row: readonly string[] | undefined,
): number | undefined {
  // A `time` beside a `date` may be the time of day alone, and an `unix` the same instant again.
  const index = findColumn(plain, TIMES);
  if (index !== undefined) return index;
  const zoned = cells.findIndex((name) => TIME_OF_ZONE.test(name));
  if (zoned >= 0) return zoned;
  return plain[0] === '' && detectTimeFormat(row?.[0] ?? '') ? 0 : undefined;
}

function priceNames(price: (typeof PRICES)[number], side: PriceSide): string[] {
  const letter = price[0]!;
  const plain = side === 'bid' || side === 'ask' ? [] : [price, letter, `${price}price`];
  return [...plain, `${side}${price}`, `${price}${side}`];
}

/** Columns of the four prices of one side; of no side under the plain names. */
function priceColumns(plain: readonly string[], side: PriceSide | undefined): (number | undefined)[] {
  return PRICES.map((price) =>
    findColumn(plain, side === undefined ? [price, price[0]!, `${price}price`] : priceNames(price, side)),
  );
}

interface Prices {
  readonly at: (number | undefined)[];
  readonly side: PriceSide | undefined;
}

/** Plain prices first, then those of the side asked for, then of any. */
function findPrices(plain: readonly string[], asked: PriceSide | undefined): Prices {
  const sides: (PriceSide | undefined)[] = [undefined, ...(asked ? [asked] : []), 'bid', 'ask', 'mid'];
  const all = sides.map((side) => ({ side, at: priceColumns(plain, side) }));
  return all.find((found) => found.at.every((i) => i !== undefined)) ?? all[0]!;
}

function rolesOf(
  length: number,
  at: Readonly<Partial<Record<ColumnRole, number | undefined>>>,
): ColumnRole[] {
  const roles: ColumnRole[] = Array.from({ length }, () => 'ignore');
  for (const [role, index] of Object.entries(at)) if (index !== undefined) roles[index] = role as ColumnRole;
  return roles;
}

/** What a header says, told by names that people know. */
function kindOf(
  cells: readonly string[],
  plain: readonly string[],
  row: readonly string[] | undefined,
): string {
  if (plain.includes(META_STOCK_DATE)) return 'MetaStock export';
  if (cells.some((c) => /^<.+>$/.test(c))) return 'MetaTrader 5 export';
  const first = row?.[0] ?? '';
  if (plain[0] === 'gmttime' || plain[0] === 'localtime' || /^Time \([A-Z]+\)$/.test(cells[0] ?? ''))
    return 'Dukascopy CSV';
  if (plain[0] === 'timestamp' && plain.includes('askprice') && /^\d{13}$/.test(first))
    return 'Dukascopy CSV';
  const instant = /^\d{10}$/.test(first) || /T.*(Z|[+-]\d{2}:\d{2})$/.test(first);
  const isTradingView = cells.slice(0, 5).join() === 'time,open,high,low,close' && !cells.includes('volume');
  if (instant && isTradingView) return 'TradingView export';
  return 'generic CSV';
}

/** Roles of the columns that a header names, or the names of what it lacks. */
export function headerRoles(
  cells: readonly string[],
  row: readonly string[] | undefined,
  side: PriceSide | undefined,
): Roles | { missing: string[] } {
  const plain = cells.map(plainName);
  const time = timeColumn(cells, plain, row);
  const prices = findPrices(plain, side);
  const bid = findColumn(plain, BIDS);
  const ask = findColumn(plain, ASKS);
  const isBars = prices.at.every((i) => i !== undefined);
  if (time === undefined || (!isBars && bid === undefined && ask === undefined)) {
    const [open, high, low, close] = prices.at;
    const missing = Object.entries({ time, open, high, low, close }).flatMap(([name, at]) =>
      at === undefined ? [name] : [],
    );
    return { missing };
  }
  const date = findColumn(plain, ['date', META_STOCK_DATE]) ?? -1;
  const clock = plain.indexOf('time');
  const [day = '', hours = ''] = [row?.[date], row?.[clock]];
  const apart = date >= 0 && clock >= 0 && (CLOCK.test(hours) || isPackedClock(day, hours));
  const when = apart ? { date, clock } : { time };
  const volume = findColumn(plain, VOLUMES);
  const [open, high, low, close] = prices.at;
  const what = isBars ? { open, high, low, close, volume } : { bid, ask };
  return {
    kind: isBars ? kindOf(cells, plain, row) : `${kindOf(cells, plain, row)} of ticks`,
    roles: rolesOf(cells.length, { ...what, ...when }),
    columns: cells.map((c, i) => c || `column ${i + 1}`),
    priceSide: isBars ? prices.side : undefined,
  };
}

export function unknownColumns(cells: readonly string[], line: number, missing: readonly string[]): Error {
  return importErrorAt(
    { line },
    `the columns are not understood. Found ${cells.map(shown).join(', ')}; no column for ${missing.join(', ')}.`,
    EXPECTED,
  );
}
