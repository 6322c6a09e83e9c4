/**
 * A download by clicking, from a server on this machine that speaks OANDA's protocol and fails once on the way: the
 * key is entered, the wait is explained, the history is stored, and an update asks for what came since and no more.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FROM_MS, KEY, oandaFixture } from '../peers/fixtures.ts';
import type { ProviderFixture } from '../peers/providerFixture.ts';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import { keepColours, openTab, until } from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';
import { providerVariable } from '../support/fetchWorld.ts';

const DAYS = 20;
const DAY_MS = 86_400_000;
const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

describe('downloads', () => {
  let fixture: ProviderFixture;
  // Before the host starts, which takes the address from its environment.
  beforeAll(async () => {
    fixture = await oandaFixture('bid', 'H1', DAYS);
    Object.assign(process.env, providerVariable([fixture]));
  });
  const world = useWorld({ chained: true });
  afterAll(() => fixture.peer.stop());

  const openDownload = () => world.page.locator('.ft-panel-actions label', { hasText: 'Download' }).click();

  it('takes the key and shows no more than that it is there', async () => {
    const { page } = world;
    await keepColours(page);
    await openTab(page, 'data');
    await openDownload();
    await page.getByTestId('fetch-provider').click();
    await page.getByRole('option', { name: /^OANDA/ }).click();
    await page.getByRole('button', { name: 'Enter keys' }).click();
    await page.getByRole('button', { name: /^Enter OANDA/ }).click();
    await page.getByTestId('key-oanda.token').fill(KEY);
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.getByRole('button', { name: /^Replace OANDA/ }).waitFor();
    expect(await page.content()).not.toContain(KEY);
  });

  it('downloads through a failure to the end', async () => {
    const { page } = world;
    fixture.peer.faults.push({ kind: 'server-error', status: 503 });
    await openTab(page, 'data');
    await page.getByTestId('fetch-symbols').click();
    await page.keyboard.type('eurusd,');
    await page.getByRole('textbox', { name: 'First day (UTC)' }).fill(day(FROM_MS));
    await page.getByRole('textbox', { name: 'Last day (UTC)' }).fill(day(FROM_MS + (DAYS - 1) * DAY_MS));
    await page.getByTestId('fetch-start').click();
    const task = page.getByTestId('fetch-task').first();
    await until(
      () => task.getAttribute('data-state'),
      (s) => s === 'done',
      'the download',
    );
    expect(fixture.peer.faults).toHaveLength(0);
    const row = page.getByTestId('dataset-row').filter({ hasText: 'EURUSD' });
    await row.waitFor();
    const [dataset] = fixture.world.bars.slice(-1);
    expect(await row.textContent()).toContain(day(dataset!.timeMs));
    expect(await looksWrong(page)).toEqual([]);
    await shot(page, 'download');
  });

  it('asks for what came since, and for nothing that is stored', async () => {
    const { page } = world;
    const asked = fixture.peer.requests.length;
    await page.getByRole('button', { name: /^Update all/ }).click();
    const runs = page.getByTestId('fetch-run');
    await until(
      () => runs.count(),
      (n) => n === 2,
      'the update',
    );
    await until(
      () => runs.first().getAttribute('data-state'),
      (s) => s === 'done',
      'the update',
    );
    const since = fixture.peer.requests.slice(asked);
    expect(since.length).toBeGreaterThan(0);
    const lastMs = fixture.world.bars.at(-1)!.timeMs;
    for (const { query } of since) {
      expect(Date.parse(query.get('from') ?? '')).toBeGreaterThan(lastMs - DAY_MS);
    }
  });
});
