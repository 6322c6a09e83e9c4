import { type ClockZone, preferences } from '../state/preferences.ts';

/** What stands for a figure that is not known. Never 0. */
export const UNKNOWN = '–';
/** True minus sign: as wide as the plus, so that signed columns align. */
const MINUS = '−';

type Maybe = number | null | undefined;

function known(v: Maybe): v is number {
  return typeof v === 'number' && Number.isFinite(v);
}

const formatters = new Map<string, Intl.NumberFormat>();
function grouped(v: number, digits: number, least = digits): string {
  const key = `${least}-${digits}`;
  let format = formatters.get(key);
  if (!format) {
    format = new Intl.NumberFormat('en-US', { minimumFractionDigits: least, maximumFractionDigits: digits });
    formatters.set(key, format);
  }
  // A loss that rounds to nothing is nothing: no "−0.00".
  const text = format.format(Math.abs(v));
  return v < 0 && /[1-9]/.test(text) ? `${MINUS}${text}` : text;
}

function signed(text: string): string {
  return text.startsWith(MINUS) || !/[1-9]/.test(text) ? text : `+${text}`;
}

/** A price in the instrument's own precision. */
export function formatPrice(v: Maybe, digits: number): string {
  return known(v) ? grouped(v, digits) : UNKNOWN;
}

/** A count or measure; thousands grouped, at most `digits` decimals (2), at least `least` (0). */
export function formatNumber(v: Maybe, digits = 2, least = 0): string {
  return known(v) ? grouped(v, digits, least) : UNKNOWN;
}

/** Money with its currency. */
export function formatMoney(v: Maybe, currency: string): string {
  return known(v) ? `${grouped(v, 2)} ${currency}` : UNKNOWN;
}

/** Profit or loss: the sign is always there. */
export function formatSignedMoney(v: Maybe, currency: string): string {
  return known(v) ? `${signed(grouped(v, 2))} ${currency}` : UNKNOWN;
}

/** Per cent as given (12.5 is 12.5 %). */
export function formatPct(v: Maybe, options: { signed?: boolean; digits?: number } = {}): string {
  if (!known(v)) return UNKNOWN;
  const text = grouped(v, options.digits ?? 2);
  return `${options.signed ? signed(text) : text} %`;
}

/** A signed number, e.g. pips or R. */
export function formatSigned(v: Maybe, digits = 2): string {
  return known(v) ? signed(grouped(v, digits)) : UNKNOWN;
}

/** A length of time in the two largest units that say something. */
export function formatDuration(ms: Maybe): string {
  if (!known(ms)) return UNKNOWN;
  const s = Math.max(0, Math.round(ms / 1000));
  if (ms > 0 && ms < 1000) return '< 1 s';
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  if (s < 86_400)
    return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** Memory or file size. */
export function formatBytes(bytes: Maybe): string {
  if (!known(bytes)) return UNKNOWN;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let v = bytes;
  let unit = 0;
  while (v >= 1024 && unit < units.length - 1) {
    v /= 1024;
    unit += 1;
  }
  return `${grouped(v, v < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

const two = (n: number) => String(n).padStart(2, '0');

function offsetLabel(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const abs = Math.abs(minutes);
  return `UTC${minutes < 0 ? MINUS : '+'}${Math.floor(abs / 60)}${abs % 60 === 0 ? '' : `:${two(abs % 60)}`}`;
}

/** Name of the zone that times are shown in, at that moment. */
export function zoneLabel(ms: number, zone: ClockZone = preferences.getState().zone): string {
  return zone === 'utc' ? 'UTC' : offsetLabel(new Date(ms));
}

export interface TimeOptions {
  readonly seconds?: boolean;
  readonly date?: boolean;
  /** Leaves the zone out, where a heading names it. */
  readonly bare?: boolean;
  readonly zone?: ClockZone;
}

/** A moment in the chosen zone, the zone named: `2026-05-04 13:30 UTC`. */
export function formatTime(ms: Maybe, options: TimeOptions = {}): string {
  if (!known(ms)) return UNKNOWN;
  const zone = options.zone ?? preferences.getState().zone;
  const shift = zone === 'utc' ? 0 : -new Date(ms).getTimezoneOffset() * 60_000;
  const iso = new Date(ms + shift).toISOString();
  const clock = iso.slice(11, options.seconds ? 19 : 16);
  const text = options.date === false ? clock : `${iso.slice(0, 10)} ${clock}`;
  return options.bare ? text : `${text} ${zoneLabel(ms, zone)}`;
}

/** The day of a moment in the chosen zone. */
export function formatDate(ms: Maybe, zone: ClockZone = preferences.getState().zone): string {
  return known(ms) ? formatTime(ms, { bare: true, zone }).slice(0, 10) : UNKNOWN;
}

/** A moment in UTC with seconds, for titles. */
export function formatUtc(ms: Maybe): string {
  return formatTime(ms, { zone: 'utc', seconds: true });
}
