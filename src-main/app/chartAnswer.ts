import type { ChartWindow } from '../../src-shared/contract/chart.ts';
import type { BarColumnsDto, DatasetDto } from '../../src-shared/contract/data.ts';
import type { BarColumns, PriceSide } from '../../src-shared/market/bars.ts';
import { BucketGrid } from '../../src-shared/market/bucketGrid.ts';
import { SIDES } from '../../src-shared/market/chartSymbols.ts';
import { resampleTargets } from '../../src-shared/market/resample.ts';
import { type AnyTimeframe, timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import type { Base, Stretch, WindowRequest } from './chartStretch.ts';

/** The stored history that a timeframe is made from: the longest that divides it. */
export function baseOf(
  datasets: readonly DatasetDto[],
  symbol: string,
  timeframe: AnyTimeframe,
  priceSide?: PriceSide,
): DatasetDto | undefined {
  for (const side of priceSide === undefined ? SIDES : [priceSide]) {
    const usable = datasets
      .filter((d) => d.symbol === symbol && d.priceSide === side)
      .filter((d) => resampleTargets(d.timeframe).includes(timeframe))
      .sort((a, b) => timeframeMs(b.timeframe) - timeframeMs(a.timeframe));
    if (usable[0]) return usable[0];
  }
  return undefined;
}

/** A stretch as the contract has it, with what lies around it. */
export function answer(
  base: Base,
  request: WindowRequest,
  stretch: Stretch,
  counted: number | undefined,
  clock: Clock,
): ChartWindow {
  const { dataset, target } = base;
  const stored = target === dataset.timeframe;
  const grid = new BucketGrid(target, base.calendar.name, dataset.timeframe);
  const stampOf = (ms: number): number => {
    grid.seek(ms);
    return stored ? ms : grid.stampMs;
  };
  const firstMs = dataset.bars === 0 ? null : stampOf(dataset.fromMs);
  const lastMs = dataset.bars === 0 ? null : stampOf(dataset.toMs);
  const { timeMs } = stretch.bars;
  const [fromMs, toMs] = [timeMs[0], timeMs.at(-1)];
  // Without bars in the answer, what was asked for says on which side of it there are some.
  const edge = request.fromMs ?? request.endMs ?? 0;
  return {
    bars: columnsDto(stretch.bars),
    timeframe: target,
    madeFrom: dataset.timeframe,
    priceSide: dataset.priceSide,
    firstMs,
    lastMs,
    total: stored ? dataset.bars : (counted ?? estimatedTotal(base)),
    before: firstMs !== null && firstMs < (fromMs ?? edge),
    after: lastMs !== null && lastMs > (toMs ?? edge - 1),
    marked: [...stretch.marked],
    lastPartial: toMs !== undefined && toMs === lastMs && isPartial(base, clock.nowMs()),
  };
}

/** Whether the newest bar is still to grow: a stored one until it ends, a made one while stored bars are to come. */
function isPartial({ dataset, target, calendar }: Base, nowMs: number): boolean {
  const endMs = (timeframe: AnyTimeframe): number => {
    const grid = new BucketGrid(timeframe, calendar.name, dataset.timeframe);
    grid.seek(dataset.toMs);
    return grid.endMs;
  };
  if (target === dataset.timeframe) return nowMs < endMs(target);
  const knownMs = endMs(dataset.timeframe);
  return knownMs < endMs(target) && calendar.sessions(knownMs, endMs(target)).length > 0;
}

/** Bars of the whole history in a timeframe it was not counted in. */
function estimatedTotal({ dataset, target }: Base): number {
  if (target === 'W1' || target === 'MN1')
    return Math.ceil((dataset.toMs - dataset.fromMs) / timeframeMs(target)) + 1;
  return Math.ceil((dataset.bars * timeframeMs(dataset.timeframe)) / timeframeMs(target));
}

function columnsDto(bars: BarColumns): BarColumnsDto {
  return {
    timeMs: Array.from(bars.timeMs),
    open: Array.from(bars.open),
    high: Array.from(bars.high),
    low: Array.from(bars.low),
    close: Array.from(bars.close),
    volume: Array.from(bars.volume),
  };
}
