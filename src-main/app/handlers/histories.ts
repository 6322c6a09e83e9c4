import type { DatasetRef } from '../../../src-shared/contract/data.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { type EngineContext, runJob } from '../context.ts';
import { exportHistory, readExport } from '../exports.ts';
import {
  historyOf,
  listChanges,
  recordChange,
  SHORT_PATIENCE_MS,
  undoChange,
  withHistoryLock,
} from '../histories.ts';
import type { ResamplePayload, ResampleResultData } from '../jobs/resample.ts';
import type { Implementer } from '../rpc.ts';

async function resampleHistory(
  context: EngineContext,
  input: DatasetRef & { target: Timeframe },
  signal: AbortSignal | undefined,
) {
  return withHistoryLock(
    context,
    input.symbol,
    async () => {
      const { dataset } = historyOf(context, input.symbol, input.timeframe, input.priceSide);
      const { symbol, timeframe, priceSide, source, zone } = dataset;
      const { target } = input;
      const payload: ResamplePayload = { home: context.home, symbol, timeframe, priceSide, target };
      const title = `Resample ${symbol} ${timeframe} to ${target}`;
      const made = await runJob<ResampleResultData>(context, 'resample', title, payload, signal);
      return recordChange(context, {
        kind: 'resample',
        summary: `Made ${made.stored.bars} ${target} bars from ${dataset.bars} ${timeframe} bars of ${symbol} ${priceSide}.`,
        detail: { from: { timeframe, priceSide, dataHash: dataset.dataHash } },
        stored: made.stored,
        quality: made.quality,
        notes: made.notes,
        source: `resampled from ${symbol} ${timeframe} ${priceSide} (${source})`,
        format: 'resampled',
        zone,
      });
    },
    SHORT_PATIENCE_MS,
  );
}

/** Changes of stored histories and ways out of the store. */
export function historyHandlers(os: Implementer, context: EngineContext) {
  return {
    changes: os.data.changes.handler(({ input }) => listChanges(context, input, input.limit)),
    undo: os.data.undo.handler(({ input }) => undoChange(context, input.changeId)),
    resample: os.data.resample.handler(({ input, signal }) => resampleHistory(context, input, signal)),
    export: os.data.export.handler(({ input, signal }) => exportHistory(context, input, signal)),
    exported: os.data.exported.handler(({ input }) => readExport(context.home, input.exportId, input.offset)),
  };
}
