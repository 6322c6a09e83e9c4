import type { DatasetDto, ImportEvent } from '../../../src-shared/contract/data.ts';
import type { ImportSource } from '../../../src-shared/contract/import.ts';
import { isAbort } from '../../ui/errors.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { uploadFile } from '../../ui/upload.ts';
import { chooseHistory, dataView } from './dataStore.ts';
import {
  blockersOf,
  type Choices,
  changesReading,
  confirmedMode,
  fillIn,
  importOptions,
  inspectOptions,
  storedOf,
} from './importChoices.ts';
import {
  type ImportItem,
  importQueue,
  isImporting,
  isOpen,
  itemOf,
  newItem,
  patch,
  withoutDone,
} from './importQueue.ts';

/** Files that the engine holds for this window at once; it refuses more than eight of all windows together. */
const HELD_AT_ONCE = 5;
/** Typing settles before a file is looked at again. */
const SETTLE_MS = 350;

const aborts = new Map<string, AbortController>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

function abortOf(id: string): AbortController {
  aborts.get(id)?.abort();
  const control = new AbortController();
  aborts.set(id, control);
  return control;
}

/** Gives the engine's room for the oldest file that nothing is done with; it is brought again when it is needed. */
async function makeRoom(forId: string): Promise<void> {
  const held = importQueue.getState().items.filter((i) => i.uploadId !== undefined && i.id !== forId);
  if (held.length < HELD_AT_ONCE) return;
  const idle = held.find((i) => i.phase.name === 'review' || i.phase.name === 'failed');
  if (!idle?.uploadId) return;
  patch(idle.id, { uploadId: undefined });
  await rpc.data.discard({ uploadId: idle.uploadId }).catch(() => undefined);
}

async function bring(item: ImportItem, signal: AbortSignal): Promise<ImportSource> {
  const { file, choices } = item;
  const entry = choices.entry === undefined ? {} : { entry: choices.entry };
  if (!file) return { kind: 'demo' };
  if (item.uploadId !== undefined) return { kind: 'upload', uploadId: item.uploadId, ...entry };
  await makeRoom(item.id);
  const importing = isImporting(item.phase);
  const onFraction = (fraction: number) => {
    // Brought again for an import, it stays one: the sheet must not become editable meanwhile.
    if (!importing) patch(item.id, { phase: { name: 'uploading', fraction } });
  };
  const uploadId = await uploadFile(file, onFraction, signal);
  if (!itemOf(item.id)) {
    // Put away while it travelled.
    await rpc.data.discard({ uploadId }).catch(() => undefined);
    throw new DOMException('aborted', 'AbortError');
  }
  patch(item.id, { uploadId });
  return { kind: 'upload', uploadId, ...entry };
}

async function inspectOnce(id: string, signal: AbortSignal): Promise<void> {
  const item = itemOf(id);
  if (!item) return;
  const source = await bring(item, signal);
  patch(id, { phase: { name: 'inspecting' } });
  const asked = itemOf(id)?.choices ?? item.choices;
  const seen = await rpc.data.inspect({ source, ...inspectOptions(asked) }, { signal });
  const now = itemOf(id);
  if (!now || signal.aborted) return;
  const choices = fillIn(now.choices, now.touched, seen);
  patch(id, { seen, choices, phase: { name: 'review' } });
  // A zone that was filled in reads other times: they are what is to be confirmed.
  if (choices.zone !== asked.zone && choices.zone !== seen.zone) await inspectOnce(id, signal);
}

/** Looks at a file, again with what the user has changed; one that is being imported is left alone. */
export async function inspect(id: string): Promise<void> {
  const item = itemOf(id);
  if (!item || isImporting(item.phase) || !isOpen(item)) return;
  const control = abortOf(id);
  try {
    await inspectOnce(id, control.signal);
  } catch (error) {
    // Another look at the same file has taken over.
    if (aborts.get(id) !== control) return;
    patch(id, { phase: { name: 'failed', at: 'inspect', error }, seen: undefined });
  }
}

let looking = false;

/** Looks at the files that wait, one after the other. */
async function lookAtWaiting(): Promise<void> {
  if (looking) return;
  looking = true;
  try {
    for (;;) {
      const next = importQueue.getState().items.find((item) => item.phase.name === 'waiting');
      if (!next) return;
      await inspect(next.id);
    }
  } finally {
    looking = false;
  }
}

