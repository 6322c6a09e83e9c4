import { ORPCError } from '@orpc/client';
import cliProgress from 'cli-progress';
import { type ErrorBody, errorBody } from '../../src-shared/errors.ts';

/** Exit status of a failed command, by the kind of failure. */
const EXIT_STATUS: Readonly<Partial<Record<string, number>>> = {
  BAD_INPUT: 2,
  NOT_FOUND: 3,
  LOCKED: 4,
  IMPORT_FAILED: 5,
  CANCELLED: 130,
};

/** The body of any failure, also one that came over RPC. */
export function bodyOf(error: unknown): Omit<ErrorBody, 'code'> & { code: string } {
  if (!(error instanceof ORPCError)) return errorBody(error);
  const data: unknown = error.data;
  const hint = typeof data === 'object' && data !== null && 'hint' in data ? String(data.hint) : undefined;
  return { code: String(error.code), message: error.message, ...(hint === undefined ? {} : { hint }) };
}

/** Exit status of a failure. */
export function exitStatus(error: unknown): number {
  return EXIT_STATUS[bodyOf(error).code] ?? 1;
}

/** Prints the failure for people on standard error, or as the one JSON line, and returns the exit status. */
export function reportError(error: unknown, json: boolean): number {
  const body = bodyOf(error);
  if (json) console.log(JSON.stringify({ error: body }));
  else {
    console.error(`\n${body.message}`);
    if (body.hint) console.error(`  ${body.hint}`);
    if (body.code === 'INTERNAL' && error instanceof Error && process.env.FRONTIER_DEBUG)
      console.error(error.stack);
  }
  return EXIT_STATUS[body.code] ?? 1;
}

/** The result: one JSON object as the last line, or text for people. */
export function printResult(json: boolean, figures: unknown, text: () => string): void {
  if (json) console.log(JSON.stringify(figures));
  else console.log(text());
}

/** Steps of a long command: bars in a terminal, a line per finished step elsewhere, nothing with `--json`. */
export class StepProgress {
  readonly #quiet: boolean;
  readonly #bars: cliProgress.MultiBar | undefined;
  readonly #open = new Map<string, cliProgress.SingleBar>();
  readonly #finished = new Set<string>();

  constructor(quiet: boolean) {
    this.#quiet = quiet;
    if (quiet || !process.stderr.isTTY) return;
    this.#bars = new cliProgress.MultiBar(
      {
        stream: process.stderr,
        hideCursor: true,
        format: '{step} {bar} {percentage}%  {duration_formatted}  {message}',
        linewrap: false,
      },
      cliProgress.Presets.shades_classic,
    );
  }

  update(step: string, fraction: number, message: string): void {
    if (this.#quiet || this.#finished.has(step)) return;
    if (fraction >= 1) this.#finished.add(step);
    if (!this.#bars) {
      if (fraction >= 1) console.error(`${step.padEnd(10)} ${message}`);
      return;
    }
    const payload = { step: step.padEnd(10), message };
    let bar = this.#open.get(step);
    if (!bar) {
      bar = this.#bars.create(100, 0, payload);
      this.#open.set(step, bar);
    }
    bar.update(Math.round(100 * Math.min(1, fraction)), payload);
    if (fraction >= 1) bar.stop();
  }

  stop(): void {
    this.#bars?.stop();
  }
}

/** Columns of text, right-aligned where a column holds numbers. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((row) => String(row[c] ?? '').length))) ?? [];
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, c) =>
        typeof cell === 'number' ? String(cell).padStart(widths[c]!) : String(cell).padEnd(widths[c]!),
      )
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

export const pct = (value: number | null | undefined, digits = 2): string =>
  value === undefined || value === null || Number.isNaN(value)
    ? '–'
    : `${value >= 0 ? '+' : ''}${value.toFixed(digits)} %`;
/** A share as per cent; unknown stays unknown. */
export const timesHundred = (value: number | null): number | null => (value === null ? null : 100 * value);
export const num = (value: number | null | undefined, digits = 2): string =>
  value === undefined || value === null || Number.isNaN(value) ? '–' : value.toFixed(digits);
export const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
