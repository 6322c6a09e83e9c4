import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import type { BarColumns } from '../../src-shared/market/bars.ts';

/** Order in which the columns enter the hash. */
const ORDER = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

/**
 * Identity of a history: SHA-256 over the number of bars and the six columns one after the other, each as
 * little-endian IEEE-754 doubles. Equal bars have equal hashes on every machine, whatever file they came from.
 */
export function hashBars(bars: BarColumns): string {
  const hash = createHash('sha256');
  hash.update(`bars:1:${bars.timeMs.length}\n`);
  for (const name of ORDER) hash.update(littleEndian(bars[name]));
  return hash.digest('hex');
}

function littleEndian(column: Float64Array): Uint8Array {
  const bytes = Buffer.from(column.buffer, column.byteOffset, column.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap64();
}
