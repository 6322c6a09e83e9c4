import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import {
  checkedValues,
  defaultValues,
  INDICATORS,
  indicatorById,
  type ParamValues,
} from '../../../../src-shared/indicators/index.ts';
import { recall, remember } from '../../../state/remember.ts';

/** One indicator on one chart. */
export interface IndicatorInstance {
  /** Unique on its chart. */
  readonly id: string;
  /** Id of its definition. */
  readonly kind: string;
  readonly values: ParamValues;
  /** Chosen colours by output, `#rrggbb`; the palette's for all others. */
  readonly colors: Readonly<Record<string, string>>;
  readonly width: number;
  readonly visible: boolean;
}
/** Which patterns a chart marks. */
export interface PatternChoice {
  readonly candles: boolean;
  readonly swings: boolean;
}
export interface CellIndicators {
  readonly list: readonly IndicatorInstance[];
  readonly patterns: PatternChoice;
}
interface State {
  readonly cells: Readonly<Record<string, CellIndicators>>;
  /** The indicator whose settings are open. */
  readonly editing: { readonly cell: string; readonly id: string } | undefined;
}

/** As many as a chart stays readable and quick with. */
export const MOST_INDICATORS = 24;
export const WIDTHS = [1, 2, 3, 4] as const;
const KEY = 'chart.indicators';
const NOTHING: CellIndicators = { list: [], patterns: { candles: false, swings: false } };

const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isColour = (v: unknown): v is string => typeof v === 'string' && /^#[0-9a-f]{6}$/i.test(v);

function restoreInstance(raw: unknown): IndicatorInstance | undefined {
  if (!isObject(raw) || typeof raw.id !== 'string' || typeof raw.kind !== 'string') return undefined;
  const definition = INDICATORS.find((d) => d.id === raw.kind);
  if (!definition) return undefined;
  let values: ParamValues;
  try {
    values = checkedValues(definition, isObject(raw.values) ? raw.values : {});
  } catch {
    // Kept by an older version whose parameters were others: it comes back as new.
    values = defaultValues(definition);
  }
  const colors = Object.entries(isObject(raw.colors) ? raw.colors : {}).filter((e): e is [string, string] =>
    isColour(e[1]),
  );
  return {
    id: raw.id,
    kind: raw.kind,
    values,
    colors: Object.fromEntries(colors),
    width: WIDTHS.find((w) => w === raw.width) ?? 1,
    visible: raw.visible !== false,
  };
}

/** What storage gives, with everything left out that is not understood. */
export function restoreCells(raw: unknown): Record<string, CellIndicators> {
  const cells: Record<string, CellIndicators> = {};
  for (const [cell, kept] of Object.entries(isObject(raw) ? raw : {})) {
    if (!isObject(kept)) continue;
    const list = (Array.isArray(kept.list) ? kept.list : [])
      .map(restoreInstance)
      .filter((x) => x !== undefined);
    const unique = list.filter((x, i) => list.findIndex((y) => y.id === x.id) === i);
    const patterns = isObject(kept.patterns) ? kept.patterns : {};
    cells[cell] = {
      list: unique.slice(0, MOST_INDICATORS),
      patterns: { candles: patterns.candles === true, swings: patterns.swings === true },
    };
  }
  return cells;
}

export const indicatorStore = createStore<State>(() => ({
  cells: restoreCells(recall(KEY)),
  editing: undefined,
}));
indicatorStore.subscribe((now, before) => {
  if (now.cells !== before.cells) remember(KEY, now.cells);
});

function change(cell: string, make: (was: CellIndicators) => CellIndicators): void {
  indicatorStore.setState(({ cells }) => ({ cells: { ...cells, [cell]: make(cells[cell] ?? NOTHING) } }));
}

function changeOne(cell: string, id: string, make: (was: IndicatorInstance) => IndicatorInstance): void {
  change(cell, (was) => ({ ...was, list: was.list.map((x) => (x.id === id ? make(x) : x)) }));
}

/** The number after the highest one of a kind, so that a removed one's name does not come back to another. */
function freshId(list: readonly IndicatorInstance[], kind: string): string {
  const used = list.filter((x) => x.kind === kind).map((x) => Number(x.id.split('-').at(-1)) || 0);
  return `${kind}-${Math.max(0, ...used) + 1}`;
}

/** What can be done to the indicators of a chart. */
export const indicatorActions = {
  /** Adds one with its defaults. @returns its id; undefined when the chart is full */
  add(cell: string, kind: string): string | undefined {
    const { list } = indicatorStore.getState().cells[cell] ?? NOTHING;
    if (list.length >= MOST_INDICATORS) return undefined;
    const values = defaultValues(indicatorById(kind));
    const id = freshId(list, kind);
    const fresh = { id, kind, values, colors: {}, width: 1, visible: true };
    change(cell, (was) => ({ ...was, list: [...was.list, fresh] }));
    return id;
  },
  remove(cell: string, id: string): void {
    change(cell, (was) => ({ ...was, list: was.list.filter((x) => x.id !== id) }));
    indicatorActions.stopEditing(cell, id);
  },
  removeAll(cell: string): void {
    change(cell, (was) => ({ ...was, list: [] }));
    indicatorStore.setState({ editing: undefined });
  },
  toggle(cell: string, id: string): void {
    changeOne(cell, id, (x) => ({ ...x, visible: !x.visible }));
  },
  /** Takes over values that were checked. */
  setValue(cell: string, id: string, key: string, value: number | string): void {
    changeOne(cell, id, (x) => ({ ...x, values: { ...x.values, [key]: value } }));
  },
  /** Undefined gives an output the palette's colour again. */
  setColor(cell: string, id: string, output: string, color: string | undefined): void {
    changeOne(cell, id, (x) => {
      const { [output]: _gone, ...rest } = x.colors;
      return { ...x, colors: color === undefined ? rest : { ...rest, [output]: color } };
    });
  },
  setWidth(cell: string, id: string, width: number): void {
    changeOne(cell, id, (x) => ({ ...x, width }));
  },
  /** Parameters, colours and width as they were when it was added. */
  reset(cell: string, id: string): void {
    changeOne(cell, id, (x) => ({
      ...x,
      values: defaultValues(indicatorById(x.kind)),
      colors: {},
      width: 1,
      visible: true,
    }));
  },
  setPatterns(cell: string, choice: Partial<PatternChoice>): void {
    change(cell, (was) => ({ ...was, patterns: { ...was.patterns, ...choice } }));
  },
  edit(cell: string, id: string): void {
    indicatorStore.setState({ editing: { cell, id } });
  },
  stopEditing(cell: string, id: string): void {
    indicatorStore.setState(({ editing }) => ({
      editing: editing?.cell === cell && editing.id === id ? undefined : editing,
    }));
  },
};

/** The indicators and patterns of a chart. */
export function useCellIndicators(cell: string): CellIndicators {
  return useStore(indicatorStore, (s) => s.cells[cell] ?? NOTHING);
}

/** Whether the settings of an indicator are open. */
export function useEditing(cell: string, id: string): boolean {
  return useStore(indicatorStore, (s) => s.editing?.cell === cell && s.editing.id === id);
}
