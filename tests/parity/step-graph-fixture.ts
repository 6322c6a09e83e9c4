import { openEngine } from '../../src-main/tensor/engine.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { type Change, endsOf, specOf, tensors } from '../../src-main/tensor/train.fixture.ts';
import { freshState, TrainSession } from '../../src-main/tensor/train-session.ts';
import { errorBody } from '../../src-shared/errors.ts';

// Every form of the step graph on WebGPU and on the CPU, as a process of its own: it needs another Vulkan driver.
// Prints one line of JSON per form.

const STEPS = 6;
const FORMS: Readonly<Record<string, Change>> = {
  accumulated: { accumulation: 2, optimizer: { clipNorm: 1, weightDecay: 0.1 } },
  augmented: { augment: { noise: 0.1, timeWarp: 0.2, spread: 0.1 } },
  averaged: { optimizer: { kind: 'sgd', averageDecay: 0.9 } },
  mixed: { precision: 'mixed' },
};

const { engine } = await openEngine('webgpu', 1);

async function outcome(change: Change, on: typeof engine) {
  const spec = specOf(change);
  const session = await TrainSession.open(on, spec, tensors());
  session.load(freshState(spec.layout, 9, spec), 0);
  const each = 8 * (change.accumulation ?? 1);
  const { losses, skipped } = await session.run(endsOf(STEPS * each), STEPS, () => 0.01);
  const { gradient } = await session.gradient(endsOf(each));
  const applied = await session.apply(gradient, 0.01);
  const weights = session.weights();
  await session.release();
  return { losses: Array.from(losses), skipped, norm: applied.gradientNorm, weights: Array.from(weights) };
}

for (const [form, change] of Object.entries(FORMS)) {
  const gpu = await outcome(change, engine).catch((error: unknown) => ({ error: errorBody(error) }));
  const cpu = await outcome(change, cpuEngine(1));
  process.stdout.write(`${JSON.stringify({ form, engine: engine.name, gpu, cpu })}\n`);
}
