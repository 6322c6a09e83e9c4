import { FrontierError } from '../../../src-shared/errors.ts';
import { familyOf } from '../../models/registry.ts';
import { readCpu, readNvidia } from '../../ops/hardware.ts';
import { checkConfig, checkData } from '../../training/checks.ts';
import { graphSpec, prepareModel } from '../../training/open.ts';
import { threadsEach } from '../../training/parallel.ts';
import { type PlanDevice, planRun } from '../../training/planner.ts';
import type { TrainConfig, TrainIo, TrainingData } from '../../training/types.ts';

/** The device as a run names it, with its free memory where it says; `auto` may still take a GPU, and is not judged. */
async function deviceOf(
  { engine, device }: TrainConfig,
  hostFreeBytes: number,
): Promise<PlanDevice | undefined> {
  if (engine === 'auto') return undefined;
  if (engine === 'cpu') return { id: 'cpu', name: 'the processor', engine, freeBytes: hostFreeBytes };
  const id = device ?? `${engine}:0`;
  const gpu = engine === 'cuda' ? (await readNvidia())[Number(id.split(':')[1] ?? 0)] : undefined;
  return { id, name: gpu?.name ?? id, engine, freeBytes: gpu?.freeBytes ?? null };
}

/**
 * Says in the log what memory a run will take and refuses one that cannot fit, before anything is allocated.
 * @throws FrontierError REFUSED with what to change; BAD_INPUT as the run itself would
 */
export async function checkMemory(
  data: TrainingData,
  config: TrainConfig,
  log: NonNullable<TrainIo['onLog']>,
): Promise<void> {
  const { role } = familyOf(config.family);
  checkConfig(config, role);
  checkData(data, config, role);
  const { freeBytes: hostFreeBytes } = await readCpu();
  const device = await deviceOf(config, hostFreeBytes);
  if (!device) return;
  const model = prepareModel(data, config, config.layout === 'auto' ? 'channelsFirst' : config.layout);
  const plan = planRun({
    specFor: (batch) => graphSpec(data, config, model, { batch, accumulation: config.accumulation }),
    batch: config.batch,
    accumulation: config.accumulation,
    devices: config.devices,
    epochs: config.epochs,
    trainWindows: data.trainEnds.length,
    device,
    threads: threadsEach(config.threads, config.devices),
    hostFreeBytes,
    // The bars and unscaled features are in this process already.
    preparedBytes: 0,
  });
  if (plan.refusal !== null)
    throw new FrontierError('REFUSED', plan.refusal, 'Change the settings, or free memory.');
  for (const message of plan.decisions.filter((line) => line.startsWith('Memory:')))
    log({ level: 'info', topic: 'memory', message });
  for (const message of plan.warnings) log({ level: 'warning', topic: 'memory', message });
}
