import { describe, expect, it } from 'vitest';
import { cpuEngine } from './engines/cpu.ts';
import type { ForwardModel } from './model.ts';
import { gemm, reshape } from './ops/index.ts';
import { averageDecayAt, OPTIMIZER_DEFAULTS, type OptimizerSettings, stepSchedule } from './optimizer.ts';
import { layOut, zeros } from './parameters.ts';
import { distance, endsOf, sessionOf } from './train.fixture.ts';
import { freshState, TrainSession } from './train-session.ts';

const ROWS = 50;
const INPUTS = 3;
const STEPS = 30;
const START = Float32Array.of(0.5, -1, 0.25, 0.1);

/** y = x w + b, whose gradient is 2/n X'(Xw + b - y). */
const linear: ForwardModel = (scope) => {
  const x = reshape(scope.rowsAt([0]), [-1, INPUTS]);
  return gemm(x, scope.parameter('w', [INPUTS, 1], zeros), scope.parameter('b', [1], zeros));
};

const features = Float32Array.from({ length: ROWS * INPUTS }, (_, i) =>
  Math.sin(1 + 3 * Math.floor(i / INPUTS) + (i % INPUTS)),
);
const targets = Float32Array.from({ length: ROWS }, (_, row) => Math.cos(2 * row));
const batches = Array.from({ length: STEPS }, (_s, step) =>
  [0, 1, 2, 3].map((i) => (step * 7 + i * 11) % ROWS),
);
const rate = (step: number): number => 0.05 / (1 + step / 30);

async function train(change: Partial<OptimizerSettings>, large?: number) {
  const optimizer = { ...OPTIMIZER_DEFAULTS, ...change };
  const layout = layOut(
    [
      { name: 'w', shape: [INPUTS, 1], init: zeros },
      { name: 'b', shape: [1], init: zeros },
    ],
    large,
  );
  const spec = {
    model: { forward: linear },
    size: { window: 1, features: INPUTS, outputs: 1 },
    targetColumns: 1,
    layout,
    rows: ROWS,
    batch: 4,
    loss: { kind: 'mse' } as const,
    optimizer,
    seed: 1,
  };
  const session = await TrainSession.open(cpuEngine(1), spec, { features, targets });
  const fresh = freshState(layout, 1, spec);
  // The layout places small parameters first.
  const start = large === undefined ? START : Float32Array.of(START[3]!, START[0]!, START[1]!, START[2]!);
  session.load({ ...fresh, parameters: start, ...(fresh.average ? { average: start } : {}) }, 0);
  const history: number[][] = [];
  const losses: number[] = [];
  for (const batch of batches) {
    losses.push((await session.run(Int32Array.from(batch), 1, rate)).losses[0]!);
    history.push([...session.save().parameters]);
  }
  const [state, weights] = [session.save(), session.weights()];
  await session.release();
  return { losses, history, state, weights };
}

