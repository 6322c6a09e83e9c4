import { describe, expect, it } from 'vitest';
import { type TrainingRunDto, trainInputSchema } from '../../src-shared/contract/training.ts';
import { exportRun, type RunRecord } from './runExport.ts';
import { crc32c, maskedCrc, tfRecord } from './tfrecord.ts';

const run: TrainingRunDto = {
  id: 'run_0001',
  jobId: 'job_1',
  input: trainInputSchema.parse({ symbol: 'EURUSD', timeframe: 'H1' }),
  state: 'done',
  startedMs: 1_700_000_000_000,
  step: 20,
  totalSteps: 20,
  epoch: 2,
  restarts: 0,
  stepsPerSecond: 5,
  curve: [
    { step: 10, train: 0.5, learningRate: 0.001, gradientNorm: 2.5, stepsPerSecond: 5 },
    { step: 20, train: 0.25, validation: 0.375 },
  ],
};
const record: RunRecord = {
  run,
  readings: [
    {
      timeMs: 1_700_000_001_000,
      step: 10,
      device: 'cpu',
      utilization: 50,
      memoryBytes: 2 ** 30,
      temperatureC: null,
      powerWatt: null,
      fanPct: null,
    },
  ],
  log: [{ timeMs: 1_700_000_000_500, level: 'decision', topic: 'engine', message: 'Training on cpu.' }],
};

const bytesOf = (count: number, at: (i: number) => number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => at(i));

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
  it.each([
    ['32 zeros', bytesOf(32, () => 0), 0x8a9136aa],
    ['32 ones', bytesOf(32, () => 0xff), 0x62a8ab43],
    ['0 to 31', bytesOf(32, (i) => i), 0x46dd794e],
    ['31 to 0', bytesOf(32, (i) => 31 - i), 0x113fdb5c],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s is as published', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });
});

it('frames a record as TFRecord files do', () => {
  const bytes = Buffer.from(tfRecord(Buffer.from('abc')));
  expect(bytes.readBigUInt64LE(0)).toBe(3n);
  expect(bytes.toString('latin1', 12, 15)).toBe('abc');
  // Rotated right by 15, plus 0xa282ead8, by hand: the CRC of "123456789" is e3069283, rotated 2507c60d.
  expect(maskedCrc(Buffer.from('123456789'))).toBe((0x2507c60d + 0xa282ead8) >>> 0);
  expect(bytes.readUInt32LE(15)).toBe(maskedCrc(Buffer.from('abc')));
  expect(bytes).toHaveLength(19);
});

/** An independent reader of protocol buffers: fields by number, whatever they mean. */
function fieldsOf(bytes: Buffer): [field: number, value: number | bigint | Buffer][] {
  const fields: [number, number | bigint | Buffer][] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const wire = key & 7;
    if (wire === 0) fields.push([key >> 3, varint()]);
    else if (wire === 1) fields.push([key >> 3, take(8).readDoubleLE()]);
    else if (wire === 5) fields.push([key >> 3, take(4).readFloatLE()]);
    else fields.push([key >> 3, take(Number(varint()))]);
  }
  return fields;
}

/** Records of a TFRecord file whose checksums are right. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc(data));
    records.push(data);
    at += length + 16;
  }
  return records;
}

describe('a run as a file', () => {
  it('is a TensorBoard event file that another reader understands', () => {
    const { name, bytes } = exportRun(record, 'tensorboard');
    expect(name).toBe('events.out.tfevents.1700000000.run_0001');
    const [first, ...events] = recordsOf(Buffer.from(bytes)).map(fieldsOf);
    expect(first![1]).toEqual([3, Buffer.from('brain.Event:2')]);
    const read = events.map((event) => {
      const of = new Map(event);
      const values = fieldsOf(of.get(5) as Buffer).map(([field, value]) => {
        expect(field).toBe(1);
        const inner = new Map(fieldsOf(value as Buffer));
        return [String(inner.get(1)), inner.get(2)];
      });
      return { time: of.get(1), step: of.get(2), ...Object.fromEntries(values) };
    });
    expect(read).toEqual([
      {
        time: 1_700_000_002,
        step: 10n,
        'loss/train': 0.5,
        learning_rate: Math.fround(0.001),
        gradient_norm: 2.5,
        steps_per_second: 5,
      },
      { time: 1_700_000_004, step: 20n, 'loss/train': 0.25, 'loss/validation': 0.375 },
      { time: 1_700_000_001, step: 10n, 'device/cpu/utilization': 50, 'device/cpu/memory_bytes': 2 ** 30 },
    ]);
  });

  it('is CSV with empty cells for what is not known', () => {
    expect(Buffer.from(exportRun(record, 'csv').bytes).toString()).toBe(
      'step,loss_train,loss_validation,learning_rate,gradient_norm,steps_per_second\n' +
        '10,0.5,,0.001,2.5,5\n20,0.25,0.375,,,\n',
    );
  });

  it('is JSON with run, curve, readings and log', () => {
    const { curve, ...facts } = run;
    const parsed: unknown = JSON.parse(Buffer.from(exportRun(record, 'json').bytes).toString());
    expect(parsed).toEqual({ run: facts, curve, readings: record.readings, log: record.log });
  });
});
