/**
 * Paints the application icons from the mark in `src-main/desktop/icon.ts`: `node build/make-icons.ts`.
 * The results are kept in the repository, because electron-builder reads them from `build/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { type Painted, paintMark } from '../src-main/desktop/icon.ts';

const folder = dirname(fileURLToPath(import.meta.url));

/** PNG (ISO/IEC 15948): 8-bit RGBA, each row filtered by its difference to the row above. */
export function encodePng({ size, rgba }: Painted): Buffer {
  const stride = size * 4;
  const rows = Buffer.alloc(size * (stride + 1));
  for (let row = 0; row < size; row++) {
    const at = row * (stride + 1);
    rows[at] = 2;
    for (let i = 0; i < stride; i++) {
      const above = row === 0 ? 0 : rgba[(row - 1) * stride + i]!;
      rows[at + 1 + i] = (rgba[row * stride + i]! - above) & 0xff;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows, { level: 9 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Windows icon: a directory of PNG images, as Windows Vista and later read it. */
export function encodeIco(images: readonly { size: number; png: Buffer }[]): Buffer {
  const directory = Buffer.alloc(6 + images.length * 16);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(images.length, 4);
  let offset = directory.length;
  images.forEach(({ size, png }, i) => {
    const at = 6 + i * 16;
    // 0 stands for 256.
    directory[at] = size % 256;
    directory[at + 1] = size % 256;
    directory.writeUInt16LE(1, at + 4);
    directory.writeUInt16LE(32, at + 6);
    directory.writeUInt32LE(png.length, at + 8);
    directory.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([directory, ...images.map(({ png }) => png)]);
}

/** macOS icon: PNG images under the type codes of their sizes. */
export function encodeIcns(images: readonly { type: string; png: Buffer }[]): Buffer {
  const parts = images.map(({ type, png }) => {
    const head = Buffer.alloc(8);
    head.write(type, 0, 'latin1');
    head.writeUInt32BE(png.length + 8, 4);
    return Buffer.concat([head, png]);
  });
  const head = Buffer.alloc(8);
  head.write('icns', 0, 'latin1');
  head.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([head, ...parts]);
}

/** Type codes of the icns format for PNG images by edge in pixels. */
const ICNS_TYPES: readonly (readonly [string, number])[] = [
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic08', 256],
  ['ic09', 512],
  ['ic10', 1024],
];

function makeAll(): void {
  const pngOf = new Map<number, Buffer>();
  const png = (size: number): Buffer => {
    const made = pngOf.get(size) ?? encodePng(paintMark(size));
    pngOf.set(size, made);
    return made;
  };
  mkdirSync(join(folder, 'icons'), { recursive: true });
  for (const size of [16, 32, 48, 64, 128, 256, 512]) {
    writeFileSync(join(folder, 'icons', `${size}x${size}.png`), png(size));
  }
  const ico = [16, 24, 32, 48, 64, 128, 256].map((size) => ({ size, png: png(size) }));
  writeFileSync(join(folder, 'icon.ico'), encodeIco(ico));
  writeFileSync(
    join(folder, 'icon.icns'),
    encodeIcns(ICNS_TYPES.map(([type, size]) => ({ type, png: png(size) }))),
  );
}

if (import.meta.main) makeAll();
