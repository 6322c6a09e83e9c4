/** Mutated files for the importers, and a simple reader of its own to compare what they accept with. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

const pad = (n: number): string => String(n).padStart(2, '0');

/** A table of each layout: with a header and offsets, in local time, semicolons, decimal commas, epochs, tabs. */
function seeds(): string[] {
  const rows = Array.from({ length: 8 }, (_, i) => ({
    hour: i,
    // A wide range, so that many another digit is a bar still.
    prices: [1.1 + i / 1000, 1.9 + i / 1000, 0.5, 1.15 + i / 1000].map((p) => p.toFixed(4)),
    volume: String(10 + i),
  }));
  const table = (header: string, separator: string, time: (hour: number) => string, comma = false): string =>
    header +
    rows
      .map(({ hour, prices, volume }) => {
        const cells = comma ? prices.map((p) => p.replace('.', ',')) : prices;
        return `${[time(hour), ...cells, volume].join(separator)}\n`;
      })
      .join('');
  return [
    table('timestamp,open,high,low,close,volume\n', ',', (h) => `2024-01-02T${pad(h)}:00:00Z`),
    table('Date,Open,High,Low,Close,Volume\r\n', ',', (h) => `2024-01-02 ${pad(h)}:00`).replace(
      /\r?\n/g,
      '\r\n',
    ),
    table('', ';', (h) => `20240102 ${pad(h)}0000`),
    table('', ',', (h) => `2024.01.02,${pad(h)}:00`),
    table('time;open;high;low;close;volume\n', ';', (h) => `02.01.2024 ${pad(h)}:00:00`, true),
    table('time,open,high,low,close,Volume\n', ',', (h) => String(1_704_153_600 + h * 3600)),
    table('<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>\n', '\t', (h) => `2024.01.${pad(h + 1)}`),
    table('time,open,high,low,close,volume\n', ',', (h) => `2024-01-02T${pad(h)}:00:00+02:00`),
  ];
}

type Edit =
  | { readonly kind: 'replace' | 'insert'; readonly at: number; readonly byte: number }
  | { readonly kind: 'digit'; readonly at: number; readonly byte: number }
  | { readonly kind: 'delete' | 'cut' | 'double line' | 'swap lines'; readonly at: number };

/** Bytes that mean something to a table are likelier than others. */
const byte = fc.oneof(
  fc.constantFrom(...Buffer.from('0123456789.,;:-+ "\t\n\r_eE=ZTn/\\')),
  fc.integer({ min: 0, max: 255 }),
);
const at = fc.nat(1_000_000);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('replace' as const, 'insert' as const), at, byte }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('digit' as const), at, byte: fc.integer({ min: 48, max: 57 }) }),
  },
  fc.record({ kind: fc.constantFrom('delete' as const, 'cut' as const), at }),
  fc.record({ kind: fc.constantFrom('double line' as const, 'swap lines' as const), at }),
);

function apply(bytes: number[], change: Edit): number[] {
  const where = change.at % Math.max(1, bytes.length);
  const lineEnd = bytes.indexOf(10, where) + 1 || bytes.length;
  const lineStart = bytes.lastIndexOf(10, where - 1) + 1;
  const line = bytes.slice(lineStart, lineEnd);
  switch (change.kind) {
    case 'replace':
      return bytes.with(where, change.byte);
    case 'digit': {
      const digit = bytes.findIndex((b, i) => i >= where && b >= 48 && b <= 57);
      return digit < 0 ? bytes : bytes.with(digit, change.byte);
    }
    case 'insert':
      return bytes.toSpliced(where, 0, change.byte);
    case 'delete':
      return bytes.toSpliced(where, 1);
    case 'cut':
      return bytes.slice(0, Math.max(1, where));
    case 'double line':
      return bytes.toSpliced(lineEnd, 0, ...line);
    case 'swap lines':
      return [...bytes.slice(0, lineStart), ...bytes.slice(lineEnd), ...line];
  }
}

/** A mutated file, and the text in it where it is not packed. */
export interface FuzzedFile {
  readonly bytes: Uint8Array;
  readonly text: Uint8Array | undefined;
}

/** Files with one to six edits; every eighth is gzip with an edit in the packed bytes. */
export const fuzzedFile: fc.Arbitrary<FuzzedFile> = fc
  .record({
    seed: fc.constantFrom(...seeds()),
    edits: fc.oneof(
      fc.array(edit, { minLength: 1, maxLength: 1 }),
      fc.array(edit, { minLength: 1, maxLength: 6 }),
    ),
    isPacked: fc.nat(7).map((n) => n === 0),
  })
  .map(({ seed, edits, isPacked }) => {
    const plain = isPacked ? gzipSync(seed) : Buffer.from(seed);
    const bytes = Uint8Array.from(edits.reduce(apply, [...plain]));
    return { bytes, text: isPacked ? undefined : bytes };
  });

