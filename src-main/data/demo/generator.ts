import { allocateBars, type BarColumns, sliceBars } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { type Instrument, instrumentFor } from '../../../src-shared/market/instruments.ts';
import { newYorkOffsetMs } from '../../../src-shared/market/newYork.ts';
import { type Rng, SeededRng } from '../../../src-shared/runtime.ts';

/**
 * The synthetic demo market, described in `docs/demo-market.md`.
 *
 * Only + - * / and Math.sqrt (exactly rounded by IEEE 754) and rounding are used on the way to a price, so
 * that every machine makes the same bytes: Math.log, exp and cos may differ in the last digit between
 * builds, and such a difference would grow with every bar.
 */
export const DEMO_SYMBOL = 'SYNFX';
export const DEMO_TIMEFRAME = 'H1';
export const DEMO_SEED = 20_220_102;

const HOUR_MS = 3_600_000;
const STEPS_PER_BAR = 20;

/** Everything that shapes the market; the committed history uses the defaults. */
export interface DemoMarketOptions {
  /** First instant, epoch milliseconds UTC. Default Sunday 2022-01-02 22:00. */
  readonly startMs?: number;
  /** Bars to make. Default 16,000 (about 2.6 years). */
  readonly bars?: number;
  /** First price. Default 1.1. */
  readonly startPrice?: number;
  /** Size of the pattern; 0 gives a market with nothing to learn. Default 1. */
  readonly patternStrength?: number;
}

/** Root-mean-square return of an average hour; about 9 % a year. */
const BASE_VOLATILITY = 0.00115;
/** GARCH(1,1): share of yesterday's surprise and memory of the variance. */
const GARCH_ALPHA = 0.07;
const GARCH_BETA = 0.91;
/** A news step multiplies one step's noise. */
const NEWS_PROBABILITY = 0.0006;
const NEWS_FACTOR = 7;
const WEEKEND_GAP = 1.2;

/** Memory in bars of the average that prices return to. */
const ANCHOR_BARS = 48;
/** Drift per bar, in units of the bar's volatility, when stretched by one unit. */
const PULL = 0.14;
/** Stretch below which nothing pulls, and beyond which the pull no longer grows. */
const DEAD_ZONE = 0.4;
const LARGEST_STRETCH = 2.5;

/** Activity by hour of the New York day from 00:00: Asia quiet, London from 03:00, overlap 08:00 to 12:00. */
const ACTIVITY_BY_HOUR: readonly number[] = [
  0.66, 0.72, 0.98, 1.25, 1.22, 1.1, 1.0, 1.08, 1.55, 1.5, 1.5, 1.25, 1.02, 0.95, 0.95, 0.85, 0.7, 0.45, 0.5,
  0.66, 0.72, 0.7, 0.66, 0.62,
];

/**
 * Nearly normal: the sum of twelve uniforms less six has mean 0 and variance 1 and needs no logarithm. Tails
 * come from GARCH and news.
 */
function bell(rng: Rng): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += rng.next();
  return sum;
}

/** The learnable part: pull towards the anchor, from stretch in units of the volatility of `ANCHOR_BARS` bars. */
function pullOf(stretch: number): number {
  const size = Math.abs(stretch);
  if (size <= DEAD_ZONE) return 0;
  const pull = Math.min(size, LARGEST_STRETCH) - DEAD_ZONE;
  return stretch > 0 ? -pull : pull;
}

function roundTo(value: number, unitsPerOne: number): number {
  return Math.round(value * unitsPerOne) / unitsPerOne;
}

/** State of the process between bars. */
interface Market {
  price: number;
  /** Exponential average of closes. */
  anchor: number;
  /** Variance of an hour of average activity, relative to the base. */
  variance: number;
}

interface MadeBar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

function makeBar(market: Market, rng: Rng, activity: number, strength: number): MadeBar {
  const volatility = BASE_VOLATILITY * Math.sqrt(market.variance) * activity;
  const unit = BASE_VOLATILITY * Math.sqrt(market.variance) * Math.sqrt(ANCHOR_BARS / 4);
  const stretch = (market.price / market.anchor - 1) / unit;
  const drift = (strength * PULL * pullOf(stretch) * volatility) / STEPS_PER_BAR;
  const stepNoise = volatility / Math.sqrt(STEPS_PER_BAR);
  const open = market.price;
  let [price, high, low] = [open, open, open];
  for (let step = 0; step < STEPS_PER_BAR; step++) {
    const news = rng.next() < NEWS_PROBABILITY ? NEWS_FACTOR : 1;
    price *= 1 + drift + stepNoise * news * bell(rng);
    if (price > high) high = price;
    if (price < low) low = price;
  }
  const surprise = (price / open - 1 - drift * STEPS_PER_BAR) / (BASE_VOLATILITY * activity);
  const ticks = 1800 * activity * Math.sqrt(market.variance) * (1 + 0.25 * bell(rng));
  market.price = price;
  market.anchor += (2 / (ANCHOR_BARS + 1)) * (price - market.anchor);
  const fresh = 1 - GARCH_ALPHA - GARCH_BETA;
  // The surprise is limited so that one news bar cannot send the variance out of any realistic range.
  const shock = Math.min(surprise * surprise, 25);
  market.variance = fresh + GARCH_ALPHA * shock + GARCH_BETA * market.variance;
  return { open, high, low, close: price, volume: Math.max(1, Math.round(ticks)) };
}

/**
 * Makes the demo market: equal seeds and options give equal bars on every machine.
 * @param seed any integer; the committed history has `DEMO_SEED`
 */
export function generateDemoMarket(
  seed: number,
  options: DemoMarketOptions = {},
): { bars: BarColumns; instrument: Instrument } {
  const instrument = instrumentFor(DEMO_SYMBOL);
  const calendar = calendarOf(instrument);
  const rng = new SeededRng(seed);
  const count = options.bars ?? 16_000;
  const strength = options.patternStrength ?? 1;
  const startPrice = options.startPrice ?? 1.1;
  const market: Market = { price: startPrice, anchor: startPrice, variance: 1 };
  const unitsPerOne = 10 ** instrument.digits;
  const bars = allocateBars(count);
  let timeMs = calendar.nextOpen(options.startMs ?? Date.UTC(2022, 0, 2, 22));
  for (let i = 0; i < count; i++) {
    const hour = new Date(timeMs + newYorkOffsetMs(timeMs)).getUTCHours();
    const made = makeBar(market, rng, ACTIVITY_BY_HOUR[hour]!, strength);
    writeBar(bars, i, timeMs, made, unitsPerOne);
    const next = calendar.nextOpen(timeMs + HOUR_MS);
    if (next > timeMs + HOUR_MS) {
      market.price *= 1 + WEEKEND_GAP * BASE_VOLATILITY * Math.sqrt(market.variance) * bell(rng);
    }
    timeMs = next;
  }
  return { bars: sliceBars(bars, 0, count), instrument };
}

function writeBar(bars: BarColumns, i: number, timeMs: number, made: MadeBar, unitsPerOne: number): void {
  bars.timeMs[i] = timeMs;
  bars.open[i] = roundTo(made.open, unitsPerOne);
  bars.high[i] = roundTo(made.high, unitsPerOne);
  bars.low[i] = roundTo(made.low, unitsPerOne);
  bars.close[i] = roundTo(made.close, unitsPerOne);
  bars.volume[i] = made.volume;
}
