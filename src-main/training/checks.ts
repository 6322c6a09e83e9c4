import type { ModelRole } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { BatchPlan } from './batches.ts';
import type { TrainConfig, TrainingData } from './types.ts';

const bad = (message: string, hint: string): FrontierError => new FrontierError('BAD_INPUT', message, hint);

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw bad(`${name} must be a whole number from ${least}, got ${value}`, `Set ${name} to ${least} or more.`);
}

function requireBetween(name: string, value: number, least: number, below: number): void {
  if (value >= least && value < below) return;
  throw bad(
    `${name} must be from ${least} to less than ${below}, got ${value}`,
    `Set ${name} to ${least} or more.`,
  );
}

/** Windows whose gradients make one update. */
export function effectiveBatch(config: Pick<TrainConfig, 'batch' | 'accumulation' | 'devices'>): number {
  return config.batch * config.accumulation * config.devices;
}

/** Whether a model of this role learns from targets, or from the windows alone. */
export function learnsFromTargets(role: ModelRole): boolean {
  return role === 'regressor' || role === 'diffusion';
}

function checkOptimizer({ optimizer, learningRate }: TrainConfig): void {
  if (!(learningRate > 0 && learningRate < 10)) {
    throw bad(`learningRate must lie between 0 and 10, got ${learningRate}`, 'A usual value is 0.001.');
  }
  for (const name of ['weightDecay', 'clipNorm'] as const)
    requireBetween(name, optimizer[name], 0, Number.POSITIVE_INFINITY);
  for (const name of ['beta1', 'beta2', 'momentum', 'averageDecay'] as const)
    requireBetween(name, optimizer[name], 0, 1);
}

function checkSchedule({ schedule }: TrainConfig): void {
  const { kind, warmupSteps = 0, factor, everyEpochs, patience } = schedule;
  requireWhole('warmupSteps', warmupSteps, 0);
  if (kind !== 'step' && kind !== 'plateau') return;
  if (factor !== undefined && !(factor > 0 && factor < 1))
    throw bad(
      `the schedule's factor must lie between 0 and 1, got ${factor}`,
      'Set it to 0.5, or choose the constant schedule.',
    );
  if (everyEpochs !== undefined) requireWhole('everyEpochs', everyEpochs, 1);
  if (patience !== undefined) requireWhole("the schedule's patience", patience, 1);
}

/** @throws FrontierError BAD_INPUT naming choices that exclude each other, with what to change */
export function checkChoices(
  config: Pick<TrainConfig, 'averageEvery' | 'devices' | 'augment' | 'window'> & {
    readonly loss: Pick<TrainConfig['loss'], 'kind'>;
  },
  role: ModelRole,
): void {
  if (config.averageEvery > 1 && config.devices === 1)
    throw bad(
      `averageEvery ${config.averageEvery} means nothing on one device`,
      'Set averageEvery to 1, or train on more devices.',
    );
  if (config.loss.kind === 'quantile' && role !== 'regressor')
    throw bad(
      `a model of the kind ${role} has no quantiles to learn`,
      'Choose another loss, or a family that predicts a return.',
    );
  const { noise, timeWarp, spread } = config.augment;
  requireBetween('augment.noise', noise, 0, Number.POSITIVE_INFINITY);
  requireBetween('augment.timeWarp', timeWarp, 0, 1);
  requireBetween('augment.spread', spread, 0, Number.POSITIVE_INFINITY);
  if (timeWarp > 0 && config.window < 3)
    throw bad(
      `a window of ${config.window} rows has no time to stretch`,
      'Set the time warp to 0, or use a longer window.',
    );
  if (spread > 0 && !learnsFromTargets(role))
    throw bad(
      `a model of the kind ${role} has no target whose spread could vary`,
      'Set the variation of the spread to 0.',
    );
}

/** @throws FrontierError BAD_INPUT naming the setting that is out of range, or the settings that contradict */
export function checkConfig(config: TrainConfig, role: ModelRole): void {
  const whole = [
    'window',
    'batch',
    'epochs',
    'threads',
    'accumulation',
    'devices',
    'averageEvery',
    'keepCheckpoints',
  ] as const;
  for (const name of whole) requireWhole(name, config[name], 1);
  requireWhole('chunkSteps', config.chunkSteps, 0);
  requireWhole('patience', config.patience, 0);
  checkOptimizer(config);
  checkSchedule(config);
  checkChoices(config, role);
}

/**
 * Refuses data that cannot be learnt from, before any time is spent on it.
 * @throws FrontierError BAD_INPUT naming the feature, row and step, or what is missing
 */
