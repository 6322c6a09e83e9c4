/** Checks Dukascopy's answers before the library decodes them: it trusts what it reads. */
import type { Bar } from '../../../src-shared/market/bars.ts';
import type { Span } from './pages.ts';
import { Malformed, readArray, readObject } from './reading.ts';

/** The library, loaded on demand. */
export type Dukascopy = typeof import('dukascopy-node');
/** The library's name of an instrument, for example `eurusd`. */
export type InstrumentId = keyof Dukascopy['instrumentMetaData'];
/** Lengths of the candles that are asked for, in the library's names. */
export type CandleSource = 'm1' | 'h1';
export type Side = 'bid' | 'ask';
/** A day of minutes or a month of hours. */
export type Period = Span;

/** One request. */
export interface Asked {
  readonly id: InstrumentId;
  readonly source: CandleSource;
  readonly side: Side;
  readonly period: Period;
  /** Whether the period may not have ended: then it is asked for up to the present. */
  readonly running: boolean;
}

const SHIFT_MS: Readonly<Record<CandleSource, number>> = { m1: 60_000, h1: 3_600_000 };
const COLUMNS = ['times', 'opens', 'highs', 'lows', 'closes', 'volumes'] as const;
/** A running period is answered from its start to the present, which may be days later. */
const RUNNING_REACH_MS = 4 * 86_400_000;

/**
 * The candles of an answer that lie in the asked period, without the flat ones that stand for minutes in which
 * nothing was quoted.
 * @param url the library's own address, from which it reads the kind of candle
 * @throws Malformed for an answer that is not as documented, of another period, or without end
 */
export function candlesOf(library: Dukascopy, body: unknown, url: string, asked: Asked): Bar[] {
  const { source, period, running } = asked;
  const answer = readObject(body, 'the answer');
  const counts = COLUMNS.map((name) => readArray(answer[name], name).length);
  if (counts.some((n) => n !== counts[0])) throw new Malformed('its columns differ in length');
  if (counts[0] === 0) return [];
  checkTimes(
    answer,
    source,
    { ...period, toMs: running ? period.toMs + RUNNING_REACH_MS : period.toMs },
    running,
  );
  return decoded(library, answer, url, asked).filter(
    (bar) => bar.timeMs >= period.fromMs && bar.timeMs < period.toMs && !isFlat(bar),
  );
}

/** The library fills every skipped minute, however many a damaged answer says were skipped. */
function checkTimes(
  answer: Readonly<Record<string, unknown>>,
  source: CandleSource,
  within: Period,
  running: boolean,
): void {
  const shiftMs = SHIFT_MS[source];
  if (answer.shift !== shiftMs) throw new Malformed('its candles have another length');
  if (typeof answer.timestamp !== 'number' || answer.timestamp % shiftMs !== 0) {
    throw new Malformed('its first candle does not open on a whole minute or hour');
  }
  let timeMs = answer.timestamp;
  // The server may begin a running period with the candle before.
  if (timeMs < within.fromMs - (running ? RUNNING_REACH_MS : 0))
    throw new Malformed('it is of another period');
  for (const delta of readArray(answer.times, 'times')) {
    if (typeof delta !== 'number' || !Number.isInteger(delta) || delta < 0) {
      throw new Malformed('its times do not increase');
    }
    timeMs += delta * shiftMs;
    if (timeMs >= within.toMs) throw new Malformed('it holds candles that were not asked for');
  }
}

function decoded(
  library: Dukascopy,
  answer: Readonly<Record<string, unknown>>,
  url: string,
  { id, source, side }: Asked,
): Bar[] {
  let rows: readonly (readonly number[])[];
  try {
    rows = library.processData({
      instrument: id,
      requestedTimeframe: source,
      bufferObjects: [{ url, buffer: Buffer.from(JSON.stringify(answer)), isCacheHit: false }],
      priceType: side,
      volumes: true,
      volumeUnits: 'millions',
      ignoreFlats: false,
    }) as number[][];
  } catch (error) {
    throw new Malformed(error instanceof Error ? error.message : String(error));
  }
  return rows
    .filter((row) => row.length > 0)
    .map(([timeMs, open, high, low, close, volume]) => ({
      timeMs: timeMs!,
      open: open!,
      high: high!,
      low: low!,
      close: close!,
      volume: volume!,
    }));
}

function isFlat(bar: Bar): boolean {
  return bar.volume === 0 && bar.high === bar.low;
}
