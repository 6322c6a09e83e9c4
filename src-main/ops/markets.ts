/** The user's markets file: own trading calendars, and which symbols trade on them. */
import { existsSync, readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { customCalendarSchema } from '../../src-shared/contract/markets.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { registerUserMarkets, type UserMarkets } from '../../src-shared/market/customCalendar.ts';

const fileSchema = z.object({
  format: z.literal('frontier-markets'),
  version: z.literal(1),
  custom: z.array(customCalendarSchema).max(200),
  assigned: z.array(z.object({ symbol: z.string().max(24), calendar: z.string().max(32) })).max(10_000),
});

const NOTHING: UserMarkets = { custom: [], assigned: [] };

/** Where the file lies. */
export const marketsPath = (home: string): string => join(home, 'markets.json');

function corrupt(path: string, why: string, cause?: unknown): FrontierError {
  return new FrontierError(
    'CORRUPT',
    `${path} cannot be used: ${why}`,
    'Correct it, or move it away and define the calendars again.',
    cause,
  );
}

/**
 * What the user has said about markets; nothing where there is no file yet.
 * @throws FrontierError CORRUPT for a file that is damaged
 */
export function readMarkets(home: string): UserMarkets {
  const path = marketsPath(home);
  if (!existsSync(path)) return NOTHING;
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw corrupt(path, 'it is not JSON.', cause);
  }
  const parsed = fileSchema.safeParse(raw);
  if (!parsed.success) throw corrupt(path, z.prettifyError(parsed.error), parsed.error);
  return { custom: parsed.data.custom, assigned: parsed.data.assigned };
}

/**
 * Makes the calendars of a data folder known to this process (CAL-9). The engine calls it when it opens the folder,
 * a worker before its job.
 * @throws FrontierError CORRUPT for a file that is damaged or says what cannot be
 */
export function loadMarkets(home: string): void {
  const markets = readMarkets(home);
  try {
    registerUserMarkets(markets);
  } catch (error) {
    if (error instanceof FrontierError) throw corrupt(marketsPath(home), error.message, error);
    throw error;
  }
}

/**
 * Checks, registers and writes the file, by a rename, so that a reader sees the old one or the new one.
 * @throws FrontierError BAD_INPUT for what cannot be; nothing is written then
 */
export async function saveMarkets(home: string, markets: UserMarkets): Promise<void> {
  const before = readMarkets(home);
  registerUserMarkets(markets);
  const path = marketsPath(home);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(
        `${JSON.stringify({ format: 'frontier-markets', version: 1, ...markets }, null, 2)}\n`,
      );
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    registerUserMarkets(before);
    await rm(temporary, { force: true });
    throw error;
  }
}
