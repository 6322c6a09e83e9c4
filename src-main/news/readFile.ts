import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import { readCsv } from './csv.ts';
import { newsError } from './errors.ts';
import { holdsHeadlines, readHeadlines } from './headlines.ts';
import { readIcs } from './ics.ts';
import { type NewsBatch, oneLine, withIds } from './types.ts';

const MOST_BYTES = 32 * 1024 * 1024;
const HINT = 'Give the CSV or ICS export of an economic calendar.';

export interface NewsFileOptions {
  /** Name of the file as the user knows it; the source of its events is named after it. */
  readonly fileName?: string | undefined;
  /** Zone of times that state none; UTC when absent. */
  readonly zone?: string | undefined;
  readonly nowMs: number;
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES)
      throw newsError(
        `The file has ${Math.ceil(size / 1024 / 1024)} MiB; at most 32 are read.`,
        'Import it in parts.',
      );
    return await readFile(path);
  } catch (error) {
    if (error instanceof FrontierError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new FrontierError('NOT_FOUND', `${path} cannot be read (${code}).`, 'Check the path.', error);
  }
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length === 0) throw newsError('The file is empty.', HINT);
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw newsError(
      'The file holds bytes that are not text: it is binary or in another encoding.',
      HINT,
      cause,
    );
  }
  if (text.includes('\u0000')) throw newsError('The file is binary.', HINT);
  if (/^\s*<(!doctype|html|head|body|\?xml|rss)/i.test(text))
    throw newsError('The file is a web page or a feed and no calendar.', HINT);
  return text;
}

/**
 * NEWS-1: reads the events of a CSV or iCalendar file, or the headlines of a CSV file, told from its content; whole or not at all.
 * @throws FrontierError NOT_FOUND for a file that cannot be read, BAD_INPUT for an unknown zone, IMPORT_FAILED for
 *   anything that is no calendar or has an event that cannot be understood
 */
export async function readNewsFile(path: string, options: NewsFileOptions): Promise<NewsBatch> {
  const text = textOf(await bytesOf(path));
  const isIcs = /^\s*BEGIN:VCALENDAR/i.test(text);
  if (!isIcs && /^\s*[[{]/.test(text)) throw newsError('The file is JSON and no calendar.', HINT);
  const source = `file ${oneLine(options.fileName ?? basename(path), 150)}`;
  if (!isIcs && holdsHeadlines(text)) {
    const read = readHeadlines(text, options.zone, source);
    return { events: [], format: 'headlines, CSV with header', ...read };
  }
  const { drafts, notes } = isIcs
    ? readIcs(text, { zone: options.zone, nowMs: options.nowMs })
    : readCsv(text, options.zone);
  return {
    events: withIds(drafts, source),
    headlines: [],
    format: isIcs ? 'iCalendar' : 'CSV with header',
    notes,
  };
}
