import type { EstimateDto } from '../../src-shared/contract/training.ts';
import type { EngineName } from '../tensor/engine.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import { JOB_BYTES, PROCESS_BYTES, type StepMemory, stepMemory, totalOf } from './plannerMemory.ts';

/** The device a run would take, as far as planning goes. */
export interface PlanDevice {
  readonly id: string;
  readonly name: string;
  readonly engine: EngineName;
  /** What may be taken of the device's memory now; null where it does not say. */
  readonly freeBytes: number | null;
}

export interface PlanFacts {
  /** The training graph for a batch. */
  specFor(batch: number): TrainGraphSpec;
  readonly batch: number;
  readonly accumulation: number;
  /** Data-parallel workers. */
  readonly devices: number;
  readonly epochs: number;
  readonly trainWindows: number;
  readonly device: PlanDevice;
  /** Why that device, where it was chosen for the user. */
  readonly deviceReason?: string | undefined;
  /** CPU threads of each worker. */
  readonly threads: number;
  readonly threadsReason?: string | undefined;
  /** Main memory that may be taken now. */
  readonly hostFreeBytes: number;
  /** What the process holds besides the training itself: bars and unscaled features. */
  readonly preparedBytes: number;
}

/** What a short trial measured. */
export interface TrialResult {
  readonly msPerStep: number;
  /** Most memory that the process held. */
  readonly peakBytes: number;
  readonly steps: number;
}

/** Above this share of the memory a run may be slowed by the system, or ended. */
const WARN_SHARE = 0.9;
/** Share of the memory that Auto uses. */
const AUTO_SHARE = 0.6;
const AUTO_BATCHES = [1024, 512, 256, 128, 64, 32, 16];
/** Fewer steps per epoch learn worse than the larger batch saves. */
const AUTO_STEPS_PER_EPOCH = 50;
/** Of a device that does not tell: integrated GPUs share it with the processor. */
const UNKNOWN_SHARE = 0.5;
const LEAST_BATCH = 4;

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const size = (bytes: number): string =>
  bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.max(1, Math.round(bytes / MIB))} MiB`;
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 1 : 0)} %`;

/** Memory of a plan: on the device, and in main memory. They are the same on the CPU. */
interface Needs {
  readonly device: number;
  readonly host: number;
  readonly step: StepMemory;
}

const onHost = ({ device }: PlanFacts): boolean => device.engine === 'cpu';

function needsOf(facts: PlanFacts, batch: number): Needs {
  const step = stepMemory(facts.specFor(batch));
  const workers = facts.devices;
  if (onHost(facts)) {
    // Workers of a parallel run are processes beside the one that coordinates them, each with the data.
    const each = PROCESS_BYTES + totalOf(step);
    const coordinator = PROCESS_BYTES + step.data + step.state / 2;
    const total = (workers > 1 ? coordinator + workers * each : each) + JOB_BYTES + facts.preparedBytes;
    return { device: total, host: total, step };
  }
  const host = workers * (PROCESS_BYTES + step.data + step.state / 2) + JOB_BYTES + facts.preparedBytes;
  return { device: totalOf(step), host, step };
}

/** Bytes that a run may take of the device, and what is known of them. */
function limitOf({ device, hostFreeBytes }: PlanFacts): { bytes: number; note?: string } {
  if (device.engine === 'cpu') return { bytes: hostFreeBytes };
  if (device.freeBytes !== null) return { bytes: device.freeBytes };
  const bytes = hostFreeBytes * UNKNOWN_SHARE;
  const note = `${device.name} does not tell its memory; half of the free main memory (${size(bytes)}) is taken for it.`;
  return { bytes, note };
}

const fits = (facts: PlanFacts, limit: number, batch: number, share: number): boolean => {
  const { device, host } = needsOf(facts, batch);
  return device <= share * limit && host <= facts.hostFreeBytes;
};

const stepsPerEpoch = (facts: PlanFacts, batch: number): number =>
  Math.floor(facts.trainWindows / (batch * facts.accumulation * facts.devices));

/** The batch that Auto takes, with the reason. */
function autoBatch(facts: PlanFacts, limit: number): { batch: number; reason: string } {
  const enough = AUTO_BATCHES.filter((batch) => stepsPerEpoch(facts, batch) >= AUTO_STEPS_PER_EPOCH);
  const batch = enough.find((candidate) => fits(facts, limit, candidate, AUTO_SHARE));
  if (batch !== undefined) {
    const larger = AUTO_BATCHES[AUTO_BATCHES.indexOf(batch) - 1];
    const why =
      larger === undefined
        ? 'larger ones learn no faster'
        : enough.includes(larger)
          ? `${larger} would take more than ${percent(AUTO_SHARE)} of the memory`
          : `${larger} would leave fewer than ${AUTO_STEPS_PER_EPOCH} steps per epoch`;
    return { batch, reason: `Auto takes a batch of ${batch}: ${why}.` };
  }
  const least = AUTO_BATCHES.at(-1)!;
  const why =
    enough.length > 0
      ? `even that is more than ${percent(AUTO_SHARE)} of the memory`
      : 'there are few windows to learn from';
  return { batch: least, reason: `Auto takes the smallest batch it knows, ${least}: ${why}.` };
}

