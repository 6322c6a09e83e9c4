import type { ChartWindow } from '../../../src-shared/contract/chart.ts';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import { type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { joinBars } from './forecastPlace.ts';

/** The stretch of a history that a chart holds, as the engine's windows were joined. */
export type BarWindow = Omit<ChartWindow, 'marked'> & { readonly marked: readonly number[] };

/** Bars are no longer told apart when they are narrower. */
const LEAST_PX_PER_BAR = 0.8;
/** Going back to shorter bars takes this share of the most, so that a chart does not go to and fro at the limit. */
const BACK_SHARE = 0.7;
/** What a chart shows instead of bars that are too short, from its own timeframe up. */
const STEPS: readonly AnyTimeframe[] = ['M5', 'M15', 'H1', 'H4', 'D1', 'W1', 'MN1'];

/**
 * CHART-8: the timeframe to show while `chosen` is chosen.
 * @param shown what is on the screen now
 * @param bars how many bars of it the screen is wide
 * @param available what can be made of the symbol
 */
export function detailFor(
  chosen: AnyTimeframe,
  shown: AnyTimeframe,
  bars: number,
  widthPx: number,
  available: readonly AnyTimeframe[],
): AnyTimeframe {
  const most = Math.max(200, widthPx / LEAST_PX_PER_BAR);
  const barsOf = (frame: AnyTimeframe) => (bars * timeframeMs(shown)) / timeframeMs(frame);
  const longer = STEPS.filter((f) => timeframeMs(f) > timeframeMs(chosen) && available.includes(f));
  const ladder = [chosen, ...longer];
  const fits = (frame: AnyTimeframe) =>
    barsOf(frame) <= (timeframeMs(frame) < timeframeMs(shown) ? BACK_SHARE * most : most);
  return ladder.find(fits) ?? ladder.at(-1) ?? chosen;
}

/** Older bars before those that are held. */
export function withOlder(held: BarWindow, older: ChartWindow): BarWindow {
  return {
    ...held,
    bars: joinBars(older.bars, held.bars),
    before: older.before && older.bars.timeMs.length > 0,
    marked: [...older.marked, ...held.marked.filter((ms) => !older.marked.includes(ms))],
    total: Math.max(held.total, older.total),
  };
}

/** Newer bars after those that are held. */
export function withNewer(held: BarWindow, newer: ChartWindow): BarWindow {
  return {
    ...held,
    bars: joinBars(held.bars, newer.bars),
    after: newer.after && newer.bars.timeMs.length > 0,
    marked: [...held.marked.filter((ms) => !newer.marked.includes(ms)), ...newer.marked],
    lastPartial: newer.lastPartial,
    lastMs: newer.lastMs,
    total: Math.max(held.total, newer.total),
  };
}

/** CHART-7: only rows [from, to) of what is held. */
export function trimmed(held: BarWindow, from: number, to: number): BarWindow {
  const count = held.bars.timeMs.length;
  const [first, end] = [Math.max(0, Math.floor(from)), Math.min(count, Math.ceil(to))];
  if (first === 0 && end === count) return held;
  const cut = (name: keyof BarColumnsDto) => held.bars[name].slice(first, end);
  const timeMs = cut('timeMs');
  const [fromMs, toMs] = [timeMs[0] ?? Number.NaN, timeMs.at(-1) ?? Number.NaN];
  return {
    ...held,
    bars: {
      timeMs,
      open: cut('open'),
      high: cut('high'),
      low: cut('low'),
      close: cut('close'),
      volume: cut('volume'),
    },
    before: held.before || first > 0,
    after: held.after || end < count,
    lastPartial: held.lastPartial && end === count,
    marked: held.marked.filter((ms) => ms >= fromMs && ms <= toMs),
  };
}
