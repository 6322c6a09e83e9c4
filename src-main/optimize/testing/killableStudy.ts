/**
 * A study in a process of its own, for the test that kills it:
 * `node killableStudy.ts TRIALS_FILE [MEASUREMENTS]`. It kills itself with SIGKILL, in the middle of a
 * batch, once it has measured that many; a kill from outside would race with the end of the study.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ManualClock, SeededRng } from '../../../src-shared/runtime.ts';
import { createSampler } from '../registry.ts';
import type { Genes } from '../space.ts';
import { createCodec, DEFAULT_SPACE } from '../space.ts';
import type { StudyResult } from '../study.ts';
import { runStudy } from '../study.ts';
import type { Evaluation, Trial, TrialSink } from '../trials.ts';

/** Stored trials, one JSON array per line. A line cut short by a kill was never acknowledged. */
export class FileTrialSink implements TrialSink {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  load(): readonly Trial[] {
    if (!existsSync(this.#path)) return [];
    const whole = readFileSync(this.#path, 'utf8').split('\n').slice(0, -1);
    return whole.flatMap((line) => JSON.parse(line) as Trial[]);
  }

  append(trials: readonly Trial[]): void {
    appendFileSync(this.#path, `${JSON.stringify(trials)}\n`);
  }
}

/** Any function will do that repeats exactly. */
function measure(genes: Genes): Evaluation {
  const stop = genes.stopAtr as number;
  const risk = genes.riskFraction as number;
  return { objectives: [risk * (Math.sin(stop) + stop), risk * stop * stop], metrics: { trades: 100 } };
}

/** The study that is killed, run to its end with trials kept in `store`. */
export function runKillableStudy(store: TrialSink, beforeMeasurement: () => void): Promise<StudyResult> {
  const codec = createCodec(DEFAULT_SPACE);
  return runStudy({
    codec,
    objectives: [
      { name: 'return', direction: 'maximise' },
      { name: 'drawdown', direction: 'minimise' },
    ],
    sampler: createSampler('nsga2', { codec, objectiveCount: 2, rng: new SeededRng(42), populationSize: 24 }),
    evaluations: 240,
    batchSize: 5,
    evaluate: async (batch) =>
      batch.map((genes) => {
        beforeMeasurement();
        return measure(genes);
      }),
    store,
    clock: new ManualClock(0),
  });
}

async function main(path: string, killAfter: number): Promise<void> {
  let measured = 0;
  const { evaluated, replayed } = await runKillableStudy(new FileTrialSink(path), () => {
    if (measured++ === killAfter) process.kill(process.pid, 'SIGKILL');
  });
  console.log(JSON.stringify({ evaluated, replayed }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(process.argv[2]!, Number(process.argv[3] ?? Number.POSITIVE_INFINITY));
}
