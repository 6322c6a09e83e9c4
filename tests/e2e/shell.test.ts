/** The frame around the tabs on a fresh data folder: what is empty, wrong, lost, narrow, and what the keys do. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPage, shot, startHost } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import { cells, chooseFile, cssColour, keepColours, openTab, type Tab, until } from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';

const TABS: readonly Tab[] = [
  'chart',
  'data',
  'training',
  'backtest',
  'optimise',
  'live',
  'calendar',
  'news',
  'settings',
];
const SIZES = [
  { width: 1180, height: 800 },
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
];

describe('the frame', () => {
  const world = useWorld({ chained: false });

  const focused = () => world.page.evaluate(() => document.activeElement?.textContent ?? '');
  const shownTab = () => world.page.getByRole('tab', { selected: true }).textContent();

  it('asks once for the colours of up and down and remembers the answer', async () => {
    const { page } = world;
    await page.getByText('Blue and orange can be told apart').waitFor();
    await shot(page, 'first-start');
    await keepColours(page);
    await page.getByText('Blue and orange can be told apart').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('No history to draw yet').waitFor();
    expect(await page.getByText('Blue and orange can be told apart').count()).toBe(0);
  });

  it('says in every empty tab what to do next', async () => {
    const { page } = world;
    const empty: Partial<Record<Tab, readonly [text: string, button: string]>> = {
      chart: ['No history to draw yet', 'Import history'],
      data: ['No history is stored yet', 'Load the demo market'],
      training: ['No history to train on', 'Import history'],
      backtest: ['A backtest needs a model', 'Train a model'],
      optimise: ['A study needs a model', 'Train a model'],
      live: ['Nothing is deployed yet', 'Go to Optimise'],
      calendar: ['No event is stored for this stretch', 'Import CSV or ICS'],
      news: ['No headline is stored yet', 'Import CSV or ICS'],
    };
    for (const tab of TABS) {
      await openTab(page, tab);
      const said = empty[tab];
      if (said) {
        const [text, button] = said;
        await page.getByText(text).waitFor();
        expect(
          await page.locator(`#view-${tab}`).getByRole('button', { name: button }).count(),
        ).toBeGreaterThan(0);
      }
      await shot(page, `empty-${tab}`);
    }
    await openTab(page, 'backtest');
    await page.getByRole('button', { name: 'Train a model' }).click();
    expect(await shownTab()).toBe('Training');
  });

  it('fits every width without scrolling sideways, and names every control', async () => {
    const { page } = world;
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const tab of TABS) {
        await openTab(page, tab);
        expect(await looksWrong(page), `${tab} at ${size.width}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('names line and column of a bad file and keeps what was typed', async () => {
    const { page } = world;
    const row = (hour: number, high: string) =>
      `2024-01-02T0${hour}:00:00Z,1.1010,${high},1.1000,1.1020,12\n`;
    const file = join(world.scratch, 'broken.csv');
    writeFileSync(
      file,
      `time,open,high,low,close,volume\n${row(0, '1.1030')}${row(1, 'NaN')}${row(2, '1.1030')}`,
    );
    await openTab(page, 'data');
    await chooseFile(page, file);
    await page.getByTestId('import-symbol').fill('EURCHF');
    const start = page.getByTestId('import-start');
    const issue = page.getByTestId('file-issue').filter({ hasText: 'Unreadable cell' });
    await issue.waitFor();
    expect((await cells(issue))[0]?.slice(1, 3)).toEqual(['3', 'Unreadable cell']);
    expect((await cells(issue))[0]?.at(-1)).toMatch(/NaN/);
    await page.getByText('Choose what happens with 1 row').waitFor();
    expect(await start.isDisabled()).toBe(true);
    await shot(page, 'failed-import');
    expect(await page.getByTestId('import-symbol').inputValue()).toBe('EURCHF');
    writeFileSync(file, '');
    await chooseFile(page, file);
    const alert = page.getByTestId('import-result').getByRole('alert');
    await alert.getByText('The file is empty').waitFor();
    expect(await page.getByTestId('import-symbol').inputValue()).toBe('EURCHF');
    expect(await page.getByTestId('import-item').count()).toBe(1);
    expect(await start.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Put broken.csv away' }).click();
    await page.getByText('No history is stored yet').waitFor();
  });

  it('switches tabs by digits and by arrows in the rail', async () => {
    const { page } = world;
    await page.mouse.click(30, 700);
    for (const [i, tab] of TABS.entries()) {
      await page.keyboard.press(String(i + 1));
      await page.locator(`#view-${tab}`).waitFor();
    }
    await page.getByTestId('tab-settings').focus();
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe('News');
    await page.keyboard.press('Enter');
    expect(await shownTab()).toBe('News');
  });

  it('runs commands from the palette', async () => {
    const { page } = world;
    await page.keyboard.press('Control+K');
    const search = page.getByRole('textbox', { name: 'Search commands' });
    await search.waitFor();
    await shot(page, 'palette');
    await search.fill('go to back');
    await page
      .getByRole('button', { name: /Go to Backtest/ })
      .first()
      .waitFor();
    // Digits belong to the field now.
    await page.keyboard.press('Enter');
    await page.locator('#view-backtest').waitFor();
    await page.keyboard.press('Control+K');
    await search.fill('2');
    expect(await shownTab()).toBe('Backtest');
    await page.keyboard.press('Escape');
    await search.waitFor({ state: 'hidden' });
  });

  it('asks before it flattens, with the safe choice in focus', async () => {
    const { page } = world;
    await page.keyboard.press('Control+Shift+F');
    const dialog = page.getByRole('dialog', { name: 'Flatten & stop everything?' });
    await dialog.getByText('Nothing is open and no session is running.').waitFor();
    await until(focused, (text) => text === 'Keep everything as it is', 'focus on the safe choice');
    expect(await looksWrong(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  it('changes theme and colours, and keeps them over a reload', async () => {
    const { page } = world;
    await openTab(page, 'settings');
    const dark = await cssColour(page, '--ft-bg');
    await page.getByText('Light', { exact: true }).click();
    await until(
      () => cssColour(page, '--ft-bg'),
      (colour) => colour !== dark,
      'the light theme',
    );
    const blue = await cssColour(page, '--ft-up');
    await page.getByText('Green / red', { exact: true }).click();
    await until(
      () => cssColour(page, '--ft-up'),
      (colour) => colour !== blue,
      'the other pair',
    );
    const green = await cssColour(page, '--ft-up');
    expect(await looksWrong(page)).toEqual([]);
    await shot(page, 'settings-light');
    await page.reload();
    await page.locator('#view-settings').waitFor();
    expect(await cssColour(page, '--ft-up')).toBe(green);
    await page.getByText('Dark', { exact: true }).click();
    await page.getByText('Blue / orange', { exact: true }).click();
    await until(
      () => cssColour(page, '--ft-bg'),
      (colour) => colour === dark,
      'the dark theme',
    );
  });

  it('keeps the token out of the address and through a reload', async () => {
    const { page } = world;
    expect(page.url()).toBe(`${world.host.origin}/`);
    await page.reload();
    await page
      .getByTestId('status-bar')
      .getByText(/^Engine:/)
      .waitFor();
    expect(page.url()).not.toContain('token');
  });

  it('serves nothing without the token', async () => {
    const { page } = world;
    const stranger = await openPage(world.browser, world.host);
    stranger.expectProblems(/401/);
    for (const address of [
      world.host.origin,
      `${world.host.origin}/?token=wrong`,
      `${world.host.origin}/icon.svg`,
    ]) {
      const answer = await stranger.page.goto(address);
      expect(answer?.status()).toBe(401);
    }
    expect(await stranger.page.textContent('body')).toContain('token');
    expect(stranger.problems).toEqual([]);
    await stranger.page.context().close();
    // A second window of the same browser may see the page, but commands nothing.
    const second = await page.context().newPage();
    await second.goto(world.host.origin);
    await second.getByText('This page has no access token.').waitFor();
    await second.close();
  });

  it('says that the engine is lost, and works again at the new address', async () => {
    const { page } = world;
    await openTab(page, 'data');
    world.watched.expectProblems(/WebSocket connection|ERR_CONNECTION_REFUSED|401/);
    await world.host.kill();
    await page.getByText('Connection to the engine lost — reconnecting').waitFor();
    await page.getByTestId('status-bar').getByText('Engine not reachable').waitFor();
    await page.getByTestId('flatten-stop').click();
    const dialog = page.getByRole('dialog', { name: 'Flatten & stop everything?' });
    await dialog.getByText('Not connected to the engine: nothing can be closed from here now.').waitFor();
    expect(await page.getByTestId('flatten-confirm').isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await shot(page, 'engine-lost');
    world.host = await startHost(world.home, world.host.port);
    // The old token opens nothing any more; the band says what does.
    await page.getByText('open the address that it prints now').waitFor({ timeout: 30_000 });
    await page.goto(world.host.url);
    await page
      .getByTestId('status-bar')
      .getByText(/^Engine:/)
      .waitFor();
    expect(await page.getByText('Connection to the engine lost').count()).toBe(0);
    expect(await shownTab()).toBe('Data');
  });
});
