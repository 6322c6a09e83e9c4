import type { DeviceReading, TrainingRunDto, TrainLogEntry } from '../../src-shared/contract/training.ts';
import { eventFile, type ScalarEvent } from './tfrecord.ts';

/** All that is known of a run. */
export interface RunRecord {
  readonly run: TrainingRunDto;
  readonly readings: readonly DeviceReading[];
  readonly log: readonly TrainLogEntry[];
}

export interface ExportedFile {
  readonly name: string;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

/** Columns of the CSV file; empty cells are unknown. */
const COLUMNS = ['step', 'train', 'validation', 'learningRate', 'gradientNorm', 'stepsPerSecond'] as const;
const CSV_HEADER = 'step,loss_train,loss_validation,learning_rate,gradient_norm,steps_per_second';

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

function asJson({ run, readings, log }: RunRecord): Uint8Array {
  const { curve, ...facts } = run;
  return text(`${JSON.stringify({ run: facts, curve, readings, log }, null, 1)}\n`);
}

function asCsv({ run }: RunRecord): Uint8Array {
  const rows = run.curve.map((point) => COLUMNS.map((column) => point[column] ?? '').join(','));
  return text(`${[CSV_HEADER, ...rows].join('\n')}\n`);
}

/** Numbers that are known, by tag. */
function known(values: Readonly<Record<string, number | null | undefined>>): Record<string, number> {
  const found = Object.entries(values).filter(
    (entry): entry is [string, number] => entry[1] !== null && entry[1] !== undefined,
  );
  return Object.fromEntries(found);
}

/** The curve as events. When a point was made is not stored: its time is that of the training up to it. */
function curveEvents({ curve, startedMs, stepsPerSecond = 1 }: TrainingRunDto): ScalarEvent[] {
  let timeMs = startedMs;
  let before = 0;
  return curve.map((point) => {
    timeMs += ((point.step - before) * 1000) / (point.stepsPerSecond || stepsPerSecond || 1);
    before = point.step;
    const scalars = known({
      'loss/train': point.train,
      'loss/validation': point.validation,
      learning_rate: point.learningRate,
      gradient_norm: point.gradientNorm,
      steps_per_second: point.stepsPerSecond,
    });
    return { timeMs, step: point.step, scalars };
  });
}

function readingEvents(readings: readonly DeviceReading[]): ScalarEvent[] {
  return readings.map(({ timeMs, step, device, ...reading }) => ({
    timeMs,
    step,
    scalars: known({
      [`device/${device}/utilization`]: reading.utilization,
      [`device/${device}/memory_bytes`]: reading.memoryBytes,
      [`device/${device}/temperature_c`]: reading.temperatureC,
      [`device/${device}/power_watt`]: reading.powerWatt,
      [`device/${device}/fan_pct`]: reading.fanPct,
    }),
  }));
}

function asEvents({ run, readings }: RunRecord): Uint8Array {
  const events = [...curveEvents(run), ...readingEvents(readings)];
  return eventFile(
    run.startedMs,
    events.filter(({ scalars }) => Object.keys(scalars).length > 0),
  );
}

/** A run as a file: everything as JSON, the curve as CSV, or a TensorBoard event file (put it in a folder of its own). */
export function exportRun(record: RunRecord, format: 'json' | 'csv' | 'tensorboard'): ExportedFile {
  const { id, startedMs } = record.run;
  switch (format) {
    case 'json':
      return { name: `${id}.json`, mime: 'application/json', bytes: asJson(record) };
    case 'csv':
      return { name: `${id}.csv`, mime: 'text/csv', bytes: asCsv(record) };
    case 'tensorboard': {
      // TensorBoard takes files whose names hold `tfevents`.
      const name = `events.out.tfevents.${Math.floor(startedMs / 1000)}.${id}`;
      return { name, mime: 'application/octet-stream', bytes: asEvents(record) };
    }
  }
}