export function checkData(data: TrainingData, config: TrainConfig, role: ModelRole): void {
  const { rows, featureCount, features, targets, targetCount = 1 } = data;
  const labelled = learnsFromTargets(role);
  if (features.length !== rows * featureCount || (labelled && targets.length !== rows * targetCount)) {
    const got = `${features.length} feature values and ${targets.length} targets`;
    throw bad(`${rows} rows of ${featureCount} features came with ${got}`, 'Compute the features again.');
  }
  checkLength(data, config);
  checkFeatures(data, config, coveredRows(data, config.window));
  if (!labelled) return;
  checkTargets(data, data.trainEnds);
  checkTargets(data, data.validationEnds);
  refuseConstant(data);
}

function checkLength({ trainEnds, validationEnds }: TrainingData, config: TrainConfig): void {
  const batch = effectiveBatch(config);
  if (trainEnds.length < batch) {
    const factors = [config.batch, config.accumulation, config.devices].filter((n, i) => i === 0 || n > 1);
    const product = factors.length > 1 ? ` (${factors.join(' x ')})` : '';
    const message = `${trainEnds.length} training windows do not fill one batch of ${batch}${product}`;
    throw bad(message, 'Use more history, a shorter window or a smaller batch.');
  }
  const total = Math.floor(trainEnds.length / batch) * config.epochs;
  const { warmupSteps = 0, kind } = config.schedule;
  if (warmupSteps >= total) {
    const message = `the learning rate would rise over ${warmupSteps} steps, and the run has ${total}`;
    throw bad(message, `Set warmupSteps to less than ${total}; a tenth of the run is usual.`);
  }
  if (kind === 'plateau' && validationEnds.length === 0)
    throw bad(
      'the plateau schedule follows the validation loss, and there are no validation windows',
      'Choose another schedule, or more history.',
    );
}

/** Marks the rows that some window contains. */
function coveredRows({ rows, trainEnds, validationEnds }: TrainingData, window: number): Uint8Array {
  const change = new Int32Array(rows + 1);
  for (const ends of [trainEnds, validationEnds]) {
    for (const end of ends) {
      if (end < window - 1 || end >= rows) {
        throw bad(
          `a window of ${window} rows cannot end at row ${end} of ${rows}`,
          'Start the windows later.',
        );
      }
      change[end - window + 1]! += 1;
      change[end + 1]! -= 1;
    }
  }
  const covered = new Uint8Array(rows);
  let open = 0;
  for (let row = 0; row < rows; row++) {
    open += change[row]!;
    covered[row] = open > 0 ? 1 : 0;
  }
  return covered;
}

/** A feature as messages name it. */
export function featureLabel({ featureNames }: Pick<TrainingData, 'featureNames'>, column: number): string {
  return featureNames?.[column] === undefined ? `feature ${column}` : `feature ${featureNames[column]}`;
}

/** The first step of the run whose batch has a window over the row, from 1, or undefined where training never sees it. */
export function firstStepOver(data: TrainingData, config: TrainConfig, row: number): number | undefined {
  const plan = new BatchPlan(data.trainEnds, effectiveBatch(config), config.epochs, config.seed);
  for (let step = 0; step < plan.totalSteps; step += plan.stepsPerEpoch) {
    const at = plan
      .endsOf(step, plan.stepsPerEpoch)
      .findIndex((end) => end >= row && end < row + config.window);
    if (at >= 0) return step + Math.floor(at / plan.batch) + 1;
  }
  return undefined;
}

function checkFeatures(data: TrainingData, config: TrainConfig, covered: Uint8Array): void {
  const { features, featureCount, rows } = data;
  for (let row = 0; row < rows; row++) {
    if (!covered[row]) continue;
    for (let column = 0; column < featureCount; column++) {
      const value = features[row * featureCount + column]!;
      if (Number.isFinite(value)) continue;
      const step = firstStepOver(data, config, row);
      const seen =
        step === undefined ? 'the validation would see it' : `step ${step} would be the first to see it`;
      const message = `${featureLabel(data, column)} of row ${row} is ${value}; ${seen}`;
      throw bad(message, 'Leave out the warm-up rows of the features, or repair the history there.');
    }
  }
}

function checkTargets({ targets, targetCount = 1 }: TrainingData, ends: Int32Array): void {
  for (const end of ends) {
    for (let column = 0; column < targetCount; column++) {
      const value = targets[end * targetCount + column]!;
      if (Number.isFinite(value)) continue;
      const which = targetCount > 1 ? `target ${column}` : 'the target';
      throw bad(`${which} of row ${end} is ${value}`, 'Leave out the last rows, whose future is not known.');
    }
  }
}

function refuseConstant({ targets, targetCount = 1, trainEnds }: TrainingData): void {
  const first = targets[trainEnds[0]! * targetCount]!;
  const same = (end: number): boolean =>
    targets.subarray(end * targetCount, (end + 1) * targetCount).every((value) => value === first);
  if (!trainEnds.every(same)) return;
  throw bad(
    `all training targets equal ${first}`,
    'There is nothing to predict: check the history and the horizon.',
  );
}
