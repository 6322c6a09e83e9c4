/** Screenshots with a palette of 256 colours: a third of the bytes, and for flat interfaces nothing to be seen. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel. */
  readonly rgb: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG, section 9.4. */
function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/** Takes the filters of PNG, section 9.2, off the rows. */
function unfilter(raw: Uint8Array, width: number, height: number, channels: number): Uint8Array {
  const stride = width * channels;
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      const left = i >= channels ? (out[at - channels] ?? 0) : 0;
      const up = y > 0 ? (out[at - stride] ?? 0) : 0;
      const upLeft = i >= channels && y > 0 ? (out[at - stride - channels] ?? 0) : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter] ?? 0;
      out[at] = (raw[y * (stride + 1) + 1 + i] ?? 0) + guess;
    }
  }
  return out;
}

/** Reads what Chromium writes: 8 bits, red, green and blue, not interlaced. */
function decode(png: Buffer): Picture {
  const parts: Buffer[] = [];
  let header = Buffer.alloc(13);
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = Buffer.from(data);
    if (type === 'IDAT') parts.push(data);
    at += 12 + length;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header[8] !== 8 || header[9] !== 2 || header[12] !== 0)
    throw new Error('Only plain 8-bit RGB pictures can be made small.');
  return { width, height, rgb: unfilter(inflateSync(Buffer.concat(parts)), width, height, 3) };
}

/** Colours that differ in the lowest bits only count as one. */
function bucket(rgb: Uint8Array, at: number): number {
  return (((rgb[at] ?? 0) >> 2) << 12) | (((rgb[at + 1] ?? 0) >> 2) << 6) | ((rgb[at + 2] ?? 0) >> 2);
}

const FREQUENT = 144;

function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, v, c) => sum + (v - (b[c] ?? 0)) ** 2, 0);
}

/** Of the other colours those that would be missed most: far from what is chosen, and not only a few pixels. */
function addMissed(palette: number[][], others: readonly { colour: number[]; count: number }[]): void {
  const away = others.map(({ colour }) => Math.min(...palette.map((p) => distance(p, colour))));
  while (palette.length < 256) {
    let worst = -1;
    let most = 0;
    for (const [i, { count }] of others.entries()) {
      const missed = (away[i] ?? 0) * Math.sqrt(count);
      if (missed > most) [worst, most] = [i, missed];
    }
    const chosen = others[worst]?.colour;
    if (!chosen) return;
    palette.push(chosen);
    for (const [i, { colour }] of others.entries())
      away[i] = Math.min(away[i] ?? 0, distance(chosen, colour));
  }
}

/** The mean colours of the most frequent buckets and of the most distinct others; the nearest for every bucket. */
function paletteOf(rgb: Uint8Array): { palette: number[][]; indexOf: Uint8Array } {
  const buckets = new Map<number, [count: number, r: number, g: number, b: number]>();
  for (let at = 0; at < rgb.length; at += 3) {
    const key = bucket(rgb, at);
    const sum = buckets.get(key) ?? [0, 0, 0, 0];
    sum[0] += 1;
    for (let c = 0; c < 3; c++) sum[c + 1] = (sum[c + 1] ?? 0) + (rgb[at + c] ?? 0);
    buckets.set(key, sum);
  }
  const mean = ([n, r, g, b]: number[]): number[] => [r, g, b].map((v) => Math.round((v ?? 0) / (n ?? 1)));
  const colours = [...buckets.values()].map((sum) => ({ colour: mean(sum), count: sum[0] }));
  colours.sort((a, b) => b.count - a.count);
  const palette = colours.slice(0, FREQUENT).map(({ colour }) => colour);
  addMissed(palette, colours.slice(FREQUENT));
  const indexOf = new Uint8Array(1 << 18);
  for (const [key, sum] of buckets) {
    const colour = mean(sum);
    const away = palette.map((p) => distance(p, colour));
    indexOf[key] = away.indexOf(Math.min(...away));
  }
  return { palette, indexOf };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** The same picture with at most 256 colours. @throws Error for anything but a plain 8-bit RGB picture */
export function smallPng(png: Buffer): Buffer {
  const { width, height, rgb } = decode(png);
  const { palette, indexOf } = paletteOf(rgb);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rows[y * (width + 1) + 1 + x] = indexOf[bucket(rgb, 3 * (y * width + x))] ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, palette, the usual compression and filters, not interlaced.
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
