import { workspace } from '../../state/workspace.ts';
import { dataView } from './dataStore.ts';
import { importDemo } from './importWork.ts';

/** Symbol of the market that comes with Frontier. */
export const DEMO_SYMBOL = 'SYNFX';
/** What its import is called. */
export const DEMO_NAME = 'Demo market';

/** Stores the market that comes with Frontier. How far that is shows on the Data tab, which is opened. */
export function loadDemoMarket(): Promise<void> {
  dataView.setState({ main: 'catalogue', intake: 'import' });
  workspace.getState().setTab('data');
  return importDemo(DEMO_SYMBOL, DEMO_NAME);
}
