import type { DatasetDto } from '../../src-shared/contract/data.ts';
import type { DeviceDto, EstimateDto, TrainInput } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { featureWarmupBars } from '../features/index.ts';
import { composedSettings } from '../models/composed.ts';
import { familyOf } from '../models/registry.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import { graphSpec, prepareModel } from '../training/open.ts';
import { threadsEach } from '../training/parallel.ts';
import { type PlanDevice, type PlanFacts, planRun, type TrialResult } from '../training/planner.ts';
import { chronologicalSplit, embargoFor } from '../validation/splits.ts';
import { configOf } from './jobs/fit.ts';
import { horizonsOf } from './jobs/horizons.ts';
import { featuresOf, SHARES } from './jobs/prepare.ts';

/** What is known of a run before its data is read. */
export interface PlanRequest {
  readonly input: TrainInput;
  readonly dataset: Pick<DatasetDto, 'bars'>;
  readonly devices: readonly DeviceDto[];
  readonly trial?: (TrialResult & { readonly trainWindows: number; readonly note?: string }) | undefined;
}

/** Bytes of a bar in memory: time and six columns of doubles, its marks and its place in the split. */
const BAR_BYTES = 80;

const asPlanned = ({ id, name, engine, freeBytes, memoryBytes }: DeviceDto): PlanDevice => ({
  id,
  name,
  engine,
  freeBytes: freeBytes ?? memoryBytes,
});

/** The device that the run would take, with the reason where the user left the choice. */
function deviceFor(
  { engine, device }: TrainInput,
  devices: readonly DeviceDto[],
): { device: PlanDevice; reason?: string } {
  const cpu = devices.find(({ id }) => id === 'cpu')!;
  if (engine === 'auto' && device === undefined) {
    // What `openEngine` weighs: CoreML and TensorFlow.js are for who asks.
    const raced = devices.filter(
      (d) => d.available && d.probeMs !== null && !['coreml', 'tfjs'].includes(d.engine),
    );
    const best = raced.reduce((a, b) => (b.probeMs! < a.probeMs! ? b : a), cpu);
    const others = raced.filter((d) => d !== best).map((d) => `${d.id} ${d.probeMs!.toFixed(1)} ms`);
    const time = best.probeMs === null ? '' : ` (${best.probeMs.toFixed(1)} ms`;
    const reason =
      others.length > 0
        ? `${best.id} runs the probe fastest${time}, against ${others.join(', ')}).`
        : `${best.id}, as no other engine works here.`;
    return { device: asPlanned(best), reason };
  }
  const named = device ?? (engine === 'cpu' ? 'cpu' : `${engine}:0`);
  const found = devices.find(({ id }) => id === named);
  if (!found) {
    throw new FrontierError(
      'BAD_INPUT',
      `there is no device ${named} on this machine`,
      `Devices here: ${devices.flatMap((d) => (d.available ? [d.id] : [])).join(', ')}.`,
    );
  }
  if (found.available) return { device: asPlanned(found) };
  return { device: asPlanned(cpu), reason: `The run would fall back to the CPU: ${found.detail}.` };
}

/** Of a family that is computed at once: the matrix of sums of products, and copies of the windows. */
function planSolved(request: PlanRequest, device: PlanDevice, windows: number): EstimateDto {
  const { input } = request;
  const width = featuresOf(input).length * input.windowBars;
  const memoryBytes = 3 * width * width * 8 + 2 * request.dataset.bars * width * 4 + 145e6;
  const limit = device.freeBytes ?? memoryBytes;
  return {
    parameters: width + 1,
    trainWindows: windows,
    stepsPerEpoch: 0,
    totalSteps: 0,
    effectiveBatch: windows,
    autoBatch: input.batch,
    memoryBytes,
    memoryLimitBytes: limit,
    msPerStep: null,
    seconds: null,
    device: `${device.id} (${device.name})`,
    decisions: [
      'The model is computed at once, on the CPU: batch, epochs and learning rate have no part in it.',
    ],
    warnings: memoryBytes > 0.9 * limit ? ['The run takes more than 90 % of the free memory.'] : [],
    refusal:
      memoryBytes > limit
        ? 'The matrix of the features does not fit into the free memory: choose fewer features or a shorter window.'
        : null,
  };
}

