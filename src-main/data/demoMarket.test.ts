import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { computeFeatures, forwardTargets } from '../features/index.ts';
import {
  barsToCsv,
  DEMO_SEED,
  type DemoMarketOptions,
  demoMarketPath,
  generateDemoMarket,
  loadDemoMarket,
} from './demoMarket.ts';
import { checkQuality } from './quality.ts';

/** Share of the variance of the forward return explained by the mean within bins of `ema_distance_48`. */
function binnedR2(options: DemoMarketOptions, horizonBars: number): number {
  const { bars, instrument } = generateDemoMarket(11, { bars: 60_000, ...options });
  const { values, atr, warmupBars } = computeFeatures(bars, instrument, ['ema_distance_48']);
  const targets = forwardTargets(bars, atr, horizonBars);
  const sums = new Float64Array(24);
  const counts = new Float64Array(24);
  let total = 0;
  for (let i = warmupBars; i < targets.length - horizonBars; i++) {
    const bin = Math.max(0, Math.min(23, Math.floor(values[i]! + 12)));
    sums[bin]! += targets[i]!;
    counts[bin]! += 1;
    total += targets[i]! ** 2;
  }
  return sums.reduce((r2, sum, b) => r2 + (counts[b]! > 0 ? sum ** 2 / counts[b]! : 0), 0) / total;
}

describe('demo market', () => {
  it('the committed file is what the generator makes', async () => {
    const committed = gunzipSync(await readFile(demoMarketPath())).toString('utf8');
    const { bars, instrument } = generateDemoMarket(DEMO_SEED);
    expect(committed === barsToCsv(bars, instrument)).toBe(true);
  });

  it('loads through the importer as synthetic, complete and sound', async () => {
    const result = await loadDemoMarket();
    expect(result).toMatchObject({ timeframe: 'H1', priceSide: 'bid', notes: [] });
    expect(result.instrument).toMatchObject({ symbol: 'SYNFX', synthetic: true });
    expect(result.bars.timeMs).toHaveLength(16_000);
    const report = checkQuality(result.bars, result.instrument, result.timeframe);
    expect(report).toMatchObject({ score: 100, missingBars: 0, issues: [] });
  });

  it('looks like FX: sessions, clustering, fat tails, weekend gaps', () => {
    const { bars } = generateDemoMarket(DEMO_SEED);
    const returns = Array.from(bars.close, (c, i) => (i === 0 ? 0 : Math.log(c / bars.close[i - 1]!)));
    const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
    const variance = mean(returns.map((r) => r * r));
    expect(Math.sqrt(variance * 6200)).toBeGreaterThan(0.07);
    expect(Math.sqrt(variance * 6200)).toBeLessThan(0.12);
    expect(mean(returns.map((r) => r ** 4)) / variance ** 2).toBeGreaterThan(4);
    const size = returns.map(Math.abs);
    const m = mean(size);
    const auto =
      mean(size.slice(24).map((x, i) => (x - m) * (size[i]! - m))) / mean(size.map((x) => (x - m) ** 2));
    expect(auto).toBeGreaterThan(0.1);
    expect(Math.max(...bars.close) / Math.min(...bars.close)).toBeLessThan(1.5);
  });

  it('holds a weak pattern of the documented size, and none when asked for none', () => {
    const withPattern = binnedR2({}, 12);
    expect(withPattern).toBeGreaterThan(0.015);
    expect(withPattern).toBeLessThan(0.04);
    expect(binnedR2({ patternStrength: 0 }, 12)).toBeLessThan(0.006);
  });

  it('is the same for the same seed and another for another', () => {
    const a = generateDemoMarket(5, { bars: 200 }).bars;
    expect(generateDemoMarket(5, { bars: 200 }).bars).toEqual(a);
    expect(generateDemoMarket(6, { bars: 200 }).bars.close).not.toEqual(a.close);
    expect(generateDemoMarket(5, { bars: 100 }).bars.close).toEqual(a.close.slice(0, 100));
  });
});
