import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { JobContext } from '../../jobs/port.ts';
import { familyOf } from '../../models/registry.ts';
import { openEngine } from '../../tensor/engine.ts';
import { freshState, TrainSession } from '../../tensor/train-session.ts';
import { BatchPlan } from '../../training/batches.ts';
import { checkConfig, checkData } from '../../training/checks.ts';
import { graphSpec, prepareModel, tensorsOf } from '../../training/open.ts';
import { threadsEach } from '../../training/parallel.ts';
import type { TrialResult } from '../../training/planner.ts';
import type { TrainConfig, TrainingData } from '../../training/types.ts';
import { systemClock } from '../ids.ts';
import { configOf, trainingDataOf } from './fit.ts';
import { prepare } from './prepare.ts';
import { loadHistory } from './train.ts';

export interface EstimatePayload {
  readonly home: string;
  readonly input: TrainInput;
  readonly dataset: DatasetDto;
}

export interface Trial extends TrialResult {
  readonly trainWindows: number;
  /** The engine that was used, where it is not the one asked for. */
  readonly note?: string;
}

/** A measurement lasts about so long: enough for the noise of a busy machine, short for who waits. */
const MEASURE_MS = 1200;
/** A run of the engine lasts at least so long, so that what surrounds it does not count. */
const LEAST_RUN_MS = 40;
const MOST_STEPS = 200;

/** Trains some steps for the clock; the smallest time of several runs is that of a machine left alone. */
async function timeSteps(
  session: TrainSession,
  data: TrainingData,
  config: TrainConfig,
  signal: AbortSignal,
): Promise<{ msPerStep: number; steps: number }> {
  const { batch, accumulation } = config;
  const plan = new BatchPlan(data.trainEnds, batch * accumulation, 1, config.seed);
  const timed = async (steps: number): Promise<number> => {
    const started = performance.now();
    await session.run(plan.endsOf(0, steps), steps, () => config.learningRate);
    return (performance.now() - started) / steps;
  };
  // The first run allocates.
  await timed(1);
  let msPerStep = await timed(1);
  const steps = Math.min(plan.stepsPerEpoch, MOST_STEPS, Math.max(1, Math.ceil(LEAST_RUN_MS / msPerStep)));
  const until = performance.now() + MEASURE_MS;
  let done = 2;
  do {
    msPerStep = Math.min(msPerStep, await timed(steps));
    done += steps;
  } while (performance.now() < until && !signal.aborted);
  return { msPerStep, steps: done };
}

/**
 * Trains a few steps of a run on its own data to measure time and memory; nothing is kept.
 * @throws FrontierError as the run itself would: BAD_INPUT, REFUSED, ENGINE_FAILED, UNAVAILABLE
 */
export async function estimateJob(payload: EstimatePayload, context: JobContext): Promise<Trial> {
  const { home, dataset, input } = payload;
  const config = configOf(input);
  const { role } = familyOf(input.family);
  checkConfig(config, role);
  const history = await loadHistory(home, dataset, input.symbols);
  const prepared = prepare(history.bars, input, history.marks, history.others);
  const data = trainingDataOf(prepared, input, history.bars);
  checkData(data, config, role);
  const layout = config.layout === 'auto' ? 'channelsFirst' : config.layout;
  const model = prepareModel(data, config, layout);
  const spec = graphSpec(data, config, model, config);
  const threads = threadsEach(config.threads, config.devices);
  const opened = await openEngine(config.engine, threads, systemClock, config.device, {
    tf32: config.tf32,
  });
  const { graphOptimization } = config;
  const session = await TrainSession.open(opened.engine, spec, tensorsOf(data, model.model), {
    graphOptimization,
  });
  try {
    session.load(freshState(spec.layout, config.seed, spec), 0);
    const { msPerStep, steps } = await timeSteps(session, data, config, context.signal);
    if (context.signal.aborted) throw new FrontierError('CANCELLED', 'The trial was stopped.');
    // A run validates as well, and keeps the memory of that.
    const { validationEnds } = data;
    if (validationEnds.length > 0) await session.evaluate(validationEnds.subarray(0, config.batch));
    return {
      msPerStep,
      steps,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      trainWindows: data.trainEnds.length,
      ...(opened.degradedReason ? { note: opened.degradedReason } : {}),
    };
  } finally {
    await session.release();
  }
}
