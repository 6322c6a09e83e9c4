import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { TIMEFRAMES } from '../../src-shared/market/timeframes.ts';
import type { StoredDataset } from '../store/bars.ts';
import type { HistoryName } from '../store/changes.ts';
import type { EngineContext } from './context.ts';

const SIDES = ['bid', 'mid', 'ask'] as const;

/** A history in words; also names it in maps. */
export const nameOf = ({ symbol, timeframe, priceSide }: HistoryName): string =>
  `${symbol} ${timeframe} ${priceSide}`;

/** Puts the bars that the list names in use again, where a change was stored and not recorded. */
async function putBack(context: EngineContext, listed: HistoryName & { dataHash: string }): Promise<void> {
  try {
    const stored = await context.bars.find(listed.symbol, listed.timeframe, listed.priceSide);
    if (stored?.dataHash === listed.dataHash) return;
    const kept = await context.bars.versions(listed);
    const named = kept.find((version) => version.dataHash === listed.dataHash);
    if (named) await context.bars.restore(listed, named.version);
  } catch (error) {
    context.log(`The history ${nameOf(listed)} could not be compared with the list.`, error);
  }
}

/**
 * Puts back what a change left half done when the engine was killed between the bar store and the list of histories:
 * the bars that the list names. Histories whose named version is gone stay as they are; loading them says why. Bars
 * that no list names are left alone until their symbol is written to: a list that was lost must not take them along.
 */
export async function reconcileHistories(context: EngineContext): Promise<void> {
  for (const dataset of context.stores.datasets.list()) await putBack(context, dataset);
}

async function storedOf(context: EngineContext, key: HistoryName): Promise<StoredDataset | undefined> {
  try {
    return await context.bars.find(key.symbol, key.timeframe, key.priceSide);
  } catch (error) {
    // What is damaged is replaced by the next change, or refused by it in words.
    context.log(`The history ${nameOf(key)} could not be read.`, error);
    return undefined;
  }
}

/**
 * Makes the bar store agree with the list for all histories of a symbol, before and after something changes them
 * (STORE-11): else a change would go on from bars that nobody knows of, and taking it back would lead to them.
 * @param keepFetched leaves what a provider answered, as the next download goes on from it and lists it (PRV-36)
 * @returns the version in use of every listed history, by its name
 */
export async function settleHistories(
  context: EngineContext,
  symbol: string,
  keepFetched = false,
): Promise<Map<string, string>> {
  const name = instrumentFor(symbol).symbol;
  const versions = new Map<string, string>();
  for (const timeframe of TIMEFRAMES) {
    for (const priceSide of SIDES) {
      const key = { symbol: name, timeframe, priceSide };
      const listed = context.stores.datasets.find(name, timeframe, priceSide)?.dataset;
      if (listed) await putBack(context, listed);
      const stored = await storedOf(context, key);
      if (!stored) continue;
      if (listed) versions.set(nameOf(key), stored.version);
      else if (!(keepFetched && stored.spans.length > 0)) await context.bars.remove(key);
    }
  }
  return versions;
}
