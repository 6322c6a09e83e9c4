import { describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { ManualClock, SeededRng } from '../../src-shared/runtime.ts';
import { studyFingerprint } from './identity.ts';
import type { Objective } from './pareto.ts';
import { dominates } from './pareto.ts';
import { createSampler } from './registry.ts';
import type { Genes, SearchSpace } from './space.ts';
import { createCodec, DEFAULT_SPACE } from './space.ts';
import type { StudyProgress, StudySettings } from './study.ts';
import { runStudy } from './study.ts';
import type { Evaluation, Trial, TrialSink } from './trials.ts';
import { MemoryTrialSink, minimisedOf } from './trials.ts';

const OBJECTIVES: readonly Objective[] = [
  { name: 'netReturnPct', direction: 'maximise' },
  { name: 'maxDrawdownPct', direction: 'minimise' },
];

/** A made-up strategy: more risk earns more and loses more; a high threshold leaves few trades. */
function measure(genes: Genes): Evaluation {
  const threshold = genes.entryThreshold as number;
  const risk = genes.riskFraction as number;
  const stop = genes.stopAtr as number;
  const trades = Math.round(400 * Math.exp(-threshold));
  if (trades < 45) return { objectives: [Number.NaN, Number.NaN], metrics: { trades } };
  const edge = Math.sin(threshold) - 0.05 * (stop - 3) ** 2;
  return { objectives: [1000 * risk * edge, 800 * risk * (1 + 0.1 * stop)], metrics: { trades } };
}

interface Setup {
  readonly settings: StudySettings;
  readonly asked: Genes[];
  readonly progress: StudyProgress[];
}

function setUp(changes: Partial<StudySettings> = {}, seed = 1, space: SearchSpace = DEFAULT_SPACE): Setup {
  const codec = createCodec(space);
  const asked: Genes[] = [];
  const progress: StudyProgress[] = [];
  const clock = new ManualClock(0);
  const settings: StudySettings = {
    codec,
    objectives: OBJECTIVES,
    constraints: [{ metric: 'trades', min: 100 }],
    sampler: createSampler('nsga2', {
      codec,
      objectiveCount: 2,
      rng: new SeededRng(seed),
      populationSize: 20,
    }),
    evaluations: 200,
    evaluate: async (batch) => {
      asked.push(...batch);
      clock.advanceTo(clock.nowMs() + 10 * batch.length);
      return batch.map(measure);
    },
    batchSize: 8,
    store: new MemoryTrialSink(),
    clock,
    onProgress: (report) => progress.push(report),
    ...changes,
  };
  return { settings, asked, progress };
}

/** A store whose process dies after some trials; what it held before is kept. */
class DyingSink implements TrialSink {
  readonly kept: Trial[] = [];
  readonly #deathAfter: number;

  constructor(deathAfter: number) {
    this.#deathAfter = deathAfter;
  }

  load(): readonly Trial[] {
    return JSON.parse(JSON.stringify(this.kept)) as Trial[];
  }

  append(trials: readonly Trial[]): void {
    if (this.kept.length + trials.length > this.#deathAfter) throw new Error('killed');
    this.kept.push(...trials);
  }
}

describe('a study', () => {
  it('ends with every trial stored and the front of the feasible ones', async () => {
    const { settings, asked } = setUp();
    const result = await runStudy(settings);
    expect(result.status).toBe('finished');
    expect(result.trials.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(result.evaluated + result.reused).toBe(200);
    expect(asked).toHaveLength(result.evaluated);
    expect(await settings.store.load()).toEqual(result.trials);
    const feasible = result.trials.filter((t) => t.constraintViolation === 0);
    for (const { metrics } of feasible) expect(metrics.trades).toBeGreaterThanOrEqual(100);
    const expected = feasible.filter(
      (t) => !feasible.some((o) => dominates(minimisedOf(o, OBJECTIVES), minimisedOf(t, OBJECTIVES))),
    );
    expect(result.front).toEqual(expected.filter((t) => t.reusedFrom === undefined));
    expect(result.front.length).toBeGreaterThan(5);
  });

  it('reports every trial once, and front, hypervolume and time left at the end of each generation', async () => {
    const { settings, progress } = setUp();
    const result = await runStudy(settings);
    expect(progress.flatMap(({ trials }) => trials)).toEqual(result.trials);
    const ends = progress.filter(({ isGenerationEnd }) => isGenerationEnd);
    expect(ends.map(({ generation }) => generation)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(ends.map(({ finished }) => finished)).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
    const volumes = ends.flatMap(({ hypervolume }) => hypervolume ?? []);
    expect(volumes.length).toBeGreaterThanOrEqual(9);
    for (let i = 1; i < volumes.length; i++) expect(volumes[i]).toBeGreaterThanOrEqual(volumes[i - 1]!);
    expect(volumes.at(-1)).toBe(result.hypervolume);
    expect(volumes.at(-1)).toBeGreaterThan(volumes[0]!);
    // 10 ms a trial on this clock.
    expect(ends[4]!.etaMs).toBeCloseTo(1000, 6);
    expect(ends.at(-1)!.etaMs).toBe(0);
  });

  it.each([0, 1, 19, 20, 21, 87, 160, 199])(
    'killed after about %i trials goes on to the same trials and measures none twice',
    async (deathAfter) => {
      const whole = await runStudy(setUp().settings);
      const sink = new DyingSink(deathAfter);
      const first = setUp({ store: sink });
      await expect(runStudy(first.settings)).rejects.toThrow('killed');
      const store = new MemoryTrialSink();
      store.append(sink.load());
      const second = setUp({ store });
      const resumed = await runStudy(second.settings);
      expect(resumed.trials).toEqual(whole.trials);
      expect(resumed.front).toEqual(whole.front);
      expect(resumed.hypervolume).toBe(whole.hypervolume);
      expect(resumed.referencePoint).toEqual(whole.referencePoint);
      expect(resumed.replayed).toBe(sink.kept.length);
      expect(second.asked).toHaveLength(
        whole.evaluated - sink.kept.filter((t) => t.reusedFrom === undefined).length,
      );
    },
  );

  it('finished before returns the stored result without measuring, and goes on when asked for more', async () => {
    const store = new MemoryTrialSink();
    const first = await runStudy(setUp({ store, evaluations: 100 }).settings);
    const again = setUp({ store, evaluations: 100 });
    expect((await runStudy(again.settings)).front).toEqual(first.front);
    expect(again.asked).toEqual([]);
    const more = await runStudy(setUp({ store, evaluations: 200 }).settings);
    expect(more.trials).toEqual((await runStudy(setUp().settings)).trials);
  });

  it('does not depend on the size of its batches', async () => {
    const small = await runStudy(setUp({ batchSize: 3 }).settings);
    const large = await runStudy(setUp({ batchSize: 500 }).settings);
    expect(small.trials).toEqual(large.trials);
  });

  it('stops after the batch in hand and keeps everything', async () => {
    const controller = new AbortController();
    const { settings } = setUp({
      signal: controller.signal,
      onProgress: ({ finished }) => finished >= 50 && controller.abort(),
    });
    const result = await runStudy(settings);
    expect(result.status).toBe('stopped');
    // Batches of 8 end with their generation of 20: 40, 48, 56.
    expect(result.trials).toHaveLength(56);
    expect(result.front.length).toBeGreaterThan(0);
    expect(await settings.store.load()).toHaveLength(56);
  });

  it('takes an evaluation cancelled by its own stop as a stop, and any other as a fault', async () => {
    const controller = new AbortController();
    const cancelled = new FrontierError('CANCELLED', 'stopped');
    const evaluate = async (): Promise<Evaluation[]> => {
      controller.abort();
      throw cancelled;
    };
    const stopped = await runStudy(setUp({ evaluate, signal: controller.signal }).settings);
    expect([stopped.status, stopped.trials.length]).toEqual(['stopped', 0]);
    await expect(runStudy(setUp({ evaluate: () => Promise.reject(cancelled) }).settings)).rejects.toBe(
      cancelled,
    );
  });

  it('waits while paused before each batch', async () => {
    let waits = 0;
    const { settings, asked } = setUp({
      evaluations: 20,
      waitWhilePaused: async () => {
        expect(asked.length).toBe(Math.min(20, 8 * waits++));
      },
    });
    await runStudy(settings);
    expect(waits).toBe(3);
  });
});

describe('an infeasible trial', () => {
  it('is stored with what could not be measured as null, never on the front', async () => {
    const { settings } = setUp();
    const { trials, front } = await runStudy(settings);
    const unmeasured = trials.filter(({ metrics }) => (metrics.trades as number) < 45);
    expect(unmeasured.length).toBeGreaterThan(0);
    for (const trial of unmeasured) {
      expect(trial.objectives).toEqual([null, null]);
      // Two figures not measured, and the trades that are missing of 100.
      expect(trial.constraintViolation).toBeCloseTo(2 + (100 - (trial.metrics.trades as number)) / 100, 12);
      expect(front).not.toContain(trial);
    }
  });

  it('leaves the study without front and hypervolume where all are', async () => {
    const { settings } = setUp({ constraints: [{ metric: 'trades', min: 10_000 }] });
    const result = await runStudy(settings);
    expect([result.status, result.front, result.hypervolume]).toEqual(['finished', [], undefined]);
  });

  it('follows from each kind of limit', async () => {
    const violation = async (
      constraints: StudySettings['constraints'],
      metrics: Record<string, unknown>,
      extra: Partial<Evaluation> = {},
    ): Promise<number> => {
      const evaluate = async (batch: readonly Genes[]): Promise<Evaluation[]> =>
        batch.map(() => ({ objectives: [1, 2], metrics, ...extra }));
      const result = await runStudy(setUp({ constraints, evaluate, evaluations: 1 }).settings);
      return result.trials[0]!.constraintViolation;
    };
    expect(await violation([{ metric: 'dd', max: 20 }], { dd: 30 })).toBeCloseTo(0.5, 12);
    expect(await violation([{ metric: 'dd', max: 20 }], { dd: 20 })).toBe(0);
    expect(await violation([{ metric: 'net', min: 0 }], { net: -3 })).toBe(3);
    expect(await violation([{ metric: 'net', min: 0 }], {})).toBe(1);
    expect(await violation([{ metric: 'net', min: 0 }], { net: Number.NaN })).toBe(1);
    expect(await violation([], {}, { constraintViolation: 0.25 })).toBe(0.25);
    expect(await violation([], {}, { objectives: [], failure: 'timed out' })).toBe(3);
  });

  it('that failed is kept with its reason while the study goes on', async () => {
    const evaluate = async (batch: readonly Genes[]): Promise<Evaluation[]> =>
      batch.map((genes) =>
        (genes.stopAtr as number) > 4
          ? { objectives: [], metrics: {}, failure: 'worker lost' }
          : measure(genes),
      );
    const { trials, status } = await runStudy(setUp({ evaluate }).settings);
    const failed = trials.filter(({ failure }) => failure !== undefined);
    expect(status).toBe('finished');
    expect(failed.length).toBeGreaterThan(0);
    for (const { genes, failure } of failed) {
      expect([(genes.stopAtr as number) > 4, failure]).toEqual([true, 'worker lost']);
    }
  });
});

describe('equal genes', () => {
  const tiny: SearchSpace = {
    genes: [
      { kind: 'integer', name: 'a', low: 1, high: 3, step: 1 },
      { kind: 'categorical', name: 'side', choices: ['long', 'short'] },
    ],
  };

  it('are measured once; later trials of them say whose figures they have', async () => {
    const { settings } = setUp({ constraints: [], evaluations: 60 }, 1, tiny);
    const asked: Genes[] = [];
    const evaluate = async (batch: readonly Genes[]): Promise<Evaluation[]> => {
      asked.push(...batch);
      return batch.map(({ a, side }) => ({
        objectives: [a as number, side === 'long' ? 1 : 2],
        metrics: {},
      }));
    };
    const result = await runStudy({ ...settings, evaluate });
    expect(asked).toHaveLength(6);
    expect([result.evaluated, result.reused]).toEqual([6, 54]);
    for (const trial of result.trials) {
      if (trial.reusedFrom === undefined) continue;
      const source = result.trials[trial.reusedFrom]!;
      expect([trial.genes, trial.objectives]).toEqual([source.genes, source.objectives]);
      expect(source.reusedFrom).toBeUndefined();
      expect(trial.reusedFrom).toBeLessThan(trial.number);
    }
    expect(result.front).toHaveLength(1);
  });
});

describe('a study refuses', () => {
  it.each([
    [{ objectives: [] }, 'has no objective'],
    [{ objectives: [OBJECTIVES[0]!, OBJECTIVES[0]!] }, 'names an objective twice'],
    [{ evaluations: 0 }, '0 evaluations'],
    [{ constraints: [{ metric: 'dd' }] }, "limits 'dd' neither"],
    [{ batchSize: 0 }, 'batches of 0'],
    [{ referencePoint: [1] }, 'reference point'],
    [{ evaluate: async () => [] }, '0 results for 8'],
    [
      { evaluate: async (batch: readonly Genes[]) => batch.map(() => ({ objectives: [1], metrics: {} })) },
      '1 objectives, not 2',
    ],
  ])('%j', async (changes, message) => {
    await expect(runStudy(setUp(changes).settings)).rejects.toThrow(message);
  });

  it('stored trials of another seed, space or set of objectives', async () => {
    const store = new MemoryTrialSink();
    await runStudy(setUp({ store, evaluations: 30 }).settings);
    await expect(runStudy(setUp({ store }, 2).settings)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('a store that holds a trial twice', async () => {
    const store = new MemoryTrialSink();
    const { trials } = await runStudy(setUp({ evaluations: 10 }).settings);
    store.append([...trials, trials[3]!]);
    await expect(runStudy(setUp({ store }).settings)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('the reference point of the hypervolume', () => {
  it('is taken as given, in the directions of the user', async () => {
    const evaluate = async (batch: readonly Genes[]): Promise<Evaluation[]> =>
      batch.map(() => ({ objectives: [10, 4], metrics: {} }));
    const changes = { constraints: [], evaluate, referencePoint: [2, 9], evaluations: 20 };
    const result = await runStudy(setUp(changes).settings);
    expect([result.hypervolume, result.referencePoint]).toEqual([8 * 5, [2, 9]]);
  });
});

describe('the fingerprint of a study', () => {
  const identity = {
    space: DEFAULT_SPACE,
    objectives: OBJECTIVES,
    constraints: [{ metric: 'trades', min: 100 }],
    sampler: 'nsga2',
    populationSize: 50,
    seed: 1,
    dataHash: 'abc',
  };

  it('does not see the order of keys and sees every value', () => {
    const reversed = Object.fromEntries(Object.entries(identity).reverse()) as unknown as typeof identity;
    expect(studyFingerprint(reversed)).toBe(studyFingerprint(identity));
    expect(studyFingerprint(identity)).toMatch(/^[0-9a-f]{64}$/);
    for (const change of [{ seed: 2 }, { dataHash: 'abd' }, { populationSize: 51 }, { constraints: [] }]) {
      expect(studyFingerprint({ ...identity, ...change })).not.toBe(studyFingerprint(identity));
    }
  });
});
