import type { Bar } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { newYorkOffsetMs } from '../../../src-shared/market/newYork.ts';
import type { FeatureDefinition } from '../types.ts';

const DAY_MS = 86_400_000;
const TRADING_DAY_SHIFT_MS = 7 * 3_600_000;
const THURSDAY_OFFSET = 4; // 1970-01-01 was a Thursday; 0 is Sunday

/**
 * The clock that sessions follow. FX sessions are fixed in New York time, through daylight saving as well,
 * and the trading day starts at 17:00 there (shifted so that it starts at 0). Other markets use UTC. A calendar
 * that the user assigns changes no feature: models were trained on these.
 */
function sessionTimeMs(timeMs: number, instrument: Instrument): number {
  const fx = instrument.assetClass === 'fx' || instrument.assetClass === 'synthetic';
  return fx ? timeMs + newYorkOffsetMs(timeMs) + TRADING_DAY_SHIFT_MS : timeMs;
}

function cyclic(name: string, doc: string, turns: (sessionMs: number) => number): FeatureDefinition[] {
  const of = (suffix: string, wave: (x: number) => number): FeatureDefinition => ({
    name: `${name}_${suffix}`,
    doc: `${suffix === 'sin' ? 'Sine' : 'Cosine'} of ${doc}.`,
    warmupBars: 0,
    create: ({ instrument }) => ({
      push: (bar: Bar) => wave(2 * Math.PI * turns(sessionTimeMs(bar.timeMs, instrument))),
    }),
  });
  return [of('sin', Math.sin), of('cos', Math.cos)];
}

/** Fraction of the day that has passed at the bar's open. */
function dayTurns(sessionMs: number): number {
  return (((sessionMs % DAY_MS) + DAY_MS) % DAY_MS) / DAY_MS;
}

/** Day of the week as a fraction of seven days, whole days only so that it does not repeat the hour. */
function weekTurns(sessionMs: number): number {
  const day = Math.floor(sessionMs / DAY_MS) + THURSDAY_OFFSET;
  return (((day % 7) + 7) % 7) / 7;
}

export const CALENDAR_FEATURES: readonly FeatureDefinition[] = [
  ...cyclic('hour', 'the time of the trading day (FX: from 17:00 New York; others: UTC)', dayTurns),
  ...cyclic('weekday', 'the day of the trading week', weekTurns),
];
