import { rpc } from './rpc.ts';

const PIECE_BYTES = 1024 * 1024;

function base64Of(piece: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error ?? new Error('The file cannot be read.'));
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.readAsDataURL(piece);
  });
}

/**
 * Brings a file to the engine piece by piece. Empty files travel too: the engine says what is wrong with them.
 * @param onFraction called with the share that has arrived, 0 to 1
 * @returns the name under which the engine holds it
 */
export async function uploadFile(
  file: File,
  onFraction: (fraction: number) => void,
  signal: AbortSignal,
): Promise<string> {
  let uploadId: string | undefined;
  let offset = 0;
  try {
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
      onFraction(file.size === 0 ? 1 : offset / file.size);
    } while (offset < file.size);
    return uploadId;
  } catch (error) {
    // Half a file takes one of the engine's few places.
    if (uploadId !== undefined) void rpc.data.discard({ uploadId }).catch(() => undefined);
    throw error;
  }
}
