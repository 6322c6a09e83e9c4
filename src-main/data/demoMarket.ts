import { fileURLToPath } from 'node:url';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';
import { DEMO_SYMBOL, DEMO_TIMEFRAME } from './demo/generator.ts';
import { type ImportProgress, type ImportResult, importFile } from './importer.ts';

export {
  DEMO_SEED,
  DEMO_SYMBOL,
  DEMO_TIMEFRAME,
  type DemoMarketOptions,
  generateDemoMarket,
} from './demo/generator.ts';

/** Where the committed demo market lies, below the folder of resources. */
const FILE = `demo-market/${DEMO_SYMBOL}_${DEMO_TIMEFRAME}.csv.gz`;

/**
 * Path of the committed demo market.
 * @param resources folder of resources as a URL with a final slash; a packaged application passes its own
 */
export function demoMarketPath(resources: URL = new URL('../../resources/', import.meta.url)): string {
  return fileURLToPath(new URL(FILE, resources));
}

/**
 * Loads the committed demo market through the importer, like any other file. SYNTHETIC: its instrument says
 * so and everything that shows it must.
 * @throws FrontierError as `importFile`
 */
export function loadDemoMarket(
  path: string = demoMarketPath(),
  onProgress?: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  return importFile(path, { symbol: DEMO_SYMBOL, timeframe: DEMO_TIMEFRAME, priceSide: 'bid' }, onProgress);
}

/** Bars as CSV text in the form of the committed file: ISO times in UTC, prices with the instrument's digits. */
export function barsToCsv(bars: BarColumns, instrument: Instrument): string {
  const lines = ['timestamp,open,high,low,close,volume'];
  for (let i = 0; i < bars.timeMs.length; i++) {
    const time = new Date(bars.timeMs[i]!).toISOString().replace('.000Z', 'Z');
    const prices = [bars.open, bars.high, bars.low, bars.close].map((c) => c[i]!.toFixed(instrument.digits));
    lines.push(`${time},${prices.join(',')},${bars.volume[i]}`);
  }
  return `${lines.join('\n')}\n`;
}
