import type { ChangeDto, DatasetDto, DatasetRef, QualityDto } from '../../src-shared/contract/data.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import type { SavedDataset, StoredDataset } from '../store/bars.ts';
import type { ChangeFilter, ChangeRecord } from '../store/changes.ts';
import type { DatasetRecord } from '../store/datasets.ts';
import type { EngineContext } from './context.ts';
import { dropForecastCache } from './forecast.ts';
import { nameOf, settleHistories } from './historySettle.ts';

const queues = new WeakMap<EngineContext, Map<string, Promise<void>>>();
/** Versions in use of the histories whose symbol is being worked on, by symbol and name; as `settleHistories` says. */
const versionsInUse = new WeakMap<EngineContext, Map<string, Map<string, string>>>();

/** What a click waits for; a download can hold the lock for as long as it runs. */
export const SHORT_PATIENCE_MS = 10_000;

/** Waits for one's turn, at most so long. @returns whether it has come */
async function turnComes(before: Promise<void>, patienceMs: number | undefined): Promise<boolean> {
  if (patienceMs === undefined) {
    await before;
    return true;
  }
  const { promise: tired, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, patienceMs, false);
  const came = await Promise.race([before.then(() => true), tired]);
  clearTimeout(timer);
  return came;
}

/** Does work between two looks at whether the bar store agrees with the list. */
async function settled<T>(
  context: EngineContext,
  symbol: string,
  work: () => Promise<T>,
  keepFetched: boolean,
): Promise<T> {
  const known = versionsInUse.get(context) ?? new Map<string, Map<string, string>>();
  versionsInUse.set(context, known);
  known.set(symbol, await settleHistories(context, symbol, keepFetched));
  try {
    return await work();
  } finally {
    known.delete(symbol);
    // A worker that was lost may have stored what nobody recorded.
    await settleHistories(context, symbol, keepFetched).catch((error: unknown) =>
      context.log(`The histories of ${symbol} could not be compared with the list.`, error),
    );
  }
}

/**
 * Does work on the histories of a symbol that nothing else changes meanwhile: what comes second waits. The work may
 * run jobs; taking the same symbol's lock again inside it would wait for ever.
 * @param patienceMs how long to wait at most; as long as it takes when absent
 * @param keepFetched whether the work goes on from what a download stored and could not register
 * @throws FrontierError LOCKED when the turn does not come in that time; whatever the work throws
 */
export async function withHistoryLock<T>(
  context: EngineContext,
  symbol: string,
  work: () => Promise<T>,
  patienceMs?: number,
  keepFetched = false,
): Promise<T> {
  const name = instrumentFor(symbol).symbol;
  const waiting = queues.get(context) ?? new Map<string, Promise<void>>();
  queues.set(context, waiting);
  const before = waiting.get(name) ?? Promise.resolve();
  const { promise: mine, resolve: done } = Promise.withResolvers<void>();
  const place = before.then(() => mine);
  waiting.set(name, place);
  void place.then(() => {
    if (waiting.get(name) === place) waiting.delete(name);
  });
  try {
    if (await turnComes(before, patienceMs)) return await settled(context, name, work, keepFetched);
  } finally {
    done();
  }
  throw new FrontierError(
    'LOCKED',
    `The histories of ${name} are being changed, by a download or an import for example.`,
    'Wait until it has ended, or stop it, and try again.',
  );
}

/** The record of a history. @throws FrontierError NOT_FOUND */
export function historyOf(
  context: EngineContext,
  symbol: string,
  timeframe: Timeframe,
  side?: PriceSide | undefined,
): DatasetRecord {
  const record = context.stores.datasets.find(symbol, timeframe, side);
  if (record) return record;
  const what = `${symbol} ${timeframe}${side === undefined ? '' : ` ${side}`}`;
  throw new FrontierError('NOT_FOUND', `There is no ${what} history.`, 'Import it first.');
}