describe('optimisers', () => {
  // PyTorch 1.13, torch.optim in float64 on this model, data and schedule: w, b and the loss of the last step.
  it.each<[string, Partial<OptimizerSettings>, number[]]>([
    [
      'sgd',
      { kind: 'sgd', momentum: 0 },
      [0.587194743, -0.6780515679, 0.5107042175, 0.0042368384, 0.9357285775],
    ],
    [
      'sgd with momentum and weight decay',
      { kind: 'sgd', momentum: 0.9, weightDecay: 0.1 },
      [0.291653736, -0.2950183196, 0.1863080499, -0.0611700919, 0.93533978],
    ],
    [
      'adam with L2',
      { kind: 'adam', weightDecay: 0.1 },
      [0.4829698239, -0.5120161968, 0.5246930713, -0.0054281453, 0.9304751603],
    ],
    [
      'adamw',
      { kind: 'adamw', weightDecay: 0.1 },
      [0.5659330497, -0.6041836789, 0.6118156845, -0.0023230468, 0.930663383],
    ],
    [
      'adamw with clipped gradients',
      { kind: 'adamw', weightDecay: 0.1, clipNorm: 0.5 },
      [0.5638115782, -0.6028728109, 0.6049286709, -0.0064976016, 0.9303413125],
    ],
  ])('%s ends where PyTorch ends', async (_, change, expected) => {
    const { losses, state } = await train(change);
    expect(distance([...state.parameters, losses.at(-1)!], expected)).toBeLessThan(2e-6);
    // Carried as two tensors instead of one, the result is the same.
    const apart = await train(change, 2);
    const [b, ...w] = apart.state.parameters;
    expect(distance([...w, b!], expected.slice(0, 4))).toBeLessThan(2e-6);
  });

  it('sgd without momentum and with weight decay shrinks the weights by rate times decay', async () => {
    const decayed = await train({ kind: 'sgd', momentum: 0, weightDecay: 0.2 });
    const plain = await train({ kind: 'sgd', momentum: 0 });
    expect(decayed.state.slots).toEqual([]);
    decayed.history[0]!.forEach((value, i) => {
      expect(value).toBeCloseTo(plain.history[0]![i]! - 0.05 * 0.2 * START[i]!, 6);
    });
  });

  it('averages the weights from the initial ones on, and keeps the average', async () => {
    const { history, weights, state } = await train({ averageDecay: 0.8 });
    const average = Array.from(START);
    history.forEach((present, step) => {
      const decay = Math.min(0.8, (1 + step) / (10 + step));
      present.forEach((value, i) => {
        average[i] = decay * average[i]! + (1 - decay) * value;
      });
    });
    expect(distance(weights, average)).toBeLessThan(1e-6);
    expect(state.average).toEqual(weights);
    expect(distance(weights, state.parameters)).toBeGreaterThan(1e-3);
  });

  it('predicts and validates with the average', async () => {
    const session = await sessionOf({ optimizer: { averageDecay: 0.9 } });
    await session.run(endsOf(8 * 40), 40, () => 0.02);
    const state = session.save();
    const [predicted, loss] = [await session.predict(endsOf(5)), await session.evaluate(endsOf(20))];
    session.load({ ...state, parameters: state.average! }, 40);
    expect(await session.predict(endsOf(5))).toEqual(predicted);
    session.load({ ...state, average: state.parameters }, 40);
    expect(await session.evaluate(endsOf(20))).not.toBe(loss);
    await session.release();
  });

  it('starts with a state of its own kind and refuses that of another', async () => {
    const session = await sessionOf({ optimizer: { kind: 'sgd', momentum: 0.5 } });
    const state = session.save();
    expect(state.slots).toHaveLength(1);
    expect(() => session.load({ ...state, slots: [] }, 0)).toThrow(/another optimiser/);
    expect(() => session.load({ ...state, lossScale: { scale: 1, steps: 0 } }, 0)).toThrow(/precision/);
    await session.release();
  });
});

describe('the numbers of a step', () => {
  it('are those of a longer chunk where the chunk is a part of it', () => {
    const settings = { ...OPTIMIZER_DEFAULTS, weightDecay: 0.1, averageDecay: 0.99 };
    const whole = stepSchedule(settings, 0, 10, (step) => step + 1);
    const part = stepSchedule(settings, 6, 4, (step) => step + 1);
    for (const name of ['stepSize', 'epsilon', 'keep', 'share', 'rate', 'correction'] as const)
      expect(part[name]).toEqual(whole[name].slice(6));
  });

  it('correct Adam by updates, not by steps, where steps were left out', () => {
    const clean = stepSchedule(OPTIMIZER_DEFAULTS, 0, 2, () => 1);
    const later = stepSchedule(OPTIMIZER_DEFAULTS, 5, 2, () => 1, 5);
    expect(later).toEqual(clean);
    // First update by hand: sqrt((1 - b2) / (1 - b2)) = 1, so the step is the rate itself.
    expect(clean.stepSize[0]).toBeCloseTo(1, 6);
  });

  it('let the average follow faster at first', () => {
    expect(averageDecayAt(0.99, 0)).toBeCloseTo(0.1, 12);
    expect(averageDecayAt(0.99, 90)).toBeCloseTo(0.91, 12);
    expect(averageDecayAt(0.99, 1e6)).toBe(0.99);
  });
});
