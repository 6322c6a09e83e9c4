/** Writes the committed demo market anew: `node scripts/make-demo-market.ts`. A test holds it to the generator. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { barsToCsv, DEMO_SEED, demoMarketPath, generateDemoMarket } from '../src-main/data/demoMarket.ts';

const { bars, instrument } = generateDemoMarket(DEMO_SEED);
const path = demoMarketPath();
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, gzipSync(barsToCsv(bars, instrument), { level: 9 }));
console.log(`${bars.timeMs.length} bars of ${instrument.symbol} (SYNTHETIC) written to ${path}`);
