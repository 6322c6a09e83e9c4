import type { QualityDto } from '../../../src-shared/contract/data.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { resample } from '../../../src-shared/market/resample.ts';
import { carryMarks } from '../../../src-shared/market/resampleMarks.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { checkQuality } from '../../data/quality.ts';
import type { JobContext } from '../../jobs/port.ts';
import { BarStore, type SavedDataset } from '../../store/bars.ts';
import { homePaths } from '../context.ts';

export interface ResamplePayload {
  readonly home: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  readonly target: Timeframe;
}

export interface ResampleResultData {
  readonly stored: SavedDataset;
  readonly quality: QualityDto;
  readonly notes: string[];
}

function notesOf(target: Timeframe, made: ReturnType<typeof resample>, marked: number): string[] {
  const notes: string[] = [];
  if (made.firstPartial) notes.push(`The first ${target} bar is partial: the history begins within it.`);
  if (made.lastPartial) notes.push(`The last ${target} bar is partial: the history ends within it.`);
  if (made.straddlingBars > 0) {
    notes.push(
      `${made.straddlingBars} bars reach over the end of the ${target} bar they were counted in: the source is not aligned to the market's day.`,
    );
  }
  if (marked > 0) notes.push(`${marked} bars hold a repaired one and carry its mark.`);
  return notes;
}

/**
 * Stores a history resampled to a longer timeframe, with its marks.
 * @throws FrontierError BAD_INPUT for a target that is not longer, or no multiple; as the bar store
 */
export async function resampleJob(
  payload: ResamplePayload,
  context: JobContext,
): Promise<ResampleResultData> {
  const { symbol, timeframe, priceSide, target } = payload;
  if (timeframe === target) {
    throw new FrontierError('BAD_INPUT', `This history is ${target} already.`, 'Choose a longer timeframe.');
  }
  const instrument = instrumentFor(symbol);
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const { bars, marks } = await store.loadMarked(symbol, timeframe, {}, priceSide);
    context.report({ fraction: 0.4 });
    const options = { source: timeframe, target, calendar: calendarOf(instrument) };
    const made = resample(bars, options);
    const madeMarks = carryMarks(bars.timeMs, marks, made.bars.timeMs, options);
    const quality = checkQuality(made.bars, instrument, target, { marks: madeMarks });
    context.signal.throwIfAborted();
    context.report({ fraction: 0.7 });
    const key = { symbol, timeframe: target, priceSide };
    const stored = await store.save(key, made.bars, { marks: madeMarks });
    return { stored, quality, notes: notesOf(target, made, stored.markedBars) };
  } finally {
    await store.close();
  }
}
