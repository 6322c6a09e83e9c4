import { useSyncExternalStore } from 'react';

/** The bar that is pointed at, in whichever chart: linked charts show the same instant. */
export interface Pointed {
  /** Cell under the pointer. */
  readonly cell: string;
  readonly symbol: string;
  readonly timeMs: number;
  readonly price: number | undefined;
}

let pointed: Pointed | undefined;
const listeners = new Set<() => void>();

export function setPointed(next: Pointed | undefined): void {
  pointed = next;
  for (const listener of listeners) listener();
}

export function onPointed(listener: (pointed: Pointed | undefined) => void): () => void {
  const hear = () => listener(pointed);
  listeners.add(hear);
  return () => listeners.delete(hear);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is pointed at now. */
export function usePointed(): Pointed | undefined {
  return useSyncExternalStore(subscribe, () => pointed);
}
