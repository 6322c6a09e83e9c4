import { workspace } from '../../state/workspace.ts';
import { dataView } from './dataStore.ts';

/** Opens the Data tab with the focus on the button that chooses files. */
export function openImport(): void {
  dataView.setState({ intake: 'import' });
  workspace.getState().setTab('data');
  requestAnimationFrame(() => document.getElementById('import-choose')?.focus());
}
