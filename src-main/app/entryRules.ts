/** From a deployment's rules about entries to the mask that backtest, study and live ask (ORD-20 to ORD-24). */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { EntryRules } from '../../src-shared/contract/backtest.ts';
import {
  type BlackoutPolicy,
  type BlackoutWindow,
  blackoutWindowSchema,
} from '../../src-shared/contract/news.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { lowerBound } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { type Instrument, instrumentFor } from '../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { blackoutWindows, currenciesOf } from '../../src-shared/trading/blackouts.ts';
import {
  type BarRule,
  type EntryBlock,
  type EntryMask,
  entryMask,
  intervalBlock,
  repairedTimes,
} from '../../src-shared/trading/entryMask.ts';
import { roundTripCost } from '../../src-shared/trading/pricing.ts';
import type { VenueSpec } from '../../src-shared/trading/types.ts';
import type { NewsRepository } from '../store/news.ts';
import { openStores } from '../store/stores.ts';
import type { AnomalySeal } from './anomalyRule.ts';
import { homePaths } from './context.ts';
import { forecastPrice } from './signals.ts';

const DAY_MS = 86_400_000;
/** After the last bar a market may stay closed for long before the order fills. */
const AHEAD_MS = 15 * DAY_MS;
/** A window reaches at most a day around its event. */
const AROUND_MS = DAY_MS;
const MOST_EVENTS = 1_000_000;

/** The windows that can block an entry decided on in [fromMs, toMs]. */
export function windowsFor(
  news: Pick<NewsRepository, 'events'>,
  instrument: Instrument,
  policy: BlackoutPolicy,
  fromMs: number,
  toMs: number,
): BlackoutWindow[] {
  const events = news.events({
    fromMs: fromMs - AROUND_MS,
    toMs: toMs + AHEAD_MS,
    currencies: currenciesOf(instrument),
    impacts: policy.impact === 'high' ? ['high'] : ['high', 'medium'],
    limit: MOST_EVENTS,
  });
  return blackoutWindows(events, instrument, policy);
}

/** `windowsFor` in a process that has not opened the stores. */
export function storedWindows(
  home: string,
  symbol: string,
  policy: BlackoutPolicy | undefined,
  range: { readonly fromMs: number; readonly toMs: number },
): BlackoutWindow[] {
  if (policy === undefined) return [];
  const stores = openStores(home);
  try {
    return windowsFor(stores.news, instrumentFor(symbol), policy, range.fromMs, range.toMs);
  } finally {
    stores.close();
  }
}

/** A history with its marks; without marks nothing of it was repaired. */
export interface MarkedTimes {
  readonly timeMs: Float64Array;
  readonly marks: Uint8Array | undefined;
}

/** What a model says at one bar; prediction and interval in units of the target. */
export interface ForecastRow {
  readonly close: number;
  readonly atr: number;
  readonly prediction: number;
  readonly lower: number;
  readonly upper: number;
}

/** ORD-22 for one bar: why its interval forbids an entry; undefined where it clears the cost of the venue. */
export function forecastBlock(
  row: ForecastRow,
  horizonBars: number,
  venue: VenueSpec,
): EntryBlock | undefined {
  const { close, atr, prediction } = row;
  const price = (y: number): number => forecastPrice(close, atr, horizonBars, y);
  const prices = { close, sign: Math.sign(prediction), lower: price(row.lower), upper: price(row.upper) };
  return intervalBlock(prices, roundTripCost(venue, close));
}