/** A change that is on the disk and is now to be known. */
export interface NewChange {
  readonly kind: Exclude<ChangeDto['kind'], 'remove'>;
  /** One sentence for the user. */
  readonly summary: string;
  /** What was done, for the log; plain JSON. */
  readonly detail: unknown;
  /** What the bar store's `save` or `merge` gave. */
  readonly stored: StoredDataset | SavedDataset;
  /**
   * The history before, for changes of several saves. Absent: what was in use when the work under the lock began.
   */
  readonly before?: Pick<StoredDataset, 'version'> | undefined;
  readonly quality: QualityDto;
  readonly notes: readonly string[];
  readonly source: string;
  readonly format: string;
  readonly zone: string;
  /** Absent: as it was, and null after an import or a resampling. */
  readonly providerId?: string | null | undefined;
  /** An earlier change that this one goes on with, for example the next page of a download. */
  readonly continues?: string | undefined;
}

/**
 * The version that taking the change back leads to. What the save replaced may be the work of a worker that was lost
 * on the way and began again, so what was in use when the work began counts for more.
 */
function versionBefore(context: EngineContext, { before, stored }: NewChange): string | null {
  if (before) return before.version;
  const inUse = versionsInUse.get(context)?.get(stored.symbol);
  if (inUse) return inUse.get(nameOf(stored)) ?? null;
  return 'replaced' in stored ? stored.replaced : null;
}

function datasetDto(change: NewChange, known: DatasetDto | undefined, nowMs: number): DatasetDto {
  const { stored, quality, source, format, zone } = change;
  const instrument = instrumentFor(stored.symbol);
  const isNew = change.kind === 'import' || change.kind === 'resample';
  return {
    symbol: stored.symbol,
    timeframe: stored.timeframe,
    synthetic: instrument.synthetic,
    priceSide: stored.priceSide,
    bars: stored.bars,
    fromMs: stored.fromMs,
    toMs: stored.toMs,
    dataHash: stored.dataHash,
    source,
    format,
    zone,
    importedMs: isNew ? nowMs : (known?.importedMs ?? nowMs),
    updatedMs: nowMs,
    qualityScore: quality.score,
    issueCount: quality.issues.length + quality.issuesLeftOut,
    digits: instrument.digits,
    pipSize: instrument.pipSize,
    markedBars: stored.markedBars,
    providerId:
      change.providerId === undefined ? (isNew ? null : (known?.providerId ?? null)) : change.providerId,
  };
}

/**
 * Registers a version that the bar store holds, and the change that `data.undo` takes back. Call it under
 * `withHistoryLock`, after every save: histories that no list names are put back at the next start.
 * @throws FrontierError NOT_FOUND when it continues a change that does not exist
 */
export function recordChange(
  context: EngineContext,
  change: NewChange,
): { dataset: DatasetDto; changeId: string } {
  const { stored } = change;
  const { datasets, changes, db } = context.stores;
  const nowMs = context.clock.nowMs();
  const recordBefore = datasets.find(stored.symbol, stored.timeframe, stored.priceSide);
  const dataset = datasetDto(change, recordBefore?.dataset, nowMs);
  const changeId = change.continues ?? context.ids.next('chg');
  const { summary, detail } = change;
  db.transaction(() => {
    datasets.save({ dataset, quality: change.quality, notes: change.notes });
    if (change.continues !== undefined) {
      changes.extend(changeId, { summary, detail, versionAfter: stored.version });
      return;
    }
    changes.add({
      id: changeId,
      symbol: stored.symbol,
      timeframe: stored.timeframe,
      priceSide: stored.priceSide,
      madeMs: nowMs,
      kind: change.kind,
      summary,
      detail,
      versionBefore: versionBefore(context, change),
      versionAfter: stored.version,
      recordBefore,
      undoneMs: null,
    });
  })();
  versionsInUse.get(context)?.get(stored.symbol)?.set(nameOf(stored), stored.version);
  announce(context);
  return { dataset, changeId };
}

function announce(context: EngineContext): void {
  dropForecastCache();
  context.hub.notify('data');
}

