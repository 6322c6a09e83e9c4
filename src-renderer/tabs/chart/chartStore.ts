import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { pick, recall, remember } from '../../state/remember.ts';
import { CHART_STYLES, type ChartStyle } from './candleStyle.ts';

export type TradesFrom = 'none' | 'backtest' | 'session';
export const LAYOUTS = ['one', 'columns', 'rows', 'four'] as const;
export type ChartLayout = (typeof LAYOUTS)[number];
export const CELL_IDS = ['a', 'b', 'c', 'd'] as const;
export type CellId = (typeof CELL_IDS)[number];
export const CELLS_OF: Readonly<Record<ChartLayout, number>> = { one: 1, columns: 2, rows: 2, four: 4 };

/** What one chart shows. Undefined until a market was chosen. */
export interface CellMarket {
  readonly symbol: string | undefined;
  readonly timeframe: AnyTimeframe | undefined;
  /** Undefined takes bid where it is stored, else mid, else ask. */
  readonly side: PriceSide | undefined;
}

export interface ChartChoices {
  readonly showForecast: boolean;
  /** Model whose unusual windows are marked: its identifier, `none`, or empty for the newest. */
  readonly anomalyModel: string;
  readonly tradesFrom: TradesFrom;
  readonly style: ChartStyle;
  readonly volume: boolean;
  /** The close of the other side of the quote as a line. */
  readonly otherSide: boolean;
  readonly news: boolean;
  readonly sessions: boolean;
  readonly repaired: boolean;
  readonly layout: ChartLayout;
  readonly linkSymbol: boolean;
  readonly linkTimeframe: boolean;
  readonly active: CellId;
  readonly cells: Readonly<Record<CellId, CellMarket>>;
  /** Market of the workspace that was last taken over: a later one is taken over again. */
  readonly taken: string;
}

const PRICE_SIDES: readonly PriceSide[] = ['bid', 'mid', 'ask'];
const NOTHING: CellMarket = { symbol: undefined, timeframe: undefined, side: undefined };
const DEFAULTS: ChartChoices = {
  showForecast: true,
  anomalyModel: '',
  tradesFrom: 'backtest',
  style: 'candles',
  volume: true,
  otherSide: false,
  news: true,
  sessions: false,
  repaired: true,
  layout: 'one',
  linkSymbol: true,
  linkTimeframe: false,
  active: 'a',
  cells: { a: NOTHING, b: NOTHING, c: NOTHING, d: NOTHING },
  taken: '',
};

const isFlag = (v: unknown) => typeof v === 'boolean';
const oneOf = (list: readonly unknown[]) => (v: unknown) => list.includes(v);

function isCell(v: unknown): boolean {
  if (typeof v !== 'object' || v === null) return false;
  const { symbol, timeframe, side } = v as Record<string, unknown>;
  return (
    (symbol === undefined || typeof symbol === 'string') &&
    (timeframe === undefined || oneOf(ALL_TIMEFRAMES)(timeframe)) &&
    (side === undefined || oneOf(PRICE_SIDES)(side))
  );
}

/** The choices that storage gives; whatever is not understood falls back. */
export function restoreChart(raw: unknown): ChartChoices {
  const restored = pick<ChartChoices>(raw, DEFAULTS, {
    showForecast: isFlag,
    anomalyModel: (v) => typeof v === 'string',
    tradesFrom: oneOf(['none', 'backtest', 'session']),
    style: oneOf(CHART_STYLES),
    volume: isFlag,
    otherSide: isFlag,
    news: isFlag,
    sessions: isFlag,
    repaired: isFlag,
    layout: oneOf(LAYOUTS),
    linkSymbol: isFlag,
    linkTimeframe: isFlag,
    active: oneOf(CELL_IDS),
    cells: (v) =>
      typeof v === 'object' &&
      v !== null &&
      CELL_IDS.every((id) => isCell((v as Record<string, unknown>)[id])),
    taken: (v) => typeof v === 'string',
  });
  return shownCells(restored).includes(restored.active) ? restored : { ...restored, active: 'a' };
}

/** The cells that the layout has room for. */
export function shownCells({ layout }: Pick<ChartChoices, 'layout'>): readonly CellId[] {
  return CELL_IDS.slice(0, CELLS_OF[layout]);
}

/** What the charts show and how they are laid out. */
export const chartStore = createStore<ChartChoices>(() => restoreChart(recall('chart')));
chartStore.subscribe((state) => remember('chart', state));

export function useChart<T>(select: (state: ChartChoices) => T): T {
  return useStore(chartStore, select);
}

/** A market for a cell, and for the others where they are linked. Links change what they link and nothing else. */
export function placeMarket(
  state: ChartChoices,
  id: CellId,
  market: Partial<CellMarket>,
): Partial<ChartChoices> {
  const cells = { ...state.cells };
  for (const other of CELL_IDS) {
    const next: { -readonly [K in keyof CellMarket]: CellMarket[K] } = { ...cells[other] };
    const own = other === id;
    if ('symbol' in market && (own || state.linkSymbol)) {
      if (next.symbol !== market.symbol) next.side = undefined;
      next.symbol = market.symbol;
    }
    if ('timeframe' in market && (own || state.linkTimeframe)) next.timeframe = market.timeframe;
    if ('side' in market && own) next.side = market.side;
    cells[other] = next;
  }
  return { cells };
}

export function setMarket(id: CellId, market: Partial<CellMarket>): void {
  chartStore.setState((state) => placeMarket(state, id, market));
}
