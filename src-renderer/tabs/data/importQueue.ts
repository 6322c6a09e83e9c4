import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { DatasetDto, ImportEvent, QualityDto } from '../../../src-shared/contract/data.ts';
import type { Inspection } from '../../../src-shared/contract/import.ts';
import { type Choices, NO_CHOICES } from './importChoices.ts';

/** The stages of an import, in their order. */
export type Stage = Extract<ImportEvent, { type: 'progress' }>['stage'];

export type Phase =
  /** Waits for its turn to be brought to the engine. */
  | { readonly name: 'waiting' }
  | { readonly name: 'uploading'; readonly fraction: number }
  | { readonly name: 'inspecting' }
  /** Looked at; waits for the user. */
  | { readonly name: 'review' }
  /** Confirmed; waits for the import before it. */
  | { readonly name: 'queued' }
  | { readonly name: 'importing'; readonly stage: Stage; readonly fraction: number; readonly rows: number }
  | { readonly name: 'done'; readonly result: ImportResult }
  /** Could not be looked at (`inspect`) or stored (`import`). */
  | { readonly name: 'failed'; readonly at: 'inspect' | 'import'; readonly error: unknown };

export interface ImportResult {
  readonly dataset: DatasetDto;
  readonly quality: QualityDto;
  readonly notes: readonly string[];
  readonly seconds: number;
  /** Grows from import to import, so that the newest can be told. */
  readonly order: number;
}

/** A file on its way into the store. */
export interface ImportItem {
  readonly id: string;
  readonly name: string;
  /** Absent for the demo market, which comes with Frontier. */
  readonly file: File | undefined;
  readonly choices: Choices;
  /** What the user has said; the rest is filled in from what is detected. */
  readonly touched: ReadonlySet<keyof Choices>;
  readonly phase: Phase;
  /** What the newest look found; kept while the next one runs. */
  readonly seen: Inspection | undefined;
  /** What was shown about a stored history when the import was confirmed. */
  readonly confirmedMode?: 'replace' | 'merge';
  /** The file as the engine holds it; gone after an import, and when others need the room. */
  readonly uploadId: string | undefined;
}

interface Queue {
  readonly items: readonly ImportItem[];
  /** The file whose sheet is shown. */
  readonly shown: string | undefined;
}

/** The files that were brought, in their order. It outlives the tab. */
export const importQueue = createStore<Queue>(() => ({ items: [], shown: undefined }));

export function useImportQueue<T>(select: (queue: Queue) => T): T {
  return useStore(importQueue, select);
}

export function itemOf(id: string): ImportItem | undefined {
  return importQueue.getState().items.find((item) => item.id === id);
}

/** Changes fields of a file in the queue; one that has gone meanwhile stays away. */
export function patch(id: string, change: Partial<ImportItem>): void {
  importQueue.setState(({ items }) => ({
    items: items.map((item) => (item.id === id ? { ...item, ...change } : item)),
  }));
}

let count = 0;

export function newItem(name: string, file: File | undefined, entry?: string): ImportItem {
  count += 1;
  return {
    id: `file-${count}`,
    name,
    file,
    choices: { ...NO_CHOICES, entry },
    touched: new Set(entry === undefined ? [] : (['entry'] satisfies Array<keyof Choices>)),
    phase: { name: 'waiting' },
    seen: undefined,
    uploadId: undefined,
  };
}

/** True while the engine works on a file or it waits for that. */
export function isBusy({ phase }: ImportItem): boolean {
  return phase.name === 'uploading' || phase.name === 'inspecting' || isImporting(phase);
}

export function isImporting(phase: Phase): boolean {
  return phase.name === 'queued' || phase.name === 'importing';
}

/** True for a file that the user has still to do with. */
export function isOpen({ phase }: ImportItem): boolean {
  return phase.name !== 'done';
}

/** Files that have been stored go when others come; only the newest result stays. */
export function withoutDone(items: readonly ImportItem[]): readonly ImportItem[] {
  return items.filter(isOpen);
}