/** Removes a history; its change brings it back. @throws FrontierError NOT_FOUND; LOCKED while it is changed */
export async function removeHistory(context: EngineContext, ref: DatasetRef): Promise<{ changeId: string }> {
  return withHistoryLock(
    context,
    ref.symbol,
    async () => {
      const record = historyOf(context, ref.symbol, ref.timeframe, ref.priceSide);
      const { symbol, timeframe, priceSide, bars } = record.dataset;
      const key = { symbol, timeframe, priceSide };
      const version = await context.bars.find(symbol, timeframe, priceSide).then(
        (stored) => stored?.version ?? null,
        // What cannot be read cannot come back either, but it can go.
        () => null,
      );
      await context.bars.remove(key);
      const { datasets, changes, db } = context.stores;
      const changeId = context.ids.next('chg');
      db.transaction(() => {
        datasets.remove(symbol, timeframe, priceSide);
        changes.add({
          ...key,
          id: changeId,
          madeMs: context.clock.nowMs(),
          kind: 'remove',
          summary: `Removed ${symbol} ${timeframe} ${priceSide}: ${bars} bars.`,
          detail: null,
          versionBefore: version,
          versionAfter: null,
          recordBefore: record,
          undoneMs: null,
        });
      })();
      announce(context);
      return { changeId };
    },
    SHORT_PATIENCE_MS,
  );
}

/** Whether undoing would find what it needs: the version before, or nothing before a history's first change. */
async function canRestore(context: EngineContext, change: ChangeRecord): Promise<boolean> {
  if (change.versionBefore === null) return change.kind !== 'remove';
  const kept = await context.bars.versions(change).catch(() => []);
  return kept.some(({ version }) => version === change.versionBefore);
}

/** Changes, the newest first, and which of them can be taken back. */
export async function listChanges(
  context: EngineContext,
  filter: ChangeFilter,
  limit: number,
): Promise<ChangeDto[]> {
  const newest = new Map<string, string | undefined>();
  const listed: ChangeDto[] = [];
  for (const change of context.stores.changes.list(filter, limit)) {
    const name = nameOf(change);
    if (!newest.has(name)) newest.set(name, context.stores.changes.newest(change)?.id);
    const undoable = newest.get(name) === change.id && (await canRestore(context, change));
    const { id, symbol, timeframe, priceSide, madeMs, kind, summary, undoneMs } = change;
    listed.push({ id, symbol, timeframe, priceSide, madeMs, kind, summary, undoneMs, undoable });
  }
  return listed;
}

function assertNewest(context: EngineContext, change: ChangeRecord): void {
  if (change.undoneMs !== null) {
    throw new FrontierError('CONFLICT', `This was taken back already: ${change.summary}`);
  }
  const newest = context.stores.changes.newest(change);
  if (newest && newest.id !== change.id) {
    throw new FrontierError(
      'CONFLICT',
      `${nameOf(change)} has been changed since: ${newest.summary}`,
      `Take that back first, with its change ${newest.id}.`,
    );
  }
}

/**
 * Takes back the newest change of a history: the version before it is in use again.
 * @returns the history as it was; null when there was none before
 * @throws FrontierError NOT_FOUND for no such change or a version that is no longer kept, CONFLICT when it is not the
 *   newest that holds, LOCKED while the symbol's histories are being changed
 */
export async function undoChange(context: EngineContext, changeId: string): Promise<DatasetDto | null> {
  const { datasets, changes, db } = context.stores;
  return withHistoryLock(
    context,
    changes.get(changeId).symbol,
    async () => {
      const change = changes.get(changeId);
      assertNewest(context, change);
      if (change.kind === 'remove' && change.versionBefore === null) {
        throw new FrontierError('NOT_FOUND', 'The files of this history were damaged when it was removed.');
      }
      const record = change.versionBefore === null ? undefined : change.recordBefore;
      if (change.versionBefore === null) await context.bars.remove(change);
      else await context.bars.restore(change, change.versionBefore);
      db.transaction(() => {
        if (record) datasets.save(record);
        else datasets.remove(change.symbol, change.timeframe, change.priceSide);
        changes.markUndone(changeId, context.clock.nowMs());
      })();
      announce(context);
      return record?.dataset ?? null;
    },
    SHORT_PATIENCE_MS,
  );
}
