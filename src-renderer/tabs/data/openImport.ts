import { workspace } from '../../state/workspace.ts';

/** Opens the Data tab with the focus on the import form. */
export function openImport(): void {
  workspace.getState().setTab('data');
  requestAnimationFrame(() => document.getElementById('import-choose')?.focus());
}
