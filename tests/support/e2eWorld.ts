/** One host, one browser and one page for a suite, with the checks that hold after every step. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import {
  freshHome,
  type Host,
  launchBrowser,
  openPage,
  removeHome,
  shotOfFailure,
  startHost,
  type Watched,
} from './e2e.ts';

/** What the steps of a suite work on; filled when the suite begins. */
export interface World {
  host: Host;
  browser: Browser;
  watched: Watched;
  page: Page;
  readonly home: string;
  /** For files that a step brings along. */
  readonly scratch: string;
}

/**
 * Opens the workstation on a fresh data folder before the suite and closes everything after it. After each step,
 * anything that went wrong on the page fails the step.
 * @param options.chained each step needs the one before: after a failure the rest is skipped
 */
export function useWorld(options: { readonly chained: boolean }): World {
  const world = { home: freshHome(), scratch: freshHome() } as World;
  let broken = false;
  beforeAll(async () => {
    world.host = await startHost(world.home);
    world.browser = await launchBrowser();
    world.watched = await openPage(world.browser, world.host);
    world.page = world.watched.page;
    await world.page.goto(world.host.url);
  });
  beforeEach(({ skip }) => skip(options.chained && broken, 'an earlier step failed'));
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      broken = true;
      await shotOfFailure(world.page, task.name);
    }
    expect(world.watched.problems.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await world.browser?.close();
    // Closed as Ctrl-C closes it: in order, with nothing left to complain about.
    expect(await world.host?.stop()).toBe(0);
    removeHome(world.home);
    removeHome(world.scratch);
  });
  return world;
}
