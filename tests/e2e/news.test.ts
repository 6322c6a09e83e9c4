/**
 * The economic calendar and headlines: brought from files by clicking, filtered, turned into windows in which a
 * strategy stands aside, and seen to leave entries out of a backtest.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import {
  fillNumber,
  keepColours,
  num,
  nums,
  openTab,
  pixelsOf,
  until,
  waitForTraining,
} from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
/** Events of high impact on a dark chart. */
const HIGH_IMPACT = '#f26d73';

/** A week of releases around the present, so that some are past and some to come. */
function weekCsv(nowMs: number): string {
  const row = (offsetMs: number, rest: string) => {
    const iso = new Date(nowMs + offsetMs).toISOString();
    return `${iso.slice(0, 10)},${iso.slice(11, 16)},${rest}`;
  };
  return [
    'Date,Time,Currency,Impact,Event,Actual,Forecast,Previous',
    row(-4 * MINUTE_MS, 'USD,High,Payrolls,212K,200K,180K'),
    row(-2 * MINUTE_MS, 'EUR,Medium,Confidence,-12.1,-11.5,-11.0'),
    row(10 * MINUTE_MS, 'USD,High,Rate Decision,,4.25%,4.25%'),
    row(12 * MINUTE_MS, 'JPY,Low,Reserves,,,'),
    '',
  ].join('\n');
}

