import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { MARK } from '../../src-shared/market/marks.ts';

function fail(message: string): FrontierError {
  return new FrontierError('BAD_INPUT', message, 'Store only histories that passed the import.');
}

/** @throws FrontierError BAD_INPUT for bars that cannot be stored as they are */
export function checkBars(bars: BarColumns): void {
  const rows = bars.timeMs.length;
  if (rows === 0) throw fail('There are no bars to store.');
  for (const [name, column] of Object.entries(bars) as [string, Float64Array][]) {
    if (column.length !== rows) throw fail(`The ${name} column has ${column.length} values, not ${rows}.`);
    for (let i = 0; i < rows; i++) {
      if (!Number.isFinite(column[i]!)) throw fail(`The ${name} of bar ${i} is ${column[i]}.`);
    }
  }
  const { timeMs } = bars;
  for (let i = 0; i < rows; i++) {
    if (!Number.isInteger(timeMs[i]!)) throw fail(`The time of bar ${i} is no whole millisecond.`);
    if (i > 0 && timeMs[i]! <= timeMs[i - 1]!) throw fail(`Bar ${i} is not after the one before.`);
  }
}

/** @throws FrontierError BAD_INPUT for marks that are not one known mark per bar */
export function checkMarks(marks: Uint8Array | undefined, rows: number): void {
  if (!marks) return;
  if (marks.length !== rows) throw fail(`There are ${marks.length} marks for ${rows} bars.`);
  const most = Math.max(...Object.values(MARK));
  const wrong = marks.findIndex((mark) => mark > most);
  if (wrong >= 0) throw fail(`The mark of bar ${wrong} is ${marks[wrong]}, which is none.`);
}
