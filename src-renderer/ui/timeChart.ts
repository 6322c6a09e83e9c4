import {
  type ChartOptions,
  ColorType,
  CrosshairMode,
  createChart,
  type DeepPartial,
  type IChartApi,
  type TickMarkType,
  type Time,
  type TimeChartOptions,
} from 'lightweight-charts';
import type { ClockZone } from '../state/preferences.ts';
import { formatTime } from './format.ts';
import { type ChartColors, SANS } from './theme.ts';

/** Milliseconds of a chart time; our charts only use seconds since the epoch. */
export function chartTimeMs(time: Time): number {
  return typeof time === 'number' ? time * 1000 : Number.NaN;
}

/** Label of a tick on the time axis. Kinds: 0 year, 1 month, 2 day, 3 time, 4 time with seconds. */
export function tickLabel(ms: number, kind: number, zone: ClockZone): string {
  const text = formatTime(ms, { bare: true, seconds: true, zone });
  // The chart marks days where they begin in UTC; elsewhere that is no midnight, and a bare date would mislead.
  if (kind < 3 && zone === 'local' && text.slice(11) !== '00:00:00') return text.slice(5, 16);
  if (kind === 0) return text.slice(0, 4);
  if (kind === 1) return text.slice(0, 7);
  if (kind === 2) return text.slice(5, 10);
  return kind === 3 ? text.slice(11, 16) : text.slice(11);
}

function themeOptions(colors: ChartColors, zone: ClockZone): DeepPartial<TimeChartOptions> {
  const line = { color: colors.grid };
  const crosshair = { color: colors.crosshair, labelBackgroundColor: colors.border };
  const common: DeepPartial<ChartOptions> = {
    layout: {
      background: { type: ColorType.Solid, color: 'transparent' },
      textColor: colors.dim,
      fontFamily: SANS,
      fontSize: 11,
      attributionLogo: false,
      panes: { separatorColor: colors.border, separatorHoverColor: colors.grid },
    },
    grid: { vertLines: line, horzLines: line },
    crosshair: { mode: CrosshairMode.Magnet, vertLine: crosshair, horzLine: crosshair },
    rightPriceScale: { borderColor: colors.border, minimumWidth: 64, entireTextOnly: true },
    timeScale: { borderColor: colors.border, timeVisible: true, secondsVisible: false, minBarSpacing: 0.01 },
  };
  return {
    ...common,
    timeScale: {
      ...common.timeScale,
      tickMarkFormatter: (time: Time, kind: TickMarkType) => tickLabel(chartTimeMs(time), kind, zone),
    },
    localization: { timeFormatter: (time: Time) => formatTime(chartTimeMs(time), { zone }) },
  };
}

/** A chart over time that follows its box, in our palette. */
export function createTimeChart(box: HTMLElement, colors: ChartColors, zone: ClockZone): IChartApi {
  return createChart(box, { autoSize: true, ...themeOptions(colors, zone) });
}

/** Takes over another palette or clock zone. */
export function restyleTimeChart(chart: IChartApi, colors: ChartColors, zone: ClockZone): void {
  chart.applyOptions(themeOptions(colors, zone));
}
