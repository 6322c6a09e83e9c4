/** What the catalogue and the list of changes say about a download. */
import type { HistoryProvider } from '../data/providers/port.ts';
import type { StoredDataset } from '../store/bars.ts';
import type { EngineContext } from './context.ts';
import { recordChange } from './histories.ts';
import type { FetchEvent, FetchTaskPayload } from './jobs/fetch.ts';

/** A version that the worker put on the disk. */
export type StoredEvent = Extract<FetchEvent, { type: 'stored' }>;

/** What a download of one history has done so far, the event included. */
export interface FetchedSoFar {
  readonly payload: Pick<FetchTaskPayload, 'fromMs' | 'toMs'>;
  /** The history before this download, which undoing it brings back. */
  readonly before: StoredDataset | undefined;
  /** Its change, once there is one. */
  readonly changeId: string | undefined;
  readonly addedBars: number;
  readonly keptBars: number;
  readonly missingBars: number;
}

/** Registers a version; all of one download are one change. @returns the change */
export function recordFetched(
  context: EngineContext,
  { id, name }: Pick<HistoryProvider, 'id' | 'name'>,
  done: FetchedSoFar,
  { stored, quality }: StoredEvent,
): string {
  const known = context.stores.datasets.find(stored.symbol, stored.timeframe, stored.priceSide);
  const { payload, before, changeId, addedBars, keptBars, missingBars } = done;
  const what = `${stored.symbol} ${stored.timeframe} ${stored.priceSide}`;
  const { fromMs, toMs } = payload;
  const recorded = recordChange(context, {
    kind: 'fetch',
    summary: `Fetched ${addedBars} bars of ${what} from ${name}.`,
    detail: { providerId: id, fromMs, toMs, addedBars, keptBars, missingBars },
    stored,
    ...(before === undefined ? {} : { before }),
    quality,
    notes: notesOf(known?.notes ?? [], name, missingBars),
    source: sourcesOf(known?.dataset.source, name),
    format: known?.dataset.format ?? 'provider',
    zone: known?.dataset.zone ?? 'UTC',
    providerId: id,
    ...(changeId === undefined ? {} : { continues: changeId }),
  });
  return recorded.changeId;
}

function notesOf(known: readonly string[], name: string, missingBars: number): string[] {
  const mark = `${name} has no bars`;
  const kept = known.filter((note) => !note.startsWith(mark));
  if (missingBars === 0) return kept;
  return [...kept, `${mark} for ${missingBars} that the market's calendar expects in what was last fetched.`];
}

/** Where the bars came from, all of it: a file that a provider completed is both. */
function sourcesOf(known: string | undefined, name: string): string {
  if (known === undefined || known === name) return name;
  return known.split(', then ').at(-1) === name ? known : `${known}, then ${name}`.slice(-300);
}
