import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropForecastCache } from '../../src-main/app/forecast.ts';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { cleanUp, openEngine } from '../support/engine.ts';
import { endOfRun } from '../support/engineWorld.ts';

let engine: FrontierEngine;
let modelId: string;
let file: string;

beforeAll(async () => {
  engine = await openEngine();
  for await (const _ of await engine.client.data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
  const { runId } = await engine.client.training.start({ symbol: 'SYNFX', timeframe: 'H1', epochs: 2 });
  modelId = (await endOfRun(engine, runId)).modelId!;
  file = join(engine.context.home, 'cache', 'signals', `${modelId}.bin`);
});
afterAll(async () => {
  await engine.close();
  await cleanUp();
});

const ask = (count: number, endMs?: number) => {
  dropForecastCache();
  return engine.client.data.forecast({ modelId, count, endMs });
};

describe('forecasts of the chart', () => {
  it('lie on the bars they were made at, with the interval of the calibration around them', async () => {
    const forecast = await ask(200);
    const { bars } = await engine.client.data.bars({ symbol: 'SYNFX', timeframe: 'H1', count: 200 });
    expect(forecast.timeMs).toEqual(bars.timeMs);
    const { version } = engine.context.stores.models.get(modelId);
    const { calibration } = engine.context.artifacts.load('SYNFX', 'H1', version).manifest;
    for (const [i, price] of forecast.price.entries()) {
      // lower and upper are the price times exp(-+ q * scale): the price is their geometric mean.
      const [low, high] = [forecast.lower[i]!, forecast.upper[i]!];
      expect(Math.sqrt(low * high)).toBeCloseTo(price!, 9);
      expect(Math.log(high / low) / (2 * calibration!.q)).toBeGreaterThan(0);
    }
  });

  it('end before the asked bar and give nothing where nothing is known', async () => {
    const { bars } = await engine.client.data.bars({ symbol: 'SYNFX', timeframe: 'H1', count: 50 });
    const endMs = bars.timeMs[25]!;
    expect((await ask(10, endMs)).timeMs).toEqual(bars.timeMs.slice(15, 25));
    const first = await ask(20_000);
    expect(first.timeMs).toHaveLength(16_000);
    expect(first.price[0]).toBeNull();
  });

  it.each([
    ['was removed', () => rmSync(file)],
    ['was cut short', () => truncateSync(file, statSync(file).size - 8)],
    ['is of something else', () => writeFileSync(file, Buffer.alloc(statSync(file).size, 1))],
  ])('are the same again where what was kept %s', async (_, spoil) => {
    const before = await ask(500);
    spoil();
    expect(await ask(500)).toEqual(before);
    expect(statSync(file).size).toBe(64 + 16_000 * 48);
  });
});
