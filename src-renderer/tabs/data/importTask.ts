import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { DatasetDto, ImportEvent, QualityDto } from '../../../src-shared/contract/data.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { workspace } from '../../state/workspace.ts';
import { isAbort } from '../../ui/errors.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { guessFromFileName } from './guess.ts';

/** What the user has filled in. It outlives the tab and a failed import. */
export interface ImportDraft {
  readonly file: File | undefined;
  readonly symbol: string;
  readonly timeframe: Timeframe | 'detect';
  /** Empty: the zone that the file states, else UTC. */
  readonly zone: string;
  readonly priceSide: 'bid' | 'ask' | 'mid' | 'detect';
}

export type ImportTask =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'uploading' | 'reading' | 'checking' | 'storing';
      readonly what: string;
      readonly fraction: number;
      readonly rows: number;
    }
  | {
      readonly phase: 'done';
      readonly dataset: DatasetDto;
      readonly quality: QualityDto;
      readonly notes: readonly string[];
    }
  | { readonly phase: 'failed'; readonly what: string; readonly error: unknown };

interface ImportStore {
  readonly draft: ImportDraft;
  readonly task: ImportTask;
}

const BLANK: ImportDraft = {
  file: undefined,
  symbol: '',
  timeframe: 'detect',
  zone: '',
  priceSide: 'detect',
};

/** The one import at a time, and the form in front of it. */
export const importStore = createStore<ImportStore>(() => ({ draft: BLANK, task: { phase: 'idle' } }));

export function useImport<T>(select: (state: ImportStore) => T): T {
  return useStore(importStore, select);
}

/** Changes fields of the form. */
export function editDraft(change: Partial<ImportDraft>): void {
  importStore.setState(({ draft }) => ({ draft: { ...draft, ...change } }));
}

function draftWith(file: File, draft: ImportDraft): ImportDraft {
  // The same file again, corrected on disk: what was filled in for it stays.
  if (draft.file?.name === file.name) return { ...draft, file };
  const guess = guessFromFileName(file.name);
  return {
    ...draft,
    file,
    symbol: guess.symbol ?? draft.symbol,
    timeframe: guess.timeframe ?? 'detect',
    priceSide: guess.priceSide ?? 'detect',
  };
}

/** Takes a file into the form and fills in what its name says. */
export function chooseFile(file: File): void {
  importStore.setState(({ draft, task }) => ({
    draft: draftWith(file, draft),
    task: task.phase === 'done' || task.phase === 'failed' ? { phase: 'idle' } : task,
  }));
}

/** True while an import runs. */
export function importRuns(task: ImportTask): boolean {
  return task.phase !== 'idle' && task.phase !== 'done' && task.phase !== 'failed';
}

const PIECE_BYTES = 1024 * 1024;
let running: AbortController | undefined;

function setTask(task: ImportTask): void {
  importStore.setState({ task });
}

function base64Of(piece: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error ?? new Error('The file cannot be read.'));
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.readAsDataURL(piece);
  });
}

/** Brings the file to the engine piece by piece. Empty files travel too: the engine says what is wrong with them. */
async function upload(file: File, signal: AbortSignal): Promise<string> {
  let uploadId: string | undefined;
  let offset = 0;
  do {
    const piece = file.slice(offset, offset + PIECE_BYTES);
    // A `data:` address of nothing has no comma part to take.
    const base64 = piece.size === 0 ? '' : await base64Of(piece);
    const answer = await rpc.data.upload(
      { ...(uploadId === undefined ? {} : { uploadId }), fileName: file.name, offset, base64 },
      { signal },
    );
    uploadId = answer.uploadId;
    offset += piece.size;
    const fraction = file.size === 0 ? 1 : offset / file.size;
    setTask({ phase: 'uploading', what: file.name, fraction, rows: 0 });
  } while (offset < file.size);
  return uploadId;
}

async function follow(events: AsyncIterable<ImportEvent>, what: string): Promise<void> {
  for await (const event of events) {
    if (event.type === 'progress') {
      setTask({ phase: event.stage, what, fraction: event.fraction, rows: event.rows });
      continue;
    }
    const { dataset, quality, notes } = event;
    setTask({ phase: 'done', dataset, quality, notes });
    invalidate('data.');
    workspace.getState().setMarket(dataset.symbol, dataset.timeframe);
  }
  const { task } = importStore.getState();
  if (task.phase !== 'done') throw new Error('The engine ended the import without a result.');
}

async function run(what: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (importRuns(importStore.getState().task)) return;
  running = new AbortController();
  setTask({ phase: 'uploading', what, fraction: 0, rows: 0 });
  try {
    await work(running.signal);
  } catch (error) {
    const stopped = running.signal.aborted && isAbort(error);
    setTask(stopped ? { phase: 'idle' } : { phase: 'failed', what, error });
  }
}

/** Imports the file of the form. What happens shows in `task`. */
export function startImport(): Promise<void> {
  const { file, symbol, timeframe, zone, priceSide } = importStore.getState().draft;
  if (!file) return Promise.resolve();
  return run(file.name, async (signal) => {
    const uploadId = await upload(file, signal);
    const events = await rpc.data.import(
      {
        source: { kind: 'upload', uploadId },
        symbol,
        ...(timeframe === 'detect' ? {} : { timeframe }),
        ...(zone.trim() === '' ? {} : { zone: zone.trim() }),
        ...(priceSide === 'detect' ? {} : { priceSide }),
      },
      { signal },
    );
    await follow(events, file.name);
  });
}

/** Symbol of the market that comes with Frontier. */
export const DEMO_SYMBOL = 'SYNFX';

/** Stores the market that comes with Frontier. What happens shows in `task`, so the Data tab is opened. */
export function loadDemoMarket(): Promise<void> {
  workspace.getState().setTab('data');
  return run('the demo market', async (signal) => {
    const events = await rpc.data.import({ source: { kind: 'demo' }, symbol: DEMO_SYMBOL }, { signal });
    await follow(events, 'the demo market');
  });
}

/** Stops the running import; nothing of it is kept. */
export function cancelImport(): void {
  running?.abort();
}

/** Forgets the result or failure; the form stays. */
export function dismissImport(): void {
  if (!importRuns(importStore.getState().task)) setTask({ phase: 'idle' });
}