/** A high-impact release every day of the demo market's last year, at noon UTC. */
function dailyIcs(): string {
  const events: string[] = [];
  for (let timeMs = Date.UTC(2023, 0, 1, 12); timeMs < Date.UTC(2024, 7, 1); timeMs += DAY_MS) {
    const stamp = `${new Date(timeMs).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
    events.push(
      `BEGIN:VEVENT\r\nUID:${timeMs}@test\r\nDTSTAMP:${stamp}\r\nDTSTART:${stamp}\r\nSUMMARY:Daily Release\r\nCATEGORIES:USD,High\r\nEND:VEVENT`,
    );
  }
  return `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n${events.join('\r\n')}\r\nEND:VCALENDAR\r\n`;
}

describe('news', () => {
  const world = useWorld({ chained: true });
  beforeAll(() => keepColours(world.page));

  const bring = async (tab: 'calendar' | 'news', name: string, text: string) => {
    const path = join(world.scratch, name);
    writeFileSync(path, text);
    const view = world.page.locator(`#view-${tab}`);
    await view.getByTestId('news-file').setInputFiles(path);
    await view.getByTestId('news-result').getByText(name).waitFor();
    return view.getByTestId('news-result').textContent();
  };
  const events = () => world.page.getByTestId('event-row');

  it('imports a calendar, marks the present and filters', async () => {
    const { page } = world;
    await page.getByRole('button', { name: 'Load the demo market' }).click();
    await page.getByTestId('import-result').getByText('is stored').waitFor();
    await openTab(page, 'calendar');
    // The minutes around now may lie in two days or weeks; a month shows them together.
    await page.getByText('Month', { exact: true }).click();
    expect(await bring('calendar', 'week.csv', weekCsv(Date.now()))).toContain('4 events');
    await until(
      () => events().count(),
      (n) => n >= 2,
      'the events',
    );
    expect(await page.getByText(/^now, /).count()).toBe(1);
    expect(await page.getByTestId('next-event').textContent()).toContain('Rate Decision');
    const before = await events().count();
    await page.getByRole('textbox', { name: 'Search events' }).fill('rate');
    await until(
      () => events().count(),
      (n) => n === 1,
      'the search',
    );
    await page.getByRole('button', { name: 'Show all' }).click();
    await until(
      () => events().count(),
      (n) => n === before,
      'all events',
    );
    expect(num(await page.getByTestId('blackout-strip').getAttribute('data-windows'))).toBeGreaterThan(0);
    await shot(page, 'calendar');
    await page.setViewportSize({ width: 1180, height: 800 });
    expect(await looksWrong(page)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('refuses a bad calendar with its line and keeps the file at hand', async () => {
    const { page } = world;
    const path = join(world.scratch, 'bad.csv');
    writeFileSync(path, 'Date,Time,Currency,Impact,Event\n2026-01-02,25:99,USD,High,Payrolls\n');
    const view = page.locator('#view-calendar');
    await view.getByTestId('news-file').setInputFiles(path);
    await view.getByText('Line 2: "25:99" is not a time of day.').waitFor();
    expect(await view.getByRole('button', { name: 'Try bad.csv again' }).isEnabled()).toBe(true);
  });

  it('shows headlines', async () => {
    const { page } = world;
    await openTab(page, 'news');
    const table =
      'time,title,summary,source,symbols,sentiment\n2026-03-06 08:31,Payrolls beat,More than thought.,Wire,USD,0.4\n2026-03-06 09:00,Second story,,Wire,JPY,\n';
    expect(await bring('news', 'headlines.csv', table)).toContain('2 headlines');
    await page.getByTestId('headline-row').filter({ hasText: 'Payrolls beat' }).click();
    await page.getByRole('article').getByText('More than thought.').waitFor();
    await page.getByRole('textbox', { name: 'Search headlines' }).fill('second');
    await until(
      () => page.getByTestId('headline-row').count(),
      (n) => n === 1,
      'the search',
    );
    await shot(page, 'news');
  });

  it('CHART-10: marks the events on the chart, lists them at the pointer, and hides them', async () => {
    const { page } = world;
    await openTab(page, 'calendar');
    expect(await bring('calendar', 'daily.ics', dailyIcs())).toContain('events');
    await openTab(page, 'chart');
    const chart = page.getByTestId('price-chart').first();
    await page.locator('.ft-chart[data-shown="SYNFX H1"]').waitFor();
    const marks = () => pixelsOf(chart, HIGH_IMPACT);
    // One triangle a day, some thirty pixels each, and a dashed line above it.
    await until(marks, (n) => n > 100, 'triangles of high impact');
    const box = (await chart.boundingBox())!;
    const listed = page.locator('.ft-chart-event');
    for (let x = box.width * 0.4; x < box.width * 0.6 && !(await listed.isVisible()); x += 6) {
      await page.mouse.move(box.x + x, box.y + 200);
      await page.waitForTimeout(30);
    }
    expect(await listed.textContent()).toContain('12:00 UTC · USD · Daily Release');
    await page.mouse.move(4, 4);
    await page.getByRole('button', { name: 'What the charts show' }).click();
    await page.getByRole('menuitem', { name: 'Economic events: shown' }).click();
    await page.getByRole('menuitem', { name: 'Economic events: hidden' }).waitFor();
    await page.keyboard.press('Escape');
    await until(marks, (n) => n === 0, 'no marks');
    await page.getByRole('button', { name: 'What the charts show' }).click();
    await page.getByRole('menuitem', { name: 'Economic events: hidden' }).click();
    await page.keyboard.press('Escape');
  });

  it('leaves entries around news out of a backtest, and says so', async () => {
    const { page } = world;
    await openTab(page, 'training');
    await fillNumber(page, 'Epochs', 5);
    await page.getByTestId('train-start').click();
    await page.getByTestId('train-state').waitFor();
    await waitForTraining(page);
    await page.getByRole('button', { name: 'Backtest it' }).click();
    await page.getByTestId('backtest-run').click();
    await page.getByTestId('backtest-metrics').waitFor();
    expect(await page.getByTestId('entry-rules').count()).toBe(0);
    await page.getByTestId('rules-news').check();
    await page.getByText(/\d+ windows in /).waitFor();
    await page.getByTestId('backtest-run').click();
    const said = await page.getByTestId('entry-rules').textContent();
    expect(said).toContain('no entries from 30 min before to 30 min after high-impact news');
    expect(nums(said).at(-1)).toBeGreaterThan(0);
  });

  it('ORD-22: leaves out what the forecast interval does not make sure of, and says so', async () => {
    const { page } = world;
    await page.getByTestId('rules-news').uncheck();
    await page.getByTestId('rules-interval').check();
    await page.getByText('where even the lower end of the model').waitFor();
    await page.getByTestId('backtest-run').click();
    const rules = page.getByTestId('entry-rules');
    const said = await until(
      () => rules.textContent(),
      (text) => text?.includes('clears the cost') ?? false,
      'the result of the rule',
    );
    // Nine-in-ten intervals of a market this noisy clear the cost for few entries, if any.
    expect(nums(said).at(-1)).toBeGreaterThan(0);
  });
});
