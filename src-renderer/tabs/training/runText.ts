import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { formatNumber, UNKNOWN } from '../../ui/format.ts';
import { familyLabel } from '../../ui/models.tsx';

const ENGINE_LABEL: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  directml: 'DirectML',
  coreml: 'CoreML',
  tfjs: 'TensorFlow.js',
};

/** The engine and device of a run, once they are known. */
export function engineText(run: Pick<TrainingRunDto, 'engine' | 'device'>): string {
  if (run.engine === undefined) return UNKNOWN;
  const engine = ENGINE_LABEL[run.engine] ?? run.engine;
  if (run.device === undefined || run.device.toLowerCase() === run.engine) return engine;
  return run.device.includes(engine) ? run.device : `${engine}, ${run.device}`;
}

/** Share of the present epoch that is done, 0 to 1; undefined while it is not known how long one is. */
export function epochShare(
  run: Pick<TrainingRunDto, 'state' | 'step' | 'totalSteps' | 'stepsPerEpoch'>,
): number | undefined {
  if (run.state === 'done') return 1;
  const { step, stepsPerEpoch } = run;
  if (stepsPerEpoch === undefined || stepsPerEpoch <= 0) return undefined;
  if (step > 0 && step === run.totalSteps) return 1;
  return (step % stepsPerEpoch) / stepsPerEpoch;
}

/** True where early stopping ended the run. */
export function stoppedEarly(run: TrainingRunDto): boolean {
  return run.state === 'done' && run.input.patience > 0 && run.epoch > 0 && run.epoch < run.input.epochs;
}

/** Families that look no fixed number of bars ahead. */
const WITHOUT_HORIZON: ReadonlySet<string> = new Set(['anomaly', 'tcnAutoencoder', 'horizons']);

/** A run in one line. */
export function runTitle(run: TrainingRunDto): string {
  const { symbol, timeframe, family, horizonBars } = run.input;
  if (WITHOUT_HORIZON.has(family)) return `${symbol} ${timeframe} · ${familyLabel(family)}`;
  return `${symbol} ${timeframe} · ${familyLabel(family)} · ${bars(horizonBars)} ahead`;
}

function bars(n: number): string {
  return `${formatNumber(n)} ${n === 1 ? 'bar' : 'bars'}`;
}

/** How far a model looks back and ahead. */
export function barsText(model: { readonly windowBars: number; readonly horizonBars: number }): string {
  return `window ${bars(model.windowBars)}, ${bars(model.horizonBars)} ahead`;
}
