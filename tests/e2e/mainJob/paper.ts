/** From a point of the front to a paper session, and out of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { shot, startHost } from '../../support/e2e.ts';
import {
  cells,
  fact,
  flat,
  num,
  nums,
  openTab,
  rowCount,
  sessionState,
  setSpeed,
  until,
} from '../../support/e2eSteps.ts';
import type { World } from '../../support/e2eWorld.ts';
import { type Said, symbol } from './market.ts';

/** Deploys a point, runs it on the paper broker, flattens it, and has the engine killed below it. */
export function paperSteps(world: World, said: Said): void {
  it('deploys a point only after the question is answered', async () => {
    const { page } = world;
    await openTab(page, 'optimise');
    await page.getByRole('button', { name: 'Sort by Trades' }).click();
    await page.getByTestId('front-row').first().click();
    const open = page.getByTestId('deploy-open');
    await until(() => open.isEnabled(), Boolean, 'the figures of the point');
    await open.click();
    const dialog = page.getByRole('dialog', { name: new RegExp(`Deploy ${symbol}`) });
    const cancel = dialog.getByRole('button', { name: 'Cancel' });
    await until(
      () => cancel.evaluate((e) => e === document.activeElement),
      Boolean,
      'focus on the safe choice',
    );
    said.deployedHash = await fact(dialog, 'Parameter hash');
    expect(said.deployedHash).toMatch(/^[0-9a-f]{16,}$/);
    await shot(page, 'deploy-dialog');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await openTab(page, 'live');
    await page.getByText('Nothing is deployed yet').waitFor();
    await openTab(page, 'optimise');
    await page.getByTestId('deploy-open').click();
    await page.getByTestId('deploy-confirm').click();
    await page.getByTestId('live-start').waitFor();
    expect(await page.getByTestId('deployment-row').count()).toBe(1);
    expect(await page.locator('#view-live form [data-hash]').getAttribute('data-hash')).toBe(
      said.deployedHash,
    );
  });

  it('runs the paper session: position, account, orders and log follow the market', async () => {
    const { page } = world;
    const slider = page.getByRole('slider', { name: 'Replay speed' });
    await setSpeed(slider, 'slowest', 4);
    await page.getByText('Speed: 20 bars per second').waitFor();
    await page.getByTestId('live-start').click();
    await until(
      () => barsDone(page),
      (bars) => bars >= 40,
      'some bars',
    );
    await pauseWithPosition(page);
    const orders = await rowCount(page.getByTestId('live-orders'));
    const lines = await rowCount(page.getByTestId('live-log'));
    const bar = await barsDone(page);
    expect(orders).toBeGreaterThan(0);
    await accountAddsUp(page);
    // The price chart asks for its bars less often than the session moves.
    await page.waitForTimeout(900);
    await shot(page, 'live');
    await page.getByTestId('live-resume').click();
    await setSpeed(slider.last(), 'fastest');
    await until(
      () => sessionState(page),
      (s) => s === 'finished',
      'the end of the replay',
      60_000,
    );
    expect(await rowCount(page.getByTestId('live-orders'))).toBeGreaterThan(orders);
    expect(await rowCount(page.getByTestId('live-log'))).toBeGreaterThan(lines);
    const [done, total] = nums(await barText(page));
    expect(done).toBe(total);
    expect(done).toBeGreaterThan(bar);
    await accountAddsUp(page);
    expect(await page.getByTestId('live-hash').getAttribute('data-equal')).toBe('true');
    expect(await page.getByTestId('live-hash').locator('[data-hash]').getAttribute('data-hash')).toBe(
      said.deployedHash,
    );
    said.orders = await rowCount(page.getByTestId('live-orders'));
  });

  it('holds the finished session to the backtester', async () => {
    const { page } = world;
    const adherence = page.getByTestId('live-adherence');
    await adherence.waitFor();
    const [decided, decisions, filled, fills] = nums(await adherence.innerText());
    expect(decided).toBe(decisions);
    expect(filled).toBe(fills);
    expect(await adherence.innerText()).toContain('no differences');
    expect(num(await page.getByTestId('live-decision').getByText('in all').textContent())).toBe(decisions);
    expect(num(await page.getByText(/^Fills \(/).textContent())).toBe(fills);
    // Each forecast but those of the last horizon has come due.
    const coverage = await page.getByTestId('live-coverage').innerText();
    expect(coverage).toMatch(/[\d.]+ % of the last 200 held, aimed at 90\.0 %/);
    expect(coverage).toMatch(/as aimed|too narrow|wider than needed/);
    await shot(page, 'live-finished');
  });

  it('flattens and stops: the position is closed and the session ended', async () => {
    const { page } = world;
    const sliders = page.getByRole('slider', { name: 'Replay speed' });
    await setSpeed(sliders.first(), 'slowest', 4);
    await page.getByTestId('live-start').click();
    await until(
      () => page.getByTestId('session-row').count(),
      (n) => n === 2,
      'the second session',
    );
    const position = page.getByTestId('live-position');
    await pauseWithPosition(page);
    await page.getByTestId('flatten-stop').click();
    const dialog = page.getByRole('dialog', { name: 'Flatten & stop everything?' });
    // Words of the consequence: the very position on the card.
    const held = flat(await position.innerText());
    const [, direction, lots] = /(Long|Short) ([\d.]+) lots/.exec(held) ?? [];
    await dialog.getByText(`${direction?.toLowerCase()} ${Number(lots)} lots of ${symbol} (PAPER)`).waitFor();
    const open = (await dialog.textContent())?.split(' lots of ').length ?? 0;
    expect(await dialog.textContent()).toContain('Stops 1 session');
    await shot(page, 'flatten-dialog');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    expect(await sessionState(page)).toBe('paused');
    expect(flat(await position.innerText())).toBe(held);
    await page.getByTestId('live-resume').click();
    await runWithPosition(page);
    await page.getByTestId('flatten-stop').click();
    await page.getByTestId('flatten-confirm').click();
    const result = page.getByTestId('flatten-result');
    const closed = open - 1 === 1 ? '1 position closed' : `${open - 1} positions closed`;
    await result.getByText(`${closed}, 0 orders cancelled, 1 session stopped.`).waitFor();
    await result.getByRole('button', { name: 'Close' }).click();
    await until(
      () => sessionState(page),
      (state) => state === 'stopped',
      'the stop',
    );
    await position.getByText('No position is open.').waitFor();
    await accountAddsUp(page);
    await page.getByText(/^Trades \(\d+\)$/).click();
    const [last] = await cells(page.getByTestId('trade-row'));
    expect(last?.join(' ')).toContain('Flatten');
    expect(Number(last?.[2])).toBeGreaterThan(0);
    expect(await page.getByTestId('session-row').first().textContent()).toContain('Stopped');
    await page.getByTestId('status-bar').getByText('idle').waitFor();
    await shot(page, 'live-flattened');
  });

  it('comes back from a killed engine with its position, and places nothing twice', async () => {
    const { page } = world;
    await page.getByTestId('live-start').click();
    await until(
      () => page.getByTestId('session-row').count(),
      (n) => n === 3,
      'the third session',
    );
    await until(
      () => barsDone(page),
      (bars) => bars >= 20,
      'some bars',
    );
    await runWithPosition(page);
    const position = flat(await page.getByTestId('live-position').innerText());
    const [held, direction, lots] = /(Long|Short) ([\d.]+) lots/.exec(position) ?? [];
    expect(held).toBeDefined();
    const orders = await rowCount(page.getByTestId('live-orders'));
    world.watched.expectProblems(/WebSocket connection|ERR_CONNECTION_REFUSED|401/);
    await world.host.kill();
    await page.getByText('Connection to the engine lost').waitFor();
    world.host = await startHost(world.home, world.host.port);
    await page.goto(world.host.url);
    const alarm = page.getByTestId('live-interrupted');
    await alarm
      .getByText(`Its ${direction?.toLowerCase()} position of ${lots} lots is still open.`)
      .waitFor();
    await page
      .getByTestId('live-position')
      .getByText(held ?? '')
      .first()
      .waitFor();
    expect(await rowCount(page.getByTestId('live-orders'))).toBe(orders);
    await shot(page, 'live-interrupted');
    await alarm.getByRole('button', { name: /^Resume/ }).click();
    await until(
      () => sessionState(page),
      (state) => state === 'running',
      'the session that goes on',
    );
    await setSpeed(page.getByRole('slider', { name: 'Replay speed' }).last(), 'fastest');
    await until(
      () => sessionState(page),
      (state) => state === 'finished',
      'the end of the replay',
      60_000,
    );
    // The same deployment over the same bars as the session that nothing disturbed.
    expect(await rowCount(page.getByTestId('live-orders'))).toBe(said.orders);
    const adherence = page.getByTestId('live-adherence');
    await adherence.getByText('no differences').waitFor();
    await accountAddsUp(page);
  });

  it('writes the report and shows it', async () => {
    const { page } = world;
    await page.locator('#view-live').getByTestId('report-write').click();
    const report = page.frameLocator('[data-testid=report-frame]').locator('body');
    await report.waitFor();
    const text = flat(await report.innerText());
    expect(text).toContain(symbol);
    expect(text).toContain(said.deployedHash);
    await shot(page, 'report');
    const [, path] =
      /Written to (\S+) in the data folder/.exec((await page.textContent('[role=dialog]')) ?? '') ?? [];
    expect(existsSync(join(world.home, path ?? 'none'))).toBe(true);
    await page.keyboard.press('Escape');
  });
}

/** Balance plus what is not realised is the equity. */
async function accountAddsUp(page: Page): Promise<void> {
  const account = page.getByTestId('live-account');
  const position = await page.getByTestId('live-position').innerText();
  const unrealised = num(/[+−]?[\d,]+\.\d\d USD/.exec(position)?.[0] ?? '0');
  const equity = num(/([\d,]+\.\d\d) USD/.exec(await account.innerText())?.[1] ?? '');
  expect(num(await fact(account, 'Balance')) + unrealised).toBeCloseTo(equity, 1);
}

async function barText(page: Page): Promise<string> {
  const line = page.locator('#view-live').getByText(/^Bar [\d,]+ of/);
  return (await line.textContent()) ?? '';
}

async function barsDone(page: Page): Promise<number> {
  return num(await barText(page));
}

async function hasPosition(page: Page): Promise<boolean> {
  return /lots/.test(await page.getByTestId('live-position').innerText());
}

/** Pauses the session at a bar with an open position; it may have closed while the pause was on its way. */
async function pauseWithPosition(page: Page): Promise<void> {
  for (;;) {
    await until(() => hasPosition(page), Boolean, 'an open position', 40_000);
    await page.getByTestId('live-pause').click();
    await until(
      () => sessionState(page),
      (state) => state === 'paused',
      'the pause',
    );
    if (await hasPosition(page)) return;
    await page.getByTestId('live-resume').click();
  }
}

/** Slows a running session down until a new bar has left it with a position: a second's time to act on it. */
async function runWithPosition(page: Page): Promise<void> {
  // The first slider is of the next session, the last one of the session that runs.
  const slider = page.getByRole('slider', { name: 'Replay speed' }).last();
  for (;;) {
    await setSpeed(slider, 'slowest');
    const bar = await barsDone(page);
    await until(
      () => barsDone(page),
      (bars) => bars > bar,
      'the next bar',
    );
    if (await hasPosition(page)) return;
    await setSpeed(slider, 'slowest', 4);
    await until(() => hasPosition(page), Boolean, 'an open position', 40_000);
  }
}
