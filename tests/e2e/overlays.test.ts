/** What models lay over a chart: a fan of futures ahead of a bar, and marks of unusual windows with their names. */
import { beforeAll, describe, expect, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import { JOB_MS, keepColours, openTab, until } from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';
import { reach, tokenOf } from '../support/engine.ts';

const MARKET = { symbol: 'SYNFX', timeframe: 'H1', engine: 'cpu' } as const;

describe('models over a chart', () => {
  const world = useWorld({ chained: true });

  beforeAll(async () => {
    const { client, socket } = await reach(world.host.port, tokenOf(world.host.url));
    for await (const _ of await client.data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
    const learn = async (input: Parameters<typeof client.training.start>[0]): Promise<void> => {
      const { runId } = await client.training.start(input);
      for await (const _ of await client.training.watch({ runId }));
      expect((await client.training.get({ runId })).error).toBeUndefined();
    };
    await learn({ ...MARKET, family: 'ridge' });
    await learn({
      ...MARKET,
      family: 'diffusion',
      model: { channels: 8, embedding: 16, encoderChannels: 8, samplingSteps: 4, paths: 32 },
      horizonBars: 24,
      windowBars: 16,
      epochs: 3,
      learningRate: 0.003,
      weightDecay: 0.01,
    });
    await learn({
      ...MARKET,
      family: 'anomaly',
      features: ['candle_body', 'upper_wick', 'lower_wick', 'return_1', 'volatility_ratio_12_48'],
      windowBars: 24,
      epochs: 4,
      learningRate: 0.003,
    });
    socket.close();
  }, 4 * JOB_MS);

  it('draws the fan ahead of the newest bar and marks unusual windows', async () => {
    const { page } = world;
    await keepColours(page);
    await openTab(page, 'chart');
    const fan = page.getByTestId('fan-legend');
    await fan.waitFor({ timeout: JOB_MS });
    expect(await fan.textContent()).toMatch(/Futures from .*90.* between .* after 24 bars/);
    const anomalies = page.getByTestId('anomaly-legend');
    await anomalies.waitFor({ timeout: JOB_MS });
    expect(Number(await anomalies.getAttribute('data-anomalies'))).toBeGreaterThan(0);
    await shot(page, 'overlays-dark');
    expect(await looksWrong(page)).toEqual([]);
  });

  it('draws it ahead of the bar that is clicked', async () => {
    const { page } = world;
    const made = () => page.getByTestId('fan-legend').getAttribute('data-made');
    const newest = Number(await made());
    const box = (await page.getByTestId('price-chart').boundingBox())!;
    await page.mouse.click(box.x + box.width * 0.4, box.y + box.height * 0.4);
    await until(
      async () => Number(await made()),
      (madeMs) => madeMs < newest,
      'the fan is of an earlier bar',
      JOB_MS,
    );
    await shot(page, 'overlays-clicked');
  });

  it('names the unusual window under the pointer', async () => {
    const { page } = world;
    await page.locator('.ft-chart').first().focus();
    for (let i = 0; i < 9; i++) await page.keyboard.press('-');
    const box = (await page.getByTestId('price-chart').boundingBox())!;
    const line = page.getByTestId('anomaly-legend').getByRole('status');
    let text = '';
    for (let x = 0.02; x < 0.9 && text === ''; x += 0.004) {
      await page.mouse.move(box.x + box.width * x, box.y + box.height * 0.5);
      await page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      if ((await line.count()) > 0) text = (await line.textContent()) ?? '';
    }
    expect(text).toMatch(/^[A-Z].*, error [\d.]+ over [\d.]+$/);
  });

  it('is legible on light ground, and goes when nothing is chosen', async () => {
    const { page } = world;
    await page.keyboard.press('Control+K');
    await page.getByRole('textbox', { name: 'Search commands' }).fill('light theme');
    await page.keyboard.press('Enter');
    await until(
      () => page.evaluate(() => document.documentElement.getAttribute('data-mantine-color-scheme')),
      (scheme) => scheme === 'light',
      'the light theme',
    );
    await page.getByTestId('fan-legend').waitFor({ timeout: JOB_MS });
    await shot(page, 'overlays-light');
    for (const [name, nothing] of [
      ['Forecast of model', 'No forecast'],
      ['Unusual windows of model', 'No unusual windows'],
    ] as const) {
      await page.getByRole('combobox', { name }).click();
      await page.getByRole('option', { name: nothing }).click();
    }
    await page.getByTestId('fan-legend').waitFor({ state: 'detached' });
    await page.getByTestId('anomaly-legend').waitFor({ state: 'detached' });
  });

  it('ORD-24: a backtest leaves out entries after unusual windows, and says so', async () => {
    const { page } = world;
    await openTab(page, 'backtest');
    const rule = page.getByRole('combobox', { name: 'Not after unusual windows' });
    await rule.click();
    await page.getByRole('option', { name: /Anomaly v/ }).click();
    await page.getByText('the same bars that carry a marker').waitFor();
    await page.getByTestId('backtest-run').click();
    const said = page.getByTestId('entry-rules');
    await said.waitFor({ timeout: JOB_MS });
    expect(await said.textContent()).toMatch(/after windows that the anomaly model mdl_\w+ flags \(\d+ entr/);
    await shot(page, 'backtest-unusual-windows');
    expect(await looksWrong(page)).toEqual([]);
    await rule.click();
    await page.getByRole('option', { name: 'Off' }).click();
    await page.getByText('the same bars that carry a marker').waitFor({ state: 'detached' });
  });
});