/** Why the run cannot be done as asked, with what to change. */
function refusalOf(facts: PlanFacts, limit: number, needs: Needs): string | null {
  const { batch, accumulation, device } = facts;
  if (stepsPerEpoch(facts, batch) < 1) {
    const effective = batch * accumulation * facts.devices;
    return `An update takes ${effective} windows, and there are ${facts.trainWindows} to learn from: lower the batch, the accumulation or the number of devices, or bring more history.`;
  }
  const short = needs.device > limit;
  if (!short && needs.host <= facts.hostFreeBytes) return null;
  const need = short
    ? `about ${size(needs.device)} of ${size(limit)} free on ${device.name}`
    : `about ${size(needs.host)} of ${size(facts.hostFreeBytes)} free main memory`;
  const says = `A batch of ${batch} needs ${need}.`;
  for (let smaller = batch / 2, times = 2; smaller >= LEAST_BATCH; smaller /= 2, times *= 2) {
    if (!Number.isInteger(smaller) || !fits(facts, limit, smaller, WARN_SHARE)) continue;
    return `${says} A batch of ${smaller} with ${accumulation * times} batches per update fits and learns the same.`;
  }
  const fewer = facts.devices > 1 ? 'fewer devices, ' : '';
  return `${says} No smaller batch fits either: choose ${fewer}a smaller model, a shorter window, fewer features or gradient checkpointing, or free memory.`;
}

/** Where the memory goes, largest first. */
function breakdown({ step }: Needs, prepared: number): string {
  const parts: readonly (readonly [string, number])[] = [
    ['activations of a step', step.activations],
    ['weights and optimiser', step.state],
    ['data', step.data + prepared],
    ['the process', PROCESS_BYTES + JOB_BYTES],
  ];
  const sorted = [...parts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([name, bytes]) => `${name} ${size(bytes)}`).join(', ');
}

/**
 * What a run would take, what is chosen for the user, and whether it can be done.
 * Memory comes from walking the graph of a step (`stepMemory`), or from the trial where that measured more.
 */
export function planRun(facts: PlanFacts, trial?: TrialResult): EstimateDto {
  const { batch, accumulation, devices, device } = facts;
  const limit = limitOf(facts);
  const needs = needsOf(facts, batch);
  const measured = trial && onHost(facts) ? trial.peakBytes * Math.max(1, devices) : 0;
  const memoryBytes = Math.max(needs.device, measured);
  const auto = autoBatch(facts, limit.bytes);
  const perEpoch = stepsPerEpoch(facts, batch);
  const refusal = refusalOf(facts, limit.bytes, needs);
  const share = memoryBytes / limit.bytes;
  const warnings = [
    ...(refusal === null && share > WARN_SHARE
      ? [`The run takes ${percent(share)} of the free memory of ${device.name}: lower the batch to be safe.`]
      : []),
    ...(limit.note ? [limit.note] : []),
  ];
  const steps = perEpoch * facts.epochs;
  return {
    parameters: facts.specFor(batch).layout.total,
    trainWindows: facts.trainWindows,
    stepsPerEpoch: perEpoch,
    totalSteps: steps,
    effectiveBatch: batch * accumulation * devices,
    autoBatch: auto.batch,
    memoryBytes: Math.round(memoryBytes),
    memoryLimitBytes: Math.round(limit.bytes),
    msPerStep: trial?.msPerStep ?? null,
    seconds: trial ? (trial.msPerStep * steps) / 1000 : null,
    device: `${device.id} (${device.name})`,
    decisions: [
      ...(facts.deviceReason ? [facts.deviceReason] : []),
      ...(facts.threadsReason ? [facts.threadsReason] : []),
      auto.reason,
      `Memory: ${breakdown(needs, facts.preparedBytes)}.`,
      ...(trial
        ? [
            `Measured over ${trial.steps} steps: ${trial.msPerStep.toFixed(2)} ms per step, at most ${size(trial.peakBytes)} in the process.`,
          ]
        : []),
    ],
    warnings,
    refusal,
  };
}