function factsOf(request: PlanRequest, windows: number): PlanFacts {
  const { input, dataset, devices } = request;
  const config = configOf(input);
  const { device, reason } = deviceFor(input, devices);
  const features = featuresOf(input).length;
  const targetCount = familyOf(input.family).role === 'diffusion' ? input.horizonBars : 1;
  const layout = config.layout === 'auto' ? 'channelsFirst' : config.layout;
  const model = prepareModel({ featureCount: features, targetCount }, config, layout);
  const specFor = (batch: number): TrainGraphSpec =>
    graphSpec({ rows: dataset.bars, targetCount }, config, model, {
      batch,
      accumulation: config.accumulation,
    });
  const threads = threadsEach(config.threads, config.devices);
  const threadsReason =
    input.threads === 0 || config.devices > 1
      ? `${threads} CPU threads${config.devices > 1 ? ` for each of ${config.devices} workers` : ', as many as there are cores'}.`
      : undefined;
  const cpu = devices.find(({ id }) => id === 'cpu')!;
  return {
    specFor,
    batch: config.batch,
    accumulation: config.accumulation,
    devices: config.devices,
    epochs: config.epochs,
    trainWindows: windows,
    device,
    deviceReason: reason,
    threads,
    threadsReason,
    hostFreeBytes: cpu.freeBytes ?? cpu.memoryBytes ?? 0,
    preparedBytes: dataset.bars * (BAR_BYTES + 4 * features),
  };
}

/** Windows of the training part, before the data is read: gaps and repaired bars may leave some out. */
function windowsOf({ input, dataset, trial }: PlanRequest): number {
  if (trial) return trial.trainWindows;
  const usable = dataset.bars - warmupOf(input) - input.windowBars - input.horizonBars;
  return Math.max(0, Math.floor(usable * SHARES.train));
}

const warmupOf = (input: TrainInput): number => featureWarmupBars(featuresOf({ ...input, symbols: [] }));

/** Why the history is too short for the window and the horizon, as the run itself would say it. */
function tooShort({ input, dataset }: PlanRequest): string | null {
  const { windowBars, horizonBars } = input;
  try {
    chronologicalSplit({
      rows: dataset.bars,
      usableFrom: Math.min(dataset.bars, warmupOf(input) + windowBars - 1),
      embargoBars: embargoFor({ horizonBars, windowBars }),
      shares: SHARES,
    });
    return null;
  } catch (error) {
    if (!(error instanceof FrontierError) || error.code !== 'REFUSED') throw error;
    return [error.message, error.hint].join(' ').trim();
  }
}

/** Models of a set of horizons that are trained one after the other: each fold of each horizon, and then the model. */
function planHorizons(request: PlanRequest): EstimateDto {
  const settings = composedSettings('horizons', request.input.model);
  const horizons = horizonsOf(settings, request.input);
  // The longest horizon leaves the fewest samples.
  const horizonBars = horizons.at(-1)!.bars;
  const one = planTraining({
    ...request,
    input: { ...request.input, family: settings.family, model: settings.model, horizonBars },
  });
  const count = horizons.length * (settings.folds + 1);
  return {
    ...one,
    totalSteps: one.totalSteps * count,
    seconds: one.seconds === null ? null : one.seconds * count,
    decisions: [
      ...one.decisions,
      `At most ${count} models are trained one after the other: ${settings.folds} folds and the model itself for each of ${horizons.length} horizons. Memory is that of one.`,
    ],
  };
}

/**
 * What a run would take.
 * @throws FrontierError BAD_INPUT where settings are wrong
 */
export function planTraining(request: PlanRequest): EstimateDto {
  const { input, devices, trial } = request;
  if (input.family === 'horizons') return planHorizons(request);
  const windows = windowsOf(request);
  const refusal = tooShort(request);
  if (input.family === 'ensemble' || familyOf(input.family).fit === 'solved') {
    const cpu = devices.find(({ id }) => id === 'cpu')!;
    const solved = planSolved(request, asPlanned(cpu), windows);
    return { ...solved, refusal: refusal ?? solved.refusal };
  }
  const plan = planRun(factsOf(request, windows), trial);
  const planned = { ...plan, refusal: refusal ?? plan.refusal };
  if (!trial?.note) return planned;
  // Where the user left the choice, another engine than the first is a decision; else it is not what was asked for.
  return input.engine === 'auto'
    ? { ...planned, decisions: [...planned.decisions, `${trial.note}.`] }
    : { ...planned, warnings: [...planned.warnings, trial.note] };
}