/** The same file again, corrected on disk: what was filled in for it stays. */
function sameFile(file: File): ImportItem | undefined {
  return importQueue
    .getState()
    .items.find(
      (i) => i.name === file.name && isOpen(i) && !isImporting(i.phase) && i.choices.entry === undefined,
    );
}

/** Takes files in and looks at them; the sheet of the first is shown. */
export function addFiles(files: readonly File[]): void {
  if (files.length === 0) return;
  let first: string | undefined;
  for (const file of files) {
    const same = sameFile(file);
    const item = same ?? newItem(file.name, file);
    first ??= item.id;
    if (same) {
      abortOf(same.id);
      if (same.uploadId) void rpc.data.discard({ uploadId: same.uploadId }).catch(() => undefined);
      patch(same.id, { file, uploadId: undefined, seen: undefined, phase: { name: 'waiting' } });
    } else importQueue.setState(({ items }) => ({ items: [...withoutDone(items), item] }));
  }
  importQueue.setState({ shown: first });
  dataView.setState({ main: 'review', intake: 'import' });
  void lookAtWaiting();
}

/** Takes every file of an archive in by itself, with what was said about this one. */
export function addEntries(id: string): void {
  const item = itemOf(id);
  if (!item?.seen || !item.file) return;
  const { file, choices, touched, seen } = item;
  const known = new Set(
    importQueue
      .getState()
      .items.filter((i) => i.file === file)
      .map((i) => i.choices.entry),
  );
  const current = choices.entry ?? seen.entries[0]?.name;
  const added = seen.entries
    .filter((e) => e.name !== current && !known.has(e.name))
    .map((e) => {
      const one = newItem(file.name, file, e.name);
      const kept = new Set(touched).add('entry');
      kept.delete('columns');
      return {
        ...one,
        choices: { ...choices, columns: undefined, repairs: {}, entry: e.name },
        touched: kept,
      };
    });
  importQueue.setState(({ items }) => ({ items: [...items, ...added] }));
  // What was read as one history is the first file now, and is looked at as such.
  if (choices.entry === undefined && current !== undefined) choose(id, { entry: current });
  void lookAtWaiting();
}

/** Changes what is said about a file, and looks at it again where that reads it differently. */
export function choose(id: string, change: Partial<Choices>): void {
  const item = itemOf(id);
  if (!item || isImporting(item.phase)) return;
  const touched = new Set(item.touched);
  for (const key of Object.keys(change)) touched.add(key as keyof Choices);
  // Another file of the archive has columns and rows of its own.
  const reset = 'entry' in change ? { columns: undefined, repairs: {} } : {};
  patch(id, { choices: { ...item.choices, ...reset, ...change }, touched });
  if (!changesReading(change) || item.phase.name === 'waiting' || item.phase.name === 'uploading') return;
  clearTimeout(timers.get(id));
  // Another symbol reads the same bars; whatever else is said reads others, which are to be seen first.
  if (Object.keys(change).some((key) => key !== 'symbol')) patch(id, { phase: { name: 'inspecting' } });
  timers.set(
    id,
    setTimeout(() => void inspect(id), SETTLE_MS),
  );
}

let imports = 0;

async function follow(id: string, events: AsyncIterable<ImportEvent>): Promise<void> {
  for await (const event of events) {
    if (event.type === 'progress') {
      const { stage, fraction, rows } = event;
      patch(id, { phase: { name: 'importing', stage, fraction, rows } });
      continue;
    }
    const { dataset, quality, notes, seconds } = event;
    imports += 1;
    const result = { dataset, quality, notes, seconds, order: imports };
    patch(id, { phase: { name: 'done', result } });
    invalidate('data.');
    chooseHistory(dataset);
  }
  const phase = itemOf(id)?.phase.name;
  if (phase !== undefined && phase !== 'done')
    throw new Error('The engine ended the import without a result.');
}

async function storedNow(item: ImportItem): Promise<DatasetDto | undefined> {
  // The import before may have made the history that this one adds to.
  return item.seen && storedOf(item.choices, item.seen, await rpc.data.list());
}