/** A model's forecasts of a whole history, indexed like its bars. */
export interface ForecastColumns {
  readonly timeMs: Float64Array;
  readonly close: Float64Array;
  readonly atr: Float64Array;
  readonly predictions: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** ORD-22 for the bars of a history. */
export function intervalRule(columns: ForecastColumns, horizonBars: number, venue: VenueSpec): BarRule {
  const { timeMs, close, atr, predictions, lower, upper } = columns;
  const cost = (price: number): number => roundTripCost(venue, price);
  return (barTimeMs) => {
    const i = lowerBound(timeMs, barTimeMs);
    if (timeMs[i] !== barTimeMs) return { kind: 'interval', reach: Number.NaN, cost: cost(0) };
    const row = {
      close: close[i]!,
      atr: atr[i]!,
      prediction: predictions[i]!,
      lower: lower[i]!,
      upper: upper[i]!,
    };
    return forecastBlock(row, horizonBars, venue);
  };
}

/** What the rules ask about each bar, where they do. */
export interface AskedRules {
  /** ORD-22. */
  readonly interval: BarRule;
  /** ORD-24; undefined where the rules name no anomaly model. */
  readonly anomaly: BarRule | undefined;
}

/**
 * The mask of rules on a history; undefined where it blocks nothing.
 * @throws FrontierError INTERNAL where the rules name an anomaly model that was not loaded
 */
export function maskFor(
  history: { readonly symbol: string; readonly timeframe: Timeframe },
  bars: MarkedTimes,
  rules: Pick<EntryRules, 'excludeRepaired' | 'requireInterval' | 'avoidAnomalies'>,
  windows: readonly BlackoutWindow[],
  { interval, anomaly }: AskedRules,
): EntryMask | undefined {
  if (rules.avoidAnomalies !== undefined && anomaly === undefined) throw notLoaded(rules.avoidAnomalies);
  const excluded = rules.excludeRepaired !== false && bars.marks !== undefined;
  return entryMask({
    timeframe: history.timeframe,
    calendar: calendarOf(instrumentFor(history.symbol)),
    windows,
    repairedMs: excluded ? repairedTimes(bars.timeMs, bars.marks!) : new Float64Array(0),
    interval: rules.requireInterval === true ? interval : undefined,
    anomaly: rules.avoidAnomalies === undefined ? undefined : anomaly,
  });
}

function notLoaded(anomalyId: string): FrontierError {
  return new FrontierError(
    'INTERNAL',
    `The anomaly model ${anomalyId} of the entry rules was not loaded.`,
    'This is a fault of Frontier; without the rule nothing is traded.',
  );
}

/**
 * The rules as they enter a parameter hash: only what differs from a strategy that knows none (ORD-21).
 * @param anomaly of the model that the rules name: its file and threshold count, not its id
 * @throws FrontierError INTERNAL where the rules name an anomaly model that was not loaded
 */
export function hashedRules(rules: EntryRules, anomaly?: AnomalySeal): Readonly<Record<string, unknown>> {
  if (rules.avoidAnomalies !== undefined && anomaly === undefined) throw notLoaded(rules.avoidAnomalies);
  return {
    ...(rules.blackout === undefined ? {} : { blackout: rules.blackout }),
    ...(rules.excludeRepaired === false ? { excludeRepaired: false } : {}),
    ...(rules.requireInterval === true ? { requireInterval: true } : {}),
    ...(rules.avoidAnomalies === undefined ? {} : { avoidAnomalies: anomaly }),
  };
}

/** The rules without members that are not set, as they are stored. */
export function ruleFields(rules: EntryRules): EntryRules {
  return {
    ...(rules.blackout === undefined ? {} : { blackout: rules.blackout }),
    ...(rules.excludeRepaired === undefined ? {} : { excludeRepaired: rules.excludeRepaired }),
    ...(rules.requireInterval === undefined ? {} : { requireInterval: rules.requireInterval }),
    ...(rules.avoidAnomalies === undefined ? {} : { avoidAnomalies: rules.avoidAnomalies }),
  };
}

const HASH = /^[0-9a-f]{64}$/;

/**
 * Keeps the windows that a session trades with, under their SHA-256: news that come or move later must not change
 * what it was told, nor what it is compared with.
 * @returns the hash
 */
export function keepWindows(home: string, windows: readonly BlackoutWindow[]): string {
  const text = JSON.stringify(windows);
  const hash = createHash('sha256').update(text).digest('hex');
  write(homePaths.blackouts(home, hash), text);
  return hash;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/**
 * The windows of a study: made when it begins, and the same for every trial and point of it from then on, also where
 * it is resumed after news have changed.
 * @throws FrontierError CORRUPT when what was kept cannot be read
 */
export function windowsOfStudy(
  home: string,
  studyId: string,
  make: () => readonly BlackoutWindow[],
): readonly BlackoutWindow[] {
  const path = homePaths.blackouts(home, studyId);
  if (!existsSync(path)) write(path, JSON.stringify(make()));
  try {
    return z.array(blackoutWindowSchema).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw lostWindows('study', cause);
  }
}

/** Windows by their hash. @throws FrontierError CORRUPT when the file is gone or another */
export function keptWindows(home: string, hash: string): BlackoutWindow[] {
  try {
    const text = HASH.test(hash) ? readFileSync(homePaths.blackouts(home, hash), 'utf8') : '';
    if (createHash('sha256').update(text).digest('hex') === hash)
      return z.array(blackoutWindowSchema).parse(JSON.parse(text));
  } catch (cause) {
    throw lostWindows('session', cause);
  }
  throw lostWindows('session');
}

function lostWindows(whose: 'session' | 'study', cause?: unknown): FrontierError {
  return new FrontierError(
    'CORRUPT',
    `The news windows of this ${whose} cannot be read.`,
    `Restore the folder "blackouts" of the data folder from a backup, or start a new ${whose}.`,
    cause,
  );
}
