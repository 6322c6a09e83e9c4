import { beforeEach, describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import { channelBlockOf } from '../../tensor/channel-block.ts';
import { cpuEngine } from '../../tensor/engines/cpu.ts';
import { BUILD_DEFAULTS, type ConvLayout, collectParameters } from '../../tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../tensor/optimizer.ts';
import { layOut } from '../../tensor/parameters.ts';
import { freshState, TrainSession } from '../../tensor/train-session.ts';
import { defineModel } from '../registry.ts';

const engine = cpuEngine(1);
const block = await channelBlockOf(engine);
const WITHOUT = 'the CPU provider has no convolution kernels in blocks of channels for this processor';
const blocked: ConvLayout = `blocked${block ?? 16}`;

const [WINDOW, FEATURES, ROWS, BATCH, STEPS] = [9, 3, 200, 16, 6];
const SETTINGS = { channels: 16, levels: 3, groups: 4, heads: 2, embedding: 8, encoderChannels: 4 };

const random = (count: number, seed: number): Float32Array => {
  const rng = new SeededRng(seed);
  return Float32Array.from({ length: count }, () => normal(rng));
};

function modelOf(settings: object, horizon: number, layout: ConvLayout, checkpointing = false) {
  const size = { window: WINDOW, features: FEATURES, outputs: 3, targets: horizon };
  return defineModel('diffusion', settings, size, { ...BUILD_DEFAULTS, layout, checkpointing });
}

/** Losses and weights of some steps from random weights, the ones that start at zero too. */
async function trained(settings: object, horizon: number, layout: ConvLayout, checkpointing = false) {
  const model = modelOf(settings, horizon, layout, checkpointing);
  const placed = layOut(collectParameters(model, model.size));
  const spec = {
    model,
    size: model.size,
    layout: placed,
    targetColumns: horizon,
    rows: ROWS,
    batch: BATCH,
    loss: { kind: 'mse' } as const,
    optimizer: OPTIMIZER_DEFAULTS,
    seed: 1,
  };
  const data = { features: random(ROWS * FEATURES, 1), targets: random(ROWS * horizon, 2) };
  const session = await TrainSession.open(engine, spec, data);
  const state = freshState(placed, 2, spec);
  const added = random(placed.total, 3);
  state.parameters.forEach((p, i) => {
    state.parameters[i] = p + 0.05 * added[i]!;
  });
  await session.load(state, 0);
  const ends = Int32Array.from({ length: STEPS * BATCH }, (_, i) => WINDOW + ((i * 7) % (ROWS - WINDOW)));
  const { losses } = await session.run(ends, STEPS, () => 1e-3);
  const { parameters } = await session.save();
  await session.release();
  return { losses, parameters };
}

describe('the U-Net in blocks of channels', () => {
  beforeEach((test) => test.skip(block === undefined, WITHOUT));

  it.each([
    ['whose length is padded', SETTINGS, 10, false],
    ['of groups of whole blocks', { ...SETTINGS, groups: 1, channels: 32, levels: 2 }, 8, false],
    ['with checkpoints', SETTINGS, 8, true],
  ])('%s is trained to the same losses and weights', async (_, settings, horizon, checkpointing) => {
    const first = await trained(settings, horizon, 'channelsFirst', checkpointing);
    const other = await trained(settings, horizon, blocked, checkpointing);
    other.losses.forEach((loss, i) => {
      expect(loss / first.losses[i]!).toBeCloseTo(1, 3);
    });
    const worst = other.parameters.reduce(
      (most, p, i) => Math.max(most, Math.abs(p - first.parameters[i]!)),
      0,
    );
    // Adam moves a weight by up to 1e-3 a step, whichever way the last bits of a small gradient point.
    expect(worst).toBeLessThan(2e-3);
  });

  it('is refused where channels or groups do not fill blocks', () => {
    expect(() => modelOf({ ...SETTINGS, channels: 12 }, 8, blocked)).toThrow(/12 channels do not fill/);
    const groups = { ...SETTINGS, channels: 48, groups: 2 };
    expect(() => modelOf(groups, 8, 'blocked16')).toThrow(/groups of 24 channels do not fit/);
  });
});