async function importOnce(id: string, signal: AbortSignal): Promise<void> {
  const item = itemOf(id);
  if (!item?.seen) return;
  const stored = await storedNow(item);
  const source = await bring(item, signal);
  const options = importOptions(item.choices, item.seen, stored, item.confirmedMode ?? 'merge');
  // The engine removes an upload once it was imported or refused.
  patch(id, { uploadId: undefined, phase: { name: 'importing', stage: 'reading', fraction: 0, rows: 0 } });
  await follow(id, await rpc.data.import({ source, ...options }, { signal }));
}

async function runImport(id: string): Promise<void> {
  const control = abortOf(id);
  try {
    await importOnce(id, control.signal);
  } catch (error) {
    if (control.signal.aborted && isAbort(error)) patch(id, { phase: { name: 'review' } });
    else patch(id, { phase: { name: 'failed', at: 'import', error } });
  }
}

let importing = false;

/** Imports what was confirmed, one file after the other: each may add to what the one before has stored. */
async function importQueued(): Promise<void> {
  if (importing) return;
  importing = true;
  try {
    for (;;) {
      const next = importQueue.getState().items.find((item) => item.phase.name === 'queued');
      if (!next) break;
      await runImport(next.id);
    }
  } finally {
    importing = false;
  }
  leaveReviewWhenDone();
}

/** Shows the next file that waits for the user, or the histories when none does. */
function leaveReviewWhenDone(): void {
  const { items, shown } = importQueue.getState();
  const current = items.find((i) => i.id === shown);
  if (current && isOpen(current)) return;
  const next = items.find(isOpen);
  importQueue.setState({ shown: next?.id });
  if (!next) dataView.setState({ main: 'catalogue' });
}

/** True when a file may be imported as it is shown. */
export function isReady(item: ImportItem): boolean {
  const again = item.phase.name === 'failed' && item.phase.at === 'import';
  if (!item.seen || !(item.phase.name === 'review' || again)) return false;
  return blockersOf(item.choices, item.seen).length === 0;
}

/** Confirms files: they are imported one after the other. Those that are not ready stay. */
export function startImports(ids: readonly string[], datasets: readonly DatasetDto[]): void {
  for (const id of ids) {
    const item = itemOf(id);
    if (!item?.seen || !isReady(item)) continue;
    const { choices, seen } = item;
    const mode = confirmedMode(choices, seen, storedOf(choices, seen, datasets));
    clearTimeout(timers.get(id));
    patch(id, { phase: { name: 'queued' }, confirmedMode: mode });
  }
  void importQueued();
}

/** Stops what is done with a file; nothing of it is stored, and what was said about it stays. */
export function stopItem(id: string): void {
  const item = itemOf(id);
  if (item?.phase.name === 'queued') patch(id, { phase: { name: 'review' } });
  else aborts.get(id)?.abort();
}

/** Puts a file away. */
export function removeItem(id: string): void {
  const item = itemOf(id);
  if (!item) return;
  abortOf(id);
  aborts.delete(id);
  clearTimeout(timers.get(id));
  importQueue.setState(({ items }) => ({ items: items.filter((i) => i.id !== id) }));
  if (item.uploadId) void rpc.data.discard({ uploadId: item.uploadId }).catch(() => undefined);
  leaveReviewWhenDone();
}

/** Puts away every file that nothing is done with. */
export function clearItems(): void {
  for (const item of importQueue.getState().items) if (!isImporting(item.phase)) removeItem(item.id);
}

/** Shows the sheet of a file. */
export function showItem(id: string): void {
  importQueue.setState({ shown: id });
  dataView.setState({ main: 'review' });
}

/** Stores the market that comes with Frontier. */
export async function importDemo(symbol: string, name: string): Promise<void> {
  const running = importQueue.getState().items.some((i) => !i.file && isImporting(i.phase));
  if (running) return;
  const item: ImportItem = { ...newItem(name, undefined), phase: { name: 'queued' } };
  const { id } = item;
  importQueue.setState(({ items }) => ({
    items: [...withoutDone(items).filter((i) => i.file !== undefined), item],
  }));
  dataView.setState({ intake: 'import' });
  const control = abortOf(id);
  try {
    await follow(id, await rpc.data.import({ source: { kind: 'demo' }, symbol }, { signal: control.signal }));
  } catch (error) {
    if (control.signal.aborted && isAbort(error)) removeItem(id);
    else patch(id, { phase: { name: 'failed', at: 'import', error } });
  }
}
