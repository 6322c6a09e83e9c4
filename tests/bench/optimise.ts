/**
 * Optimisation: NSGA-II on the standard problems, and what the study loop costs per trial. Prints one
 * JSON line per figure; a ratio above 1 means ours is better. pymoo is timed in the same run where
 * `PYMOO_PYTHON` names a Python that has it (default `python3`); elsewhere the peer is null and
 * `reference` quotes an earlier figure from another machine, which is for orientation only.
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { hypervolume } from '../../src-main/optimize/hypervolume.ts';
import { Nsga2Sampler } from '../../src-main/optimize/nsga2.ts';
import type { BenchmarkProblem } from '../../src-main/optimize/problems.ts';
import { BENCHMARK_PROBLEMS, unitSpace, ZDT1 } from '../../src-main/optimize/problems.ts';
import { createSampler } from '../../src-main/optimize/registry.ts';
import type { Genes } from '../../src-main/optimize/space.ts';
import { createCodec, DEFAULT_SPACE } from '../../src-main/optimize/space.ts';
import { runStudy } from '../../src-main/optimize/study.ts';
import { MemoryTrialSink } from '../../src-main/optimize/trials.ts';
import { SeededRng } from '../../src-shared/runtime.ts';

const POPULATION = 100;
const GENERATIONS = 200;
const SEEDS = [1, 2, 3, 4, 5, 6, 7];

interface Result {
  readonly hypervolume: number;
  readonly seconds: number;
}

/** One run; the hypervolume is that of the last survivors, as peers report it. */
function optimise(problem: BenchmarkProblem, seed: number): Result {
  const { objectiveCount, reference } = problem;
  const startMs = performance.now();
  const codec = createCodec(unitSpace(problem.dimensions));
  const rng = new SeededRng(seed);
  const sampler = new Nsga2Sampler({ codec, objectiveCount, rng, populationSize: POPULATION });
  for (let g = 0; g < GENERATIONS; g++) {
    const results = sampler.ask(POPULATION).map(({ id, point }) => {
      return { id, objectives: problem.evaluate(point), constraintViolation: 0 };
    });
    sampler.tell(results);
  }
  sampler.ask(0);
  const seconds = (performance.now() - startMs) / 1000;
  const { parents } = sampler.save() as { parents: { values: number[] } };
  const rows = Array.from({ length: POPULATION }, (_, i) =>
    parents.values.slice(i * objectiveCount, (i + 1) * objectiveCount),
  );
  return { hypervolume: hypervolume(rows, reference), seconds };
}

