/**
 * Changes a history for ever; a test kills it: `node dataSaver.ts FOLDER`. Each turn saves one of two histories whole,
 * or merges the rest into the first half of one, so that a whole history always ends in one of the two.
 */
import { generateDemoMarket } from '../../src-main/data/demoMarket.ts';
import { BarStore } from '../../src-main/store/bars.ts';
import { sliceBars } from '../../src-shared/market/bars.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('name a folder');
const store = new BarStore(folder);
const key = { symbol: 'SYNFX', timeframe: 'H1', priceSide: 'bid' } as const;
for (let turn = 0; ; turn++) {
  const { bars } = generateDemoMarket(turn % 2, { bars: 9000 });
  if (turn % 3 === 2) {
    const half = await store.save(key, sliceBars(bars, 0, 4500));
    await store.merge(key, sliceBars(bars, 4500, 9000), { onConflict: 'refuse' });
    await store.restore(key, half.replaced!);
  } else {
    await store.save(key, bars);
  }
  process.stdout.write(`${turn}\n`);
}
