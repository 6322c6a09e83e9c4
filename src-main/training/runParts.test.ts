import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchPlan } from './batches.ts';
import { CurveGrid, emptyPoint } from './curve.ts';
import { ChunkPace, SpeedMeter } from './pace.ts';
import type { CurvePoint } from './types.ts';

/** Losses and norms of some steps: 1, 2, 3, … and half of them. */
function stepsFrom(from: number, count: number) {
  const losses = Float32Array.from({ length: count }, (_, i) => from + i + 1);
  return { losses, gradientNorms: losses.map((loss) => loss / 2), skipped: 0 };
}

describe('the grid of a curve', () => {
  it('has the same number of points in every epoch, and about a thousand in all', () => {
    const points = (stepsPerEpoch: number, epochs: number): number[] => {
      const grid = new CurveGrid(stepsPerEpoch, epochs);
      return Array.from({ length: stepsPerEpoch }, (_, i) => i + 1).filter((step) => grid.endsAt(step));
    };
    expect(points(5, 10)).toEqual([1, 2, 3, 4, 5]);
    expect(points(10, 250)).toEqual([3, 5, 8, 10]);
    expect(points(10, 5000)).toEqual([10]);
    expect(points(4000, 4)).toHaveLength(250);
  });

  it('gives the same points however the steps are cut', () => {
    const cut = fc.record({
      stepsPerEpoch: fc.integer({ min: 1, max: 40 }),
      epochs: fc.integer({ min: 1, max: 900 }),
      chunks: fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 12 }),
    });
    fc.assert(
      fc.property(cut, ({ stepsPerEpoch, epochs, chunks }) => {
        const grid = new CurveGrid(stepsPerEpoch, epochs);
        const total = chunks.reduce((sum, n) => sum + n, 0);
        const rate = (step: number): number => 1 / (step + 1);
        const whole = grid.add(emptyPoint(), stepsFrom(0, total), 0, rate);
        const open = emptyPoint();
        const parts: CurvePoint[] = [];
        let from = 0;
        for (const n of chunks) {
          parts.push(...grid.add(open, stepsFrom(from, n), from, rate));
          from += n;
        }
        expect(parts).toEqual(whole);
        // Points are means of neighbouring steps: together with what is open they are all steps.
        let before = 0;
        let sum = open.loss;
        for (const { step, train } of whole) {
          sum += train * (step - before);
          before = step;
        }
        expect(sum).toBeCloseTo((total * (total + 1)) / 2, 6);
      }),
    );
  });

  it('leaves steps out that overflowed', () => {
    const grid = new CurveGrid(2, 1000);
    const chunk = {
      losses: Float32Array.of(3, Number.POSITIVE_INFINITY, 4, 6),
      gradientNorms: Float32Array.of(1, Number.NaN, Number.NaN, 2),
      skipped: 2,
    };
    expect(grid.add(emptyPoint(), chunk, 0, () => 0.5)).toEqual([
      { step: 2, train: 3, learningRate: 0.5, gradientNorm: 1 },
      { step: 4, train: 5, learningRate: 0.5, gradientNorm: 2 },
    ]);
  });
});

describe('the length of a chunk', () => {
  it('follows the speed to about 150 ms, with no more than four times the steps at once', () => {
    const pace = new ChunkPace(0, 128);
    expect(pace.steps).toBe(8);
    pace.measured(8, 1);
    expect(pace.steps).toBe(32);
    pace.measured(32, 4);
    pace.measured(128, 16);
    expect(pace.steps).toBe(512);
    pace.measured(512, 64);
    expect(pace.steps).toBe(1200);
    // A chunk that the end of an epoch cut short tells the speed as well.
    pace.measured(100, 50);
    expect(pace.steps).toBe(300);
    pace.measured(300, 60_000);
    expect(pace.steps).toBe(1);
  });

  it('stays where it is fixed, and bounds what is fed to the engine', () => {
    const fixed = new ChunkPace(50, 128);
    fixed.measured(50, 1);
    expect(fixed.steps).toBe(50);
    const heavy = new ChunkPace(0, 2 ** 21);
    heavy.measured(2, 0);
    expect(heavy.steps).toBe(2);
  });

  it('never crosses the end of an epoch, and keeps to the multiple that a session asks for', () => {
    const given = fc.record({
      windows: fc.integer({ min: 1, max: 60 }),
      wanted: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 30 }),
      multiple: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(given, ({ windows, wanted, multiple }) => {
        const plan = new BatchPlan(new Int32Array(windows), 1, 3, 0);
        let step = 0;
        for (const n of wanted) {
          if (step >= plan.totalSteps) break;
          const steps = plan.chunkAt(step, n, multiple);
          expect(steps).toBeGreaterThan(0);
          const end = (step % windows) + steps;
          expect(end).toBeLessThanOrEqual(windows);
          if (end < windows) expect(end % multiple).toBe(0);
          if (multiple === 1) expect(steps).toBeLessThanOrEqual(n);
          step += steps;
        }
      }),
    );
  });
});

it('the speed is smoothed and waits until there is enough to time', () => {
  const meter = new SpeedMeter();
  meter.measured(10, 5);
  expect(meter.stepsPerMs).toBe(2);
  meter.measured(10, 10);
  expect(meter.stepsPerMs).toBe(2);
  // 20 steps in 20 ms together: a fifth of the way from 2 to 1.
  meter.measured(10, 10);
  expect(meter.stepsPerMs).toBeCloseTo(1.8, 12);
});
