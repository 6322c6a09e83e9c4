import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { rpc } from '../../ui/rpc.ts';
import { refOf } from './dataStore.ts';

export interface ExportChoice {
  readonly as: AnyTimeframe;
  readonly format: 'csv' | 'parquet';
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** Bytes of base64 text. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const TYPES = { csv: 'text/csv', parquet: 'application/vnd.apache.parquet' } as const;

function save(fileName: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser reads the blob after the click returns; freeing it at once would save an empty file.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

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
  if (exportId === null) throw new Error('The engine wrote no file that can be fetched.');
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  while (offset < bytes) {
    const piece = await rpc.data.exported({ exportId, offset }, { signal });
    const raw = bytesOf(piece.base64);
    if (raw.length === 0) throw new Error(`The file ends after ${offset} of ${bytes} bytes.`);
    pieces.push(raw);
    offset += raw.length;
    onFraction(offset / bytes);
  }
  const fileName = exportName(dataset, choice);
  save(fileName, new Blob(pieces, { type: TYPES[choice.format] }));
  return { bars, bytes, fileName };
}
