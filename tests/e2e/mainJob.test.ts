/**
 * The main job, by clicking, on real history: a file of bars becomes a model, a backtest, a study, a deployment and
 * paper sessions. Every step checks figures against each other or against the file, not only their presence.
 */
import { beforeAll, describe, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { keepColours, openTab } from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';
import { historySteps } from './mainJob/history.ts';
import { real, type Said } from './mainJob/market.ts';
import { modelSteps } from './mainJob/model.ts';
import { paperSteps } from './mainJob/paper.ts';
import { studySteps } from './mainJob/study.ts';

const title = real === undefined ? 'the main job, ON THE DEMO MARKET (no real history here)' : 'the main job';

describe(title, () => {
  const world = useWorld({ chained: true });
  const said: Said = { bars: 0, deployedHash: '', orders: 0 };
  beforeAll(() => keepColours(world.page));

  historySteps(world, said);
  modelSteps(world);
  studySteps(world);
  paperSteps(world, said);

  it('shows the settings', async () => {
    const { page } = world;
    await openTab(page, 'settings');
    await page.getByText(world.home, { exact: true }).waitFor();
    await shot(page, 'settings');
  });
});
