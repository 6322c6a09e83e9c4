import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { isoTime } from '../import/times.ts';
import { BLOCK, NEIGHBOURS, SPIKE_Z, Surroundings, WICK_RANGES } from './surroundings.ts';
import type { CheckContext } from './types.ts';

/**
 * A spike stands out from both neighbours by so many median ranges. Measured: the largest real one in 30
 * real files is 36 (sterling's flash crash of 2016, hourly); planted bad ticks are at 93 and more.
 */
const SPIKE_RANGES = 40;
/** A wrong price may stay for so many bars. */
const PLATEAU_BARS = 3;
/** After a plateau the price is back by this share of the jump. */
const BACK_SHARE = 0.8;

/** How far a bar stands out. */
export interface Spike {
  readonly row: number;
  /** Bars that hold the wrong price. */
  readonly bars: number;
  readonly up: boolean;
  /** Beyond both neighbours, price units and usual ranges. */
  readonly reach: number;
  readonly ranges: number;
  /** Robust z-score of the return there and back. */
  readonly z: number;
}

/** Largest excursions inside one block, price units. */
interface BlockPeaks {
  reach: number;
  move: number;
}

/** How far a bar leaves the range of its neighbours. */
function reachOf({ high, low }: BarColumns, i: number): { up: number; down: number } {
  return {
    up: high[i]! - Math.max(high[i - 1]!, high[i + 1]!),
    down: Math.min(low[i - 1]!, low[i + 1]!) - low[i]!,
  };
}

/** Signed return to the extreme of a bar and back to the close of the next; of the two sides the larger. */
function moveOf({ high, low, close }: BarColumns, i: number): number {
  const before = close[i - 1]!;
  const after = close[i + 1]!;
  const rise = high[i]! - Math.max(before, after);
  const fall = Math.min(before, after) - low[i]!;
  return rise >= fall ? rise : -fall;
}

/** The largest reach and return of rows [from, to): the hot loop of the check. */
function peaksOf({ high, low, close }: BarColumns, from: number, to: number, peaks: BlockPeaks): void {
  let reach = 0;
  let move = 0;
  for (let i = from; i < to; i++) {
    const h = high[i]!;
    const l = low[i]!;
    const before = close[i - 1]!;
    const after = close[i + 1]!;
    const highBefore = high[i - 1]!;
    const highAfter = high[i + 1]!;
    const lowBefore = low[i - 1]!;
    const lowAfter = low[i + 1]!;
    const up = h - (highBefore > highAfter ? highBefore : highAfter);
    const down = (lowBefore < lowAfter ? lowBefore : lowAfter) - l;
    if (up > reach) reach = up;
    if (down > reach) reach = down;
    const rise = h - (before > after ? before : after);
    const fall = (before < after ? before : after) - l;
    const jump = close[i]! - before;
    if (rise > move) move = rise;
    if (fall > move) move = fall;
    if (jump > move) move = jump;
    if (-jump > move) move = -jump;
  }
  peaks.reach = reach;
  peaks.move = move;
}

/** Whether a bar that stands out is taken for a wrong one, and by which measure. */
export function judgeSpike(spike: Spike): { byNeighbours: boolean; byScore: boolean; bad: boolean } {
  const byNeighbours = spike.ranges >= SPIKE_RANGES;
  const byScore = spike.z >= SPIKE_Z;
  return { byNeighbours, byScore, bad: byNeighbours || byScore };
}

/** Every bar that stands out enough to be reported, in order of time. */
export function findSpikes(
  context: Pick<CheckContext, 'bars' | 'instrument'>,
  ranges: Float64Array,
): Spike[] {
  const { bars } = context;
  const rows = ranges.length;
  const around = new Surroundings(context, ranges);
  const spikes: Spike[] = [];
  const peaks: BlockPeaks = { reach: 0, move: 0 };
  for (let block = 0; block * BLOCK < rows; block++) {
    const from = Math.max(1, block * BLOCK);
    const to = Math.min(rows - 1, (block + 1) * BLOCK);
    peaksOf(bars, from, to, peaks);
    // At the ends fewer bars are around, and the bounds do not hold.
    const edge = from < NEIGHBOURS || to > rows - NEIGHBOURS;
    if (!edge && around.isQuiet(block, peaks.reach, peaks.move)) continue;
    const bounds = edge ? { reach: 0, move: 0 } : around.bounds(block);
    for (let i = from; i < to; i++) {
      const spike = spikeAt(bars, around, bounds, i);
      if (spike) spikes.push(spike);
    }
  }
  return spikes;
}

