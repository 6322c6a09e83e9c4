import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { saveExported } from '../../ui/exported.ts';
import { rpc } from '../../ui/rpc.ts';
import { refOf } from './dataStore.ts';

export interface ExportChoice {
  readonly as: AnyTimeframe;
  readonly format: 'csv' | 'parquet';
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

const TYPES = { csv: 'text/csv', parquet: 'application/vnd.apache.parquet' } as const;

/** `EURUSD_H1_bid_2015-01-01_2020-12-31.csv`; without dates where the whole history is meant. */
export function exportName(d: DatasetDto, choice: ExportChoice): string {
  const day = (ms: number | undefined) => (ms === undefined ? [] : [new Date(ms).toISOString().slice(0, 10)]);
  const parts = [d.symbol, choice.as, d.priceSide, ...day(choice.fromMs), ...day(choice.toMs)];
  return `${parts.join('_')}.${choice.format}`;
}

/**
 * Has the engine write a history and brings the file here piece by piece, where the browser saves it.
 * @param onFraction called with the share that has arrived, 0 to 1; the engine's own work counts as 0
 * @returns bars and bytes of the file
 */
export async function exportHistory(
  dataset: DatasetDto,
  choice: ExportChoice,
  onFraction: (fraction: number) => void,
  signal: AbortSignal,
): Promise<{ bars: number; bytes: number; fileName: string }> {
  const { exportId, bars, bytes } = await rpc.data.export(
    {
      ...refOf(dataset),
      as: choice.as,
      format: choice.format,
      ...(choice.fromMs === undefined ? {} : { fromMs: choice.fromMs }),
      ...(choice.toMs === undefined ? {} : { toMs: choice.toMs }),
    },
    { signal },
  );
  const fileName = exportName(dataset, choice);
  await saveExported(exportId, fileName, TYPES[choice.format], onFraction, signal);
  return { bars, bytes, fileName };
}
