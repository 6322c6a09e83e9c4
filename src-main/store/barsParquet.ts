/**
 * Writes columns of doubles as an uncompressed Parquet file: the fastest way to hand arrays to DuckDB, which then
 * writes the compressed file that is kept. Layout and numbers are those of the Parquet format (parquet.thrift) in
 * Thrift's compact protocol.
 */
import { open } from 'node:fs/promises';
import { endianness } from 'node:os';

/** A column of the file; all have the same length. */
export interface PlainColumn {
  readonly name: string;
  readonly values: Float64Array | Int32Array;
}

/** Rows of a group: several groups let DuckDB read a file on several threads. */
const GROUP_ROWS = 61_440;
const MAGIC = Buffer.from('PAR1');

const TYPE = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;
const PHYSICAL = { int32: 1, double: 5 } as const;
const ENCODING = { plain: 0, rle: 3 } as const;

/** Thrift's compact protocol, as far as Parquet's footer needs it. */
class Thrift {
  readonly #bytes: number[] = [];
  #lastField: number[] = [0];

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes.push(rest);
  }

  #field(id: number, type: number): void {
    const delta = id - this.#lastField.at(-1)!;
    this.#lastField[this.#lastField.length - 1] = id;
    this.#bytes.push((delta << 4) | type);
  }

  /** Zigzag of a number that is never negative here. */
  #integer(value: number): void {
    this.#varint(value * 2);
  }

  #text(value: string): void {
    const bytes = Buffer.from(value);
    this.#varint(bytes.length);
    this.#bytes.push(...bytes);
  }

  i32(id: number, value: number): this {
    this.#field(id, TYPE.i32);
    this.#integer(value);
    return this;
  }

  i64(id: number, value: number): this {
    this.#field(id, TYPE.i64);
    this.#integer(value);
    return this;
  }

  text(id: number, value: string): this {
    this.#field(id, TYPE.binary);
    this.#text(value);
    return this;
  }

  struct(id: number, write: () => void): this {
    this.#field(id, TYPE.struct);
    this.#inner(write);
    return this;
  }

  structs<T>(id: number, items: readonly T[], write: (item: T) => void): this {
    this.#list(id, TYPE.struct, items.length);
    for (const item of items) this.#inner(() => write(item));
    return this;
  }

  integers(id: number, values: readonly number[]): this {
    this.#list(id, TYPE.i32, values.length);
    for (const value of values) this.#integer(value);
    return this;
  }

  texts(id: number, values: readonly string[]): this {
    this.#list(id, TYPE.binary, values.length);
    for (const value of values) this.#text(value);
    return this;
  }

  #list(id: number, type: number, size: number): void {
    this.#field(id, TYPE.list);
    if (size < 15) this.#bytes.push((size << 4) | type);
    else {
      this.#bytes.push(0xf0 | type);
      this.#varint(size);
    }
  }

  #inner(write: () => void): void {
    this.#lastField.push(0);
    write();
    this.#bytes.push(0);
    this.#lastField.pop();
  }

  /** Ends the outermost struct. */
  finish(): Buffer {
    this.#bytes.push(0);
    return Buffer.from(this.#bytes);
  }
}

interface Chunk {
  readonly column: PlainColumn;
  readonly offset: number;
  readonly rows: number;
  /** Of header and values. */
  readonly bytes: number;
}

const physicalType = ({ values }: PlainColumn): number =>
  values instanceof Float64Array ? PHYSICAL.double : PHYSICAL.int32;

function pageHeader(rows: number, bytes: number): Buffer {
  const thrift = new Thrift();
  thrift.i32(1, 0).i32(2, bytes).i32(3, bytes);
  thrift.struct(5, () =>
    thrift.i32(1, rows).i32(2, ENCODING.plain).i32(3, ENCODING.rle).i32(4, ENCODING.rle),
  );
  return thrift.finish();
}

function footer(columns: readonly PlainColumn[], groups: readonly Chunk[][], rows: number): Buffer {
  const thrift = new Thrift();
  thrift.i32(1, 1);
  thrift.structs(2, [undefined, ...columns], (column) => {
    if (column === undefined) thrift.text(4, 'schema').i32(5, columns.length);
    else thrift.i32(1, physicalType(column)).i32(3, 0).text(4, column.name);
  });
  thrift.i64(3, rows);
  thrift.structs(4, groups, (chunks) => {
    thrift.structs(1, chunks, (chunk) => {
      thrift.i64(2, chunk.offset).struct(3, () => {
        thrift.i32(1, physicalType(chunk.column)).integers(2, [ENCODING.plain]).texts(3, [chunk.column.name]);
        thrift.i32(4, 0).i64(5, chunk.rows).i64(6, chunk.bytes).i64(7, chunk.bytes).i64(9, chunk.offset);
      });
    });
    thrift
      .i64(
        2,
        chunks.reduce((sum, c) => sum + c.bytes, 0),
      )
      .i64(3, chunks[0]?.rows ?? 0);
  });
  return thrift.finish();
}

function littleEndian(values: Float64Array | Int32Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (endianness() === 'LE') return bytes;
  return values instanceof Float64Array ? Buffer.from(bytes).swap64() : Buffer.from(bytes).swap32();
}

/** Writes the file; it is not forced to the disk. @throws the error of the file system */
export async function writePlainParquet(path: string, columns: readonly PlainColumn[]): Promise<void> {
  const rows = columns[0]?.values.length ?? 0;
  const pieces: Buffer[] = [MAGIC];
  const groups: Chunk[][] = [];
  let offset = MAGIC.length;
  for (let from = 0; from < rows; from += GROUP_ROWS) {
    const to = Math.min(rows, from + GROUP_ROWS);
    const chunks = columns.map((column): Chunk => {
      const values = littleEndian(column.values.subarray(from, to));
      const header = pageHeader(to - from, values.length);
      const bytes = header.length + values.length;
      pieces.push(header, values);
      offset += bytes;
      return { column, offset: offset - bytes, rows: to - from, bytes };
    });
    groups.push(chunks);
  }
  const end = footer(columns, groups, rows);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(end.length);
  pieces.push(end, length, MAGIC);
  const file = await open(path, 'wx');
  try {
    const { bytesWritten } = await file.writev(pieces);
    // What is cut short is gone on with, so that the system says why it stops: the disk is full, for example.
    if (bytesWritten < offset + end.length + 8) {
      await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
    }
  } finally {
    await file.close();
  }
}
