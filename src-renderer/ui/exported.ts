import { save } from './download.ts';
import { rpc } from './rpc.ts';

/** Bytes of base64 text. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/**
 * Brings a file that the engine has written here, piece by piece, and hands it to the user.
 * @param onFraction called with the share that has arrived, 0 to 1
 * @returns bytes of the file
 */
export async function saveExported(
  exportId: string | null,
  fileName: string,
  type: string,
  onFraction?: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  if (exportId === null) throw new Error('The engine wrote no file that can be fetched.');
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (let total = Number.POSITIVE_INFINITY; offset < total; ) {
    const piece = await rpc.data.exported({ exportId, offset }, signal ? { signal } : {});
    const raw = bytesOf(piece.base64);
    total = piece.total;
    if (raw.length === 0 && offset < total)
      throw new Error(`The file ends after ${offset} of ${total} bytes.`);
    pieces.push(raw);
    offset += raw.length;
    onFraction?.(total === 0 ? 1 : offset / total);
  }
  save(fileName, new Blob(pieces, { type }));
  return offset;
}
