import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { chooseHistory, dataView } from './dataStore.ts';

/** The newest thing done here that can be taken back, and what became of taking it back. */
export type UndoOffer =
  | { readonly state: 'none' }
  | { readonly state: 'offered' | 'working'; readonly changeId: string; readonly text: string }
  | { readonly state: 'failed'; readonly changeId: string; readonly text: string; readonly error: unknown }
  | { readonly state: 'undone'; readonly text: string }
  /** Something else could not be done; said in the same place. */
  | { readonly state: 'error'; readonly error: unknown };

export const undoOffer = createStore<{ readonly offer: UndoOffer }>(() => ({ offer: { state: 'none' } }));

function set(offer: UndoOffer): void {
  undoOffer.setState({ offer });
}

export function useUndoOffer(): UndoOffer {
  return useStore(undoOffer, (s) => s.offer);
}

/** Offers to take a change back, until the next one or until it is put away. */
export function offerUndo(changeId: string, text: string): void {
  set({ state: 'offered', changeId, text });
}

/** Says what could not be done. */
export function reportFailure(error: unknown): void {
  set({ state: 'error', error });
}

export function dismissUndo(): void {
  set({ state: 'none' });
}

/** Takes a change back and shows the history as it is then. */
export async function takeBack(changeId: string): Promise<DatasetDto | null> {
  const restored = await rpc.data.undo({ changeId });
  invalidate('data.');
  if (restored) chooseHistory(restored);
  return restored;
}

/** Takes the offered change back. Nothing happens while none is offered. */
export async function undoOffered(): Promise<void> {
  const { offer } = undoOffer.getState();
  if (offer.state !== 'offered' && offer.state !== 'failed') return;
  const { changeId, text } = offer;
  set({ state: 'working', changeId, text });
  try {
    const restored = await takeBack(changeId);
    const name = restored && `${restored.symbol} ${restored.timeframe}`;
    set({ state: 'undone', text: name ? `${name} is as it was before.` : 'The history is gone again.' });
  } catch (error) {
    set({ state: 'failed', changeId, text, error });
  }
}

/** Shows the catalogue, where the bar that offers to undo is. */
export function showCatalogue(): void {
  dataView.setState({ main: 'catalogue' });
}