function spikeAt(bars: BarColumns, around: Surroundings, bounds: BlockPeaks, i: number): Spike | undefined {
  const { close } = bars;
  const { up, down } = reachOf(bars, i);
  const reach = Math.max(up, down);
  const move = moveOf(bars, i);
  const reaches = reach > bounds.reach;
  const moves = Math.abs(move) > bounds.move;
  if (!reaches && !moves && Math.abs(close[i]! - close[i - 1]!) <= bounds.move) return undefined;
  const wick = { up: up >= down, reach: reaches ? reach : 0 };
  return single(around, i, wick, moves ? move : 0) ?? plateau(around, close, i, close.length);
}

/** @param move return there and back, signed, price units; 0 where it cannot be large */
function single(
  around: Surroundings,
  i: number,
  wick: { readonly up: boolean; readonly reach: number },
  move: number,
): Spike | undefined {
  const ranges = wick.reach > 0 ? wick.reach / around.usualRange(i) : 0;
  const z = move !== 0 ? around.zScore(i, move) : 0;
  if (ranges < WICK_RANGES && z < SPIKE_Z) return undefined;
  return { row: i, bars: 1, up: z >= SPIKE_Z ? move > 0 : wick.up, reach: wick.reach, ranges, z };
}

/** A jump of the close that stays for two or three bars and is then taken back. */
function plateau(around: Surroundings, close: Float64Array, i: number, rows: number): Spike | undefined {
  const before = close[i - 1]!;
  const jump = close[i]! - before;
  for (let k = 2; k <= PLATEAU_BARS && i + k < rows; k++) {
    const stays = (close[i + k - 1]! - before) / jump;
    if (!(stays > BACK_SHARE && stays < 2 - BACK_SHARE)) return undefined;
    if (Math.abs(close[i + k]! - before) > (1 - BACK_SHARE) * Math.abs(jump)) continue;
    const z = around.zScore(i, jump);
    if (z < SPIKE_Z) return undefined;
    return { row: i, bars: k, up: jump > 0, reach: 0, ranges: 0, z };
  }
  return undefined;
}

/** Bars that leave the price of those around them and come back at once: wrong ticks, and real wicks. */
export function checkSpikes(context: CheckContext, ranges: Float64Array): void {
  const { bars, instrument, findings, lineOf } = context;
  for (const spike of findSpikes(context, ranges)) {
    const { byNeighbours, byScore, bad } = judgeSpike(spike);
    const timeMs = bars.timeMs[spike.row]!;
    const until = spike.bars > 1 ? { untilMs: bars.timeMs[spike.row + spike.bars - 1]! } : {};
    const line = lineOf && { line: lineOf(spike.row) };
    findings.add(
      {
        kind: bad ? 'bad_tick_spike' : 'large_wick',
        severity: bad ? 'warning' : 'info',
        timeMs,
        ...until,
        count: spike.bars,
        ...line,
      },
      () => describe(spike, timeMs, instrument.pipSize, byNeighbours, byScore),
      Math.max(spike.ranges / SPIKE_RANGES, spike.z / SPIKE_Z),
    );
  }
}

function describe(
  spike: Spike,
  timeMs: number,
  pipSize: number,
  byNeighbours: boolean,
  byScore: boolean,
): string {
  const where = spike.up ? 'above' : 'below';
  const who = spike.bars > 1 ? `${spike.bars} bars from ${isoTime(timeMs)}` : `Bar at ${isoTime(timeMs)}`;
  const reach = `${(spike.reach / pipSize).toFixed(1)} pips ${where} both neighbours, ${spike.ranges.toFixed(0)} times the usual range`;
  const score = `${where} the prices before and after with a robust z-score of ${spike.z.toFixed(0)}`;
  if (byNeighbours && byScore)
    return `${who} reaches ${reach}, and lies ${score} (found by neighbours and z-score).`;
  if (byScore)
    return `${who} ${spike.bars > 1 ? 'lie' : 'lies'} ${score}, and the price comes back (found by z-score).`;
  return `${who} reaches ${reach}${byNeighbours ? ' (found by neighbours)' : ''}.`;
}
