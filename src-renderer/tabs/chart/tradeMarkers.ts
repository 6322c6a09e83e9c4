import type { Direction, ExitReason } from '../../../src-shared/trading/types.ts';
import type { ChartColors } from '../../ui/colors.ts';
import { formatSigned } from '../../ui/format.ts';
import { barOf } from './forecastPlace.ts';

/** The part of a trade that the chart shows; an open position has no exit. */
export interface ShownTrade {
  readonly direction: Direction;
  readonly entryTimeMs: number;
  readonly entryPrice: number;
  readonly exitTimeMs?: number;
  readonly exitPrice?: number;
  readonly exitReason?: ExitReason;
  readonly netPips?: number;
}

export interface ChartMarker {
  readonly timeMs: number;
  readonly position: 'aboveBar' | 'belowBar';
  readonly shape: 'arrowUp' | 'arrowDown' | 'circle' | 'square';
  readonly color: string;
  readonly text?: string;
  /** 1 is the ordinary size. */
  readonly size?: number;
}

/** With more marks than this, or several to most bars, words would bury the candles. */
const MOST_LABELS = 240;
const FEW = 12;
const MOST_LABELS_PER_BAR = 0.5;

function haveRoom(groups: readonly Group[], timeMs: readonly number[]): boolean {
  if (groups.length <= FEW) return true;
  const first = barOf(timeMs, groups[0]!.timeMs) ?? 0;
  const last = barOf(timeMs, groups.at(-1)!.timeMs) ?? 0;
  return groups.length <= Math.min(MOST_LABELS, MOST_LABELS_PER_BAR * (last - first + 1));
}

/** Entries, or exits, of one direction in one bar. */
interface Group {
  readonly timeMs: number;
  readonly kind: 'entry' | 'exit';
  readonly direction: Direction;
  count: number;
  /** Won or lost at the exits, in pips. */
  pips: number;
}

function groupsOf(trades: readonly ShownTrade[], timeMs: readonly number[]): Group[] {
  const groups = new Map<string, Group>();
  const put = (kind: Group['kind'], direction: Direction, atMs: number | undefined, pips: number) => {
    const row = atMs === undefined ? undefined : barOf(timeMs, atMs);
    if (row === undefined) return;
    const key = `${kind} ${direction} ${row}`;
    const group = groups.get(key) ?? { timeMs: timeMs[row]!, kind, direction, count: 0, pips: 0 };
    group.count += 1;
    group.pips += pips;
    groups.set(key, group);
  };
  for (const t of trades) {
    put('entry', t.direction, t.entryTimeMs, 0);
    put('exit', t.direction, t.exitTimeMs, t.netPips ?? 0);
  }
  return [...groups.values()].sort((a, b) => a.timeMs - b.timeMs);
}

/** What is written at a mark: how many there are, and what the exits brought. */
function textOf({ kind, count, pips }: Group): string {
  const times = count > 1 ? `${count}×` : '';
  return kind === 'entry' ? times : [times, formatSigned(pips, 1)].filter((t) => t !== '').join(' ');
}

/**
 * Entries as arrows in their direction, exits as dots with the pips won or lost, at the bars they fell into. Those of
 * a direction that share a bar are one mark: a day or a week may hold dozens.
 */
export function tradeMarkers(
  trades: readonly ShownTrade[],
  timeMs: readonly number[],
  colors: Pick<ChartColors, 'up' | 'down'>,
): ChartMarker[] {
  const firstMs = timeMs[0];
  if (firstMs === undefined) return [];
  const shown = trades.filter((t) => (t.exitTimeMs ?? t.entryTimeMs) >= firstMs);
  const groups = groupsOf(shown, timeMs);
  const labelled = haveRoom(groups, timeMs);
  return groups.map((group) => {
    const long = group.direction === 'long';
    const text = labelled ? textOf(group) : '';
    const rises = group.kind === 'entry' ? long : group.pips >= 0;
    return {
      timeMs: group.timeMs,
      position: long === (group.kind === 'entry') ? 'belowBar' : 'aboveBar',
      shape: group.kind === 'exit' ? 'circle' : long ? 'arrowUp' : 'arrowDown',
      color: rises ? colors.up : colors.down,
      ...(text === '' ? {} : { text }),
      ...(labelled ? {} : { size: 0.6 }),
    };
  });
}
