/** Saves two histories in turn for ever; a test kills it: `node dataSaver.ts FOLDER`. */
import { generateDemoMarket } from '../../src-main/data/demoMarket.ts';
import { BarStore } from '../../src-main/store/bars.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('name a folder');
const store = new BarStore(folder);
for (let turn = 0; ; turn++) {
  const { bars } = generateDemoMarket(turn % 2, { bars: 9000 });
  await store.save({ symbol: 'SYNFX', timeframe: 'H1', priceSide: 'bid' }, bars);
  process.stdout.write(`${turn}\n`);
}