function median(values: readonly number[]): number {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function medians(results: readonly Result[]): Result {
  return {
    hypervolume: median(results.map((result) => result.hypervolume)),
    seconds: median(results.map(({ seconds }) => seconds)),
  };
}

const PYMOO_SCRIPT = `
import importlib.util, json, sys, time
if importlib.util.find_spec("pymoo") is None:
    print("null")
    sys.exit(0)
import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.indicators.hv import HV
from pymoo.optimize import minimize
from pymoo.problems import get_problem
out = {}
for name, ref in (("zdt1", 2), ("zdt2", 2), ("zdt3", 2), ("dtlz2", 3)):
    problem = get_problem(name) if ref == 2 else get_problem(name, n_var=12, n_obj=3)
    hv = HV(ref_point=np.full(ref, 1.1))
    runs = []
    for seed in range(1, 8):
        start = time.perf_counter()
        result = minimize(problem, NSGA2(pop_size=${POPULATION}), ("n_gen", ${GENERATIONS}), seed=seed, verbose=False)
        runs.append((time.perf_counter() - start, float(hv(result.F))))
    out[name] = {"seconds": float(np.median([r[0] for r in runs])), "hypervolume": float(np.median([r[1] for r in runs]))}
print(json.dumps(out))
`;

/**
 * pymoo's medians by problem, or undefined where neither it nor a Python is installed. A pymoo that is
 * there and fails is an error: a missing figure must not look like a missing peer.
 */
async function runPymoo(): Promise<Record<string, Result> | undefined> {
  const python = process.env.PYMOO_PYTHON ?? 'python3';
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', PYMOO_SCRIPT], { timeout: 300_000 });
    const medians = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, Result> | null;
    return medians ?? undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peerValue?: number | undefined;
  /** Whether a smaller value is the better one. */
  readonly isCost: boolean;
  readonly reference?: Readonly<Record<string, unknown>> | undefined;
}

function print({ name, value, unit, peerValue, isCost, reference }: Line): void {
  const ratio = peerValue === undefined ? null : isCost ? peerValue / value : value / peerValue;
  const env = `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`;
  const peer = peerValue === undefined ? null : 'pymoo';
  const line = { bench: 'optimise', name, value, unit, peer, peerValue: peerValue ?? null, ratio, env };
  console.log(JSON.stringify(reference ? { ...line, reference } : line));
}

/** Earlier figures of pymoo 0.6.2 on a 2-core machine, ZDT1, median of 7 seeds. */
const PYMOO_ZDT1 = { peer: 'pymoo 0.6.2', seconds: 0.77, hypervolume: 0.868 };

function benchProblem(problem: BenchmarkProblem, pymoo: Result | undefined): void {
  const ours = medians(SEEDS.map((seed) => optimise(problem, seed)));
  const reference = problem === ZDT1 ? PYMOO_ZDT1 : { trueHypervolume: problem.trueHypervolume };
  const name = `nsga2 ${problem.name} ${POPULATION}x${GENERATIONS}`;
  print({
    name: `${name} time`,
    value: ours.seconds,
    unit: 's',
    peerValue: pymoo?.seconds,
    isCost: true,
    reference: problem === ZDT1 ? PYMOO_ZDT1 : undefined,
  });
  print({
    name: `${name} hypervolume`,
    value: ours.hypervolume,
    unit: '1',
    peerValue: pymoo?.hypervolume,
    isCost: false,
    reference,
  });
}

/** A study whose evaluation costs next to nothing: all that is left is sampler, front and hypervolume. */
async function benchStudy(): Promise<void> {
  const evaluations = 5000;
  const codec = createCodec(DEFAULT_SPACE);
  const startMs = performance.now();
  const result = await runStudy({
    codec,
    objectives: ['return', 'drawdown', 'sharpe', 'winRate'].map((name) => ({
      name,
      direction: name === 'drawdown' ? 'minimise' : 'maximise',
    })),
    sampler: createSampler('nsga2', { codec, objectiveCount: 4, rng: new SeededRng(1), populationSize: 50 }),
    evaluations,
    evaluate: async (batch) =>
      batch.map((genes) => ({ objectives: conflicting(genes), metrics: { trades: 200 } })),
    store: new MemoryTrialSink(),
    clock: { nowMs: () => performance.now() },
  });
  const microseconds = ((performance.now() - startMs) * 1000) / evaluations;
  print({
    name: `study loop, 4 objectives, ${evaluations} trials`,
    value: microseconds,
    unit: 'us/trial',
    isCost: true,
    reference: { frontSize: result.front.length },
  });
}

/** Four objectives in conflict, so that the front grows large. */
function conflicting(genes: Genes): number[] {
  const [threshold, stop, target, risk, bars] = [
    'entryThreshold',
    'stopAtr',
    'targetAtr',
    'riskFraction',
    'maxHoldingBars',
  ].map((name) => genes[name] as number) as [number, number, number, number, number];
  const edge = threshold * Math.exp(-threshold) * Math.sqrt(target);
  return [risk * edge * bars, risk * stop * Math.sqrt(bars), edge / stop, stop / (stop + target)];
}

/** Runs all benchmarks of this file. */
export async function run(): Promise<void> {
  const pymoo = await runPymoo();
  // Compiled code only: peers are native from their first generation on.
  optimise(ZDT1, 99);
  for (const problem of BENCHMARK_PROBLEMS.values()) benchProblem(problem, pymoo?.[problem.name]);
  await benchStudy();
}
