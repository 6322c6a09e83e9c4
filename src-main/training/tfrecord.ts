import protobuf from 'protobufjs/minimal.js';

const { Writer } = protobuf;
type ProtoWriter = protobuf.Writer;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const tag = (field: number, wire: number): number => (field << 3) | wire;

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum as TFRecord files hold it: rotated right by 15 bits, plus a constant. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One TFRecord: length (uint64), its checksum, the data, its checksum; little endian. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** Numbers of one step, by tag. */
export interface ScalarEvent {
  readonly timeMs: number;
  readonly step: number;
  readonly scalars: Readonly<Record<string, number>>;
}

const withTime = (timeMs: number): ProtoWriter =>
  Writer.create()
    .uint32(tag(1, FIXED64))
    .double(timeMs / 1000);

/** `Event { wall_time = 1, file_version = 3 }`, the first of a file. */
function versionEvent(timeMs: number): Uint8Array {
  return withTime(timeMs).uint32(tag(3, LENGTH_DELIMITED)).string('brain.Event:2').finish();
}

/** `Event { wall_time = 1, step = 2, summary = 5 }` with `Summary { value = 1 { tag = 1, simple_value = 2 } }`. */
function scalarEvent({ timeMs, step, scalars }: ScalarEvent): Uint8Array {
  const writer = withTime(timeMs).uint32(tag(2, VARINT)).int64(step).uint32(tag(5, LENGTH_DELIMITED)).fork();
  for (const [name, value] of Object.entries(scalars)) {
    writer.uint32(tag(1, LENGTH_DELIMITED)).fork();
    writer.uint32(tag(1, LENGTH_DELIMITED)).string(name).uint32(tag(2, FIXED32)).float(value).ldelim();
  }
  return writer.ldelim().finish();
}

/**
 * A TensorBoard event file. Field numbers are those of `event.proto` and `summary.proto` of TensorFlow
 * (https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core).
 */
export function eventFile(startMs: number, events: readonly ScalarEvent[]): Uint8Array {
  return Buffer.concat([versionEvent(startMs), ...events.map(scalarEvent)].map(tfRecord));
}