export interface SimpleBar {
  readonly timeMs: number;
  readonly values: readonly number[];
}

const NAMES: Readonly<Record<string, string>> = {
  o: 'open',
  h: 'high',
  l: 'low',
  c: 'close',
  v: 'volume',
  vol: 'volume',
  date: 'time',
  timestamp: 'time',
  t: 'time',
};

/** Milliseconds of a time as it is written, without its offset, and the offset; NaN where it is none. */
function simpleTime(given: string): number {
  const packed = /^(\d{8}) ?(\d{6})(\d{3})?$/.exec(given);
  const text = packed ? `${packed[1]} ${packed[2]}${packed[3] ? `.${packed[3]}` : ''}` : given;
  const epoch = /^(\d{9,11})(?:\.0)?$/.exec(text);
  if (epoch) return Number(epoch[1]) * 1000;
  const milliseconds = /^(\d{12,13})(?:\.0)?$/.exec(text);
  if (milliseconds) return Number(milliseconds[1]);
  const clock = String.raw`(?:[T, t](\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d+))?)?)?`;
  const zone = String.raw`\s*(Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d\d(?::?[0-5]\d)?)?`;
  const yearFirst = new RegExp(`^(\\d{4})([-./]?)(\\d\\d)\\2(\\d\\d)${clock}${zone}$`).exec(text);
  const dayFirst = new RegExp(`^(\\d\\d)\\.(\\d\\d)\\.(\\d{4})${clock}${zone}$`).exec(text);
  const [y, m, d, ...rest] = yearFirst
    ? [yearFirst[1], yearFirst[3], yearFirst[4], ...yearFirst.slice(5)]
    : [dayFirst?.[3], dayFirst?.[2], dayFirst?.[1], ...(dayFirst?.slice(4) ?? [])];
  const [hh = '00', mm = '00', ss = '00', part = '', offset = ''] = rest;
  const isoText = `${y}-${m}-${d}T${hh}:${mm}:${ss}`;
  const ms = Date.parse(`${isoText}Z`);
  // Date.parse takes the 31st of February for the 2nd of March.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== isoText) return Number.NaN;
  const sign = /([+-])(\d\d):?(\d\d)?/.exec(offset);
  const minutes = sign ? (sign[1] === '-' ? -1 : 1) * (Number(sign[2]) * 60 + Number(sign[3] ?? 0)) : 0;
  return ms + Math.round(Number(`0.${part || '0'}`) * 1000) - minutes * 60_000;
}

function simpleNumber(text: string): number {
  const trimmed = text.trim().replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

function simpleCells(line: string, separator: string): string[] {
  const cells: string[] = [];
  for (const piece of line.split(separator)) {
    const last = cells.at(-1);
    // A quote that is open takes the separator into the cell.
    if (last !== undefined && (last.split('"').length - 1) % 2 === 1)
      cells[cells.length - 1] = `${last}${separator}${piece}`;
    else cells.push(piece);
  }
  return cells.map((c) => c.replaceAll('"', '').trim());
}

/**
 * Reads bars as simply as possible: no checks, no speed. What an importer accepts must be what this reads.
 * @throws Error for a file it does not understand
 */
export function readSimply(bytes: Uint8Array): SimpleBar[] {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/^\uFEFF/, '');
  const lines = text
    .split('\n')
    .map((l) => l.replace(/\r$/, ''))
    .filter((l) => l.trim() !== '');
  const separator = ['\t', ';', '|', ',', ' '].find((s) => lines[0]?.includes(s)) ?? ',';
  const head = simpleCells(lines[0] ?? '', separator);
  const names = head.map((c) => c.toLowerCase().replace(/[^a-z0-9]/g, '')).map((n) => NAMES[n] ?? n);
  const hasHeader = names.includes('open') && names.includes('close');
  const isApart = !hasHeader && /^\d\d:\d\d/.test(head[1] ?? '');
  const order = isApart
    ? ['time', 'clock', 'open', 'high', 'low', 'close', 'volume']
    : ['time', 'open', 'high', 'low', 'close', 'volume'];
  const columns = hasHeader ? names : order;
  const at = (name: string): number => columns.indexOf(name);
  const bars = (hasHeader ? lines.slice(1) : lines).map((line) => {
    const cells = simpleCells(line, separator);
    const time = isApart ? `${cells[0]} ${cells[1]}` : (cells[at('time')] ?? '');
    const volume =
      at('volume') < 0 || cells[at('volume')] === undefined ? 0 : simpleNumber(cells[at('volume')]!);
    const prices = ['open', 'high', 'low', 'close'].map((name) => simpleNumber(cells[at(name)] ?? ''));
    return { timeMs: simpleTime(time), values: [...prices, volume] };
  });
  const isNewestFirst = bars.every((bar, i) => i === 0 || bar.timeMs < bars[i - 1]!.timeMs);
  return isNewestFirst ? bars.reverse() : bars;
}
