/**
 * The demo market from the empty window to a paper session: generated data says so in every place that shows it, and
 * full tabs hold their figures at every width.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import {
  fillNumber,
  keepColours,
  num,
  openTab,
  sessionState,
  type Tab,
  until,
  waitForStudy,
  waitForTraining,
} from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';

const TABS: readonly Tab[] = ['chart', 'data', 'training', 'backtest', 'optimise', 'live'];
const SIZES = [
  { width: 1180, height: 800 },
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
];

describe('the demo market', () => {
  const world = useWorld({ chained: true });
  beforeAll(() => keepColours(world.page));

  const badges = (tab: Tab) => world.page.locator(`#view-${tab}`).getByText('SYNTHETIC', { exact: true });

  it('loads from the empty chart and is labelled from the first moment', async () => {
    const { page } = world;
    await page.getByRole('button', { name: 'Load the demo market' }).click();
    const result = page.getByTestId('import-result');
    await result.getByText('is stored').waitFor();
    expect(await result.getByText('SYNTHETIC', { exact: true }).count()).toBe(1);
    expect(await page.getByTestId('dataset-row').getByText('SYNTHETIC', { exact: true }).count()).toBe(1);
    expect(await page.getByRole('banner').getByText('SYNTHETIC', { exact: true }).count()).toBe(1);
    expect(await page.locator('.ft-app').getAttribute('data-frame')).toBe('synthetic');
  });

  it('is trained, backtested, studied, deployed and replayed', async () => {
    const { page } = world;
    await openTab(page, 'training');
    await fillNumber(page, 'Epochs', 5);
    await page.getByTestId('train-start').click();
    await page.getByTestId('train-state').waitFor();
    await waitForTraining(page);
    await page.getByRole('button', { name: 'Backtest it' }).click();
    await page.getByTestId('backtest-run').click();
    await page.getByTestId('backtest-metrics').waitFor();
    await openTab(page, 'optimise');
    await fillNumber(page, 'Evaluations', 160);
    await page.getByTestId('study-start').click();
    await page.getByTestId('study-progress').waitFor();
    await waitForStudy(page);
    await page.getByTestId('front-row').first().click();
    const open = page.getByTestId('deploy-open');
    await until(() => open.isEnabled(), Boolean, 'the figures of the point');
    await open.click();
    const dialog = page.getByRole('dialog', { name: /^Deploy SYNFX/ });
    await dialog.waitFor();
    expect(await dialog.getByText('SYNTHETIC', { exact: true }).count()).toBe(1);
    expect(await looksWrong(page)).toEqual([]);
    await page.getByTestId('deploy-confirm').click();
    await page.getByTestId('live-start').click();
    await until(
      () => sessionState(page).catch(() => null),
      (state) => state === 'finished',
      'the end of the replay',
      60_000,
    );
    await page.getByTestId('live-adherence').waitFor();
    expect(num(await page.getByTestId('live-decision').getByText('in all').textContent())).toBeGreaterThan(
      50,
    );
  });

  it('is labelled SYNTHETIC in every tab', async () => {
    const { page } = world;
    for (const tab of TABS) {
      await openTab(page, tab);
      await badges(tab).first().waitFor();
      expect(await page.getByRole('banner').getByText('SYNTHETIC', { exact: true }).isVisible()).toBe(true);
    }
  });

  it('fills every tab at every width without cutting or covering anything', async () => {
    const { page } = world;
    const wrong: string[] = [];
    for (const { width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      for (const tab of TABS) {
        await openTab(page, tab);
        await badges(tab).first().waitFor();
        // Charts and panels follow the window a frame or two later.
        await page.waitForTimeout(400);
        wrong.push(...(await looksWrong(page)).map((what) => `${tab} at ${width}: ${what}`));
        await shot(page, `full-${tab}-${width}`);
      }
    }
    expect(wrong).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('is there again after a reload: tab, market and result', async () => {
    const { page } = world;
    await openTab(page, 'backtest');
    const metrics = page.getByTestId('backtest-metrics');
    const before = await metrics.textContent();
    await page.reload();
    await metrics.waitFor();
    expect(await metrics.textContent()).toBe(before);
    expect(await page.getByRole('tab', { selected: true }).textContent()).toBe('Backtest');
    expect(await page.getByRole('combobox', { name: 'Symbol' }).inputValue()).toBe('SYNFX');
    await shot(page, 'demo-market');
  });

  it('is as complete in the light theme', async () => {
    const { page } = world;
    await page.keyboard.press('Control+K');
    await page.getByRole('textbox', { name: 'Search commands' }).fill('light theme');
    await page.keyboard.press('Enter');
    await until(
      () => world.page.locator('html').getAttribute('data-mantine-color-scheme'),
      (scheme) => scheme === 'light',
      'the light theme',
    );
    for (const tab of TABS) {
      await openTab(page, tab);
      await badges(tab).first().waitFor();
      await page.waitForTimeout(300);
      expect(await looksWrong(page), tab).toEqual([]);
      await shot(page, tab === 'live' ? 'light-theme' : `light-${tab}`);
    }
  });
});
