import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { formatNumber } from '../../ui/format.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { refOf } from './dataStore.ts';
import { offerUndo, reportFailure } from './undo.ts';

/** Most histories that the engine takes in one request. */
const AT_ONCE = 200;

/** Removes a history; the undo bar offers it back. */
export async function removeHistory(d: DatasetDto): Promise<void> {
  try {
    const { changeId } = await rpc.data.remove(refOf(d));
    offerUndo(changeId, `Removed ${d.symbol} ${d.timeframe} ${d.priceSide}: ${formatNumber(d.bars)} bars.`);
    invalidate('data.');
  } catch (error) {
    reportFailure(error);
  }
}

/** Asks the providers of histories for what came since. How far that is shows in their rows. */
export async function updateHistories(all: readonly DatasetDto[]): Promise<void> {
  try {
    for (let i = 0; i < all.length; i += AT_ONCE)
      await rpc.data.fetch.update({ histories: all.slice(i, i + AT_ONCE).map(refOf) });
  } catch (error) {
    reportFailure(error);
  }
}

/** Stops a download; what it has stored stays. */
export async function stopFetch(fetchId: string): Promise<void> {
  try {
    await rpc.data.fetch.stop({ fetchId });
  } catch (error) {
    reportFailure(error);
  }
}
