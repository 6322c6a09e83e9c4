/**
 * Merges hourly bars into a history, some at a time: `node dataMerger.ts FOLDER FIRST COUNT STEP`. Bar i of the
 * history has the price 1 + i / 7.
 */
import { BarStore } from '../../src-main/store/bars.ts';
import { barsFrom } from '../fixtures/numberedBars.ts';

const [folder, first, count, step] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: dataMerger.ts FOLDER FIRST COUNT STEP');
const store = new BarStore(folder);
const key = { symbol: 'EURUSD', timeframe: 'H1', priceSide: 'bid' } as const;
const end = Number(first) + Number(count);
for (let from = Number(first); from < end; from += Number(step)) {
  const bars = barsFrom(from, Math.min(Number(step), end - from));
  const span = { providerId: `p${first}`, fromMs: bars.timeMs[0]!, toMs: bars.timeMs.at(-1)! + 3_600_000 };
  await store.merge(key, bars, { onConflict: 'refuse', span });
}
await store.close();
