import { useEffect } from 'react';
import { runCommand } from '../state/commands.ts';
import { workspace } from '../state/workspace.ts';
import { TAB_INFO } from './tabs.ts';

/** Inputs that a digit means nothing to. */
const WITHOUT_TEXT = new Set(['radio', 'checkbox', 'button', 'submit', 'reset', 'file', 'range']);

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !target.readOnly && !WITHOUT_TEXT.has(target.type);
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

/** True where digits have another meaning: in fields, behind an open dialogue, and where a part has taken the key. */
function digitsAreTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  if (isTyping(event.target)) return true;
  const element = event.target instanceof Element ? event.target : null;
  return element?.closest('[role=dialog]') != null;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey && event.shiftKey && event.code === 'KeyF') {
    event.preventDefault();
    runCommand('flatten');
    return;
  }
  if (digitsAreTaken(event)) return;
  const tab = /^[1-9]$/.test(event.key) ? TAB_INFO[Number(event.key) - 1] : undefined;
  if (!tab) return;
  event.preventDefault();
  workspace.getState().setTab(tab.name);
}

/** The keys of the frame, and the commands of the native menu. */
export function useShortcuts(): void {
  useEffect(() => {
    window.addEventListener('keydown', onKey);
    const offMenu = window.frontierDesktop?.onMenu((command) => runCommand(command));
    return () => {
      window.removeEventListener('keydown', onKey);
      offMenu?.();
    };
  }, []);
}
