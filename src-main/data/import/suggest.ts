import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { fixedZone, parseZone, type TimeZone } from '../../../src-shared/market/zones.ts';
import type { TableLayout } from './layout.ts';

const CURRENCIES = 'AUD|CAD|CHF|EUR|GBP|JPY|NZD|USD|SEK|NOK|DKK|SGD|ZAR|MXN|PLN|TRY|HKD|CNH';
const PAIR = new RegExp(`^(?:(?:${CURRENCIES})(?:${CURRENCIES})|XAUUSD|XAGUSD|XAUEUR|XAGEUR)(?=\\d|$)`);
const COIN = /^[A-Z0-9]{2,6}(?:USDT|USDC)(?=\d|$)|^(?:BTC|ETH|LTC|XRP|SOL|ADA|DOGE)USD(?=\d|$)/;
const STOCK = /^[A-Z]{1,10}\.(?:NSE|NS)$/;

/** The symbol that a file name tells: `DAT_ASCII_EURUSD_M1_2015.csv`, `GBPJPY60.csv`, `EUR-USD.csv`. */
export function guessSymbol(fileName: string): string | null {
  const name = fileName.toUpperCase().replace(/^.*[\\/]/, '');
  const joined = name.replace(new RegExp(`(${CURRENCIES})[-_/ ](${CURRENCIES})(?![A-Z])`, 'g'), '$1$2');
  const dotted = joined.replace(/\.(CSV|TXT|TSV|GZ|ZIP|PARQUET|PRN)/g, '');
  const listed = /(?:^|[^A-Z])([A-Z][A-Z&]{0,11})[_ -](NSE|NASDAQ|NYSE)(?![A-Z])/.exec(dotted);
  if (listed) return listed[2] === 'NSE' ? `${listed[1]}.NSE` : listed[1]!;
  for (const token of [dotted, ...dotted.split(/[^A-Z0-9]+/)]) {
    const found = PAIR.exec(token) ?? COIN.exec(token) ?? STOCK.exec(token);
    if (found) return found[0];
  }
  return null;
}

/** The side that a file name tells by the word alone. */
export function guessSide(fileName: string): PriceSide | undefined {
  const words = fileName.toLowerCase().split(/[^a-z]+/);
  const said = (['bid', 'ask', 'mid'] as const).filter((side) => words.includes(side));
  return said.length === 1 ? said[0] : undefined;
}

export interface SuggestedZone {
  readonly zone: string;
  readonly reason: string;
}

const HOUR_MS = 3_600_000;
/** Gaps between these lengths are weekends; longer ones are holes in the history. */
const SHORTEST_WEEKEND_MS = 40 * HOUR_MS;
const LONGEST_WEEKEND_MS = 80 * HOUR_MS;
const MOST_WEEKENDS = 600;
/** Zones that histories are written in, the likelier first: of two that fit alike the earlier is named. */
const CANDIDATES = [
  'UTC',
  'America/New_York',
  '-05:00',
  'Europe/Athens',
  'Europe/London',
  '+02:00',
  '+03:00',
];
/** Share of the weekends at which a zone must put the first bar on Sunday 17:00 in New York, and its lead. */
const FITS = 0.7;
const LEAD = 0.1;

/** The first bar of each week, as the clock of the file shows it. */
function weekOpens(timeMs: Float64Array, toLocal: (utcMs: number) => number): number[] {
  const opens: number[] = [];
  for (let i = 1; i < timeMs.length && opens.length < MOST_WEEKENDS; i++) {
    const gap = timeMs[i]! - timeMs[i - 1]!;
    if (gap >= SHORTEST_WEEKEND_MS && gap <= LONGEST_WEEKEND_MS) opens.push(toLocal(timeMs[i]!));
  }
  return opens;
}

let newYork: TimeZone | undefined;

/** Whether an instant is in the hour in which the FX week begins, Sunday 17:00 in New York. */
function isWeekOpen(utcMs: number): boolean {
  newYork ??= parseZone('America/New_York');
  const local = new Date(utcMs + newYork.offsetMsAt(utcMs));
  return local.getUTCDay() === 0 && local.getUTCHours() === 17;
}

function shareOf(opens: readonly number[], zone: TimeZone): number {
  const hits = opens.filter((local) => {
    const [utc] = zone.utcCandidates(local);
    return utc !== undefined && isWeekOpen(utc);
  });
  return hits.length / opens.length;
}

/** Bars of a day or of several hours do not show when the week opens. */
const LONGEST_BAR_MS = HOUR_MS;

/**
 * The zone in which the weeks of an FX history begin when they do, on Sunday 17:00 in New York.
 * @param timeMs times as they were read, and what the file's clock shows at them
 * @returns undefined where no zone fits clearly
 */
export function zoneOfWeeks(
  timeMs: Float64Array,
  barMs: number,
  toLocal: (utcMs: number) => number,
): SuggestedZone | undefined {
  if (barMs > LONGEST_BAR_MS) return undefined;
  const opens = weekOpens(timeMs, toLocal);
  if (opens.length < 2) return undefined;
  const shares = CANDIDATES.map((zone) => ({ zone, share: shareOf(opens, parseZone(zone)) }));
  const best = shares.reduce((a, b) => (b.share > a.share ? b : a));
  const utc = shares[0]!;
  if (best.share < FITS || (best !== utc && best.share < utc.share + LEAD)) return undefined;
  const alike = shares.filter((s) => s !== best && s.share === best.share).map((s) => s.zone);
  const also = alike.length > 0 ? ` ${alike.join(' and ')} would fit these dates as well.` : '';
  const weeks = `${Math.round(best.share * opens.length)} of ${opens.length} weeks`;
  return {
    zone: best.zone,
    reason: `In ${best.zone} ${weeks} begin on Sunday at 17:00 in New York, as the FX week does.${also}`,
  };
}

/** Zones that JForex names in the header of its times, which follow daylight saving. */
const NAMED_ZONES: Readonly<Record<string, string>> = { EET: 'Europe/Athens', CET: 'Europe/Berlin' };

/** What the format is known for, where the data cannot tell. */
export function zoneOfFormat(layout: TableLayout | undefined): SuggestedZone | undefined {
  const said = /\(([A-Z]+)\)$/.exec(layout?.columns[layout.time] ?? '')?.[1];
  const named = said === undefined ? undefined : NAMED_ZONES[said];
  if (named) return { zone: named, reason: `The time column says ${said}.` };
  if (
    layout?.format.startsWith('histdata') ||
    (layout?.content === 'ticks' && layout.firstTime.length === 18)
  ) {
    return {
      zone: fixedZone(-300).name,
      reason: 'This looks like a histdata.com file, whose times are EST without daylight saving.',
    };
  }
  if (layout?.format.startsWith('MetaTrader')) {
    return {
      zone: 'Europe/Athens',
      reason: 'MetaTrader writes the server’s time, which is often that of eastern Europe.',
    };
  }
  return undefined;
}
