import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import { channelBlockOf } from '../tensor/channel-block.ts';
import type { Engine, SessionOptions } from '../tensor/engine.ts';
import type { ConvLayout } from '../tensor/model.ts';
import { type TrainGraphSpec, trainModel } from '../tensor/train-graph.ts';
import { freshState, TrainSession, type TrainTensors } from '../tensor/train-session.ts';

/** Runs of each candidate in each of its two turns; the fastest counts, so that another process's load does not decide. */
const ROUNDS = 3;
/** A candidate whose run takes this many times the fastest one's is not measured further. */
const HOPELESS = 2;
/** Measured time below which a run is too short to compare: its steps are repeated. */
const SHORTEST_RUN_MS = 30;
const MOST_STEPS = 64;
/** Decisions kept in the file; the oldest go first. */
const KEPT_DECISIONS = 500;

const timesSchema = z.array(z.object({ layout: z.string(), msPerStep: z.number() }));
const LAYOUTS = ['channelsFirst', 'channelsLast', 'blocked4', 'blocked8', 'blocked16'] as const;
const decisionSchema = z.object({ layout: z.enum(LAYOUTS), times: timesSchema });
const cacheSchema = z.object({ version: z.literal(1), decisions: z.record(z.string(), decisionSchema) });
type Cache = z.infer<typeof cacheSchema>;

export interface TuneRequest {
  readonly engine: Engine;
  readonly session?: SessionOptions;
  /**
   * The run's training graph in a layout.
   * @throws FrontierError BAD_INPUT where the model cannot be built so: that layout is no candidate
   */
  build(layout: ConvLayout): TrainGraphSpec;
  readonly data: TrainTensors;
  /** Last rows of the training windows. */
  readonly trainEnds: Int32Array;
  readonly clock: Clock;
  /** JSON file of decisions by device and model; absent: measured each time. */
  readonly cacheFile?: string;
  /** What tells models apart: family, settings, sizes, batch, precision. */
  readonly key: string;
}

export interface LayoutTime {
  readonly layout: string;
  readonly msPerStep: number;
}

export interface TuneResult {
  readonly layout: ConvLayout;
  /** Of the candidates that could be built and run, fastest first; empty where there was nothing to choose. */
  readonly times: readonly LayoutTime[];
  /** True where an earlier measurement was used. */
  readonly cached: boolean;
  /** The decision and its reason, a sentence for the run's log. */
  readonly note: string;
}

/** A decision holds for one engine, device, processor and model. */
function cacheKey({ engine, key }: TuneRequest): string {
  const parts = [engine.name, engine.device ?? '', cpus()[0]?.model ?? '', engine.threads, key];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}

/** @returns undefined where there is no file, or none that can be read: then it is written anew */
async function readCache(file: string): Promise<Cache | undefined> {
  try {
    return cacheSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

async function remember(file: string, key: string, decision: Cache['decisions'][string]): Promise<void> {
  const known = Object.entries((await readCache(file))?.decisions ?? {}).filter(([name]) => name !== key);
  const decisions = Object.fromEntries([...known, [key, decision] as const].slice(-KEPT_DECISIONS));
  await mkdir(path.dirname(file), { recursive: true });
  // Runs in other processes read the file at any moment.
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify({ version: 1, decisions } satisfies Cache)}\n`);
  await rename(temporary, file);
}

const NAMES: Readonly<Record<ConvLayout, string>> = {
  channelsFirst: 'channels first',
  channelsLast: 'channels last',
  blocked4: 'blocks of 4 channels',
  blocked8: 'blocks of 8 channels',
  blocked16: 'blocks of 16 channels',
};

const sentence = (times: readonly LayoutTime[]): string => {
  const told = times.map(
    ({ layout, msPerStep }) => `${NAMES[layout as ConvLayout]} ${msPerStep.toPrecision(3)} ms`,
  );
  return `Layout of convolutions: ${NAMES[times[0]!.layout as ConvLayout]}, the fastest per step (${told.join(', ')})`;
};

interface Candidate {
  readonly layout: ConvLayout;
  readonly spec: TrainGraphSpec;
  readonly model: Uint8Array;
}

/** The layouts that give graphs of their own, each with the reason why another is not among them. */
async function candidates(request: TuneRequest): Promise<{ found: Candidate[]; left: string[] }> {
  const block = await channelBlockOf(request.engine);
  const layouts: ConvLayout[] = ['channelsFirst', 'channelsLast'];
  if (block !== undefined) layouts.push(`blocked${block}`);
  const found: Candidate[] = [];
  const left: string[] = [];
  for (const layout of layouts) {
    try {
      const spec = request.build(layout);
      // Half precision has no kernels for blocks.
      if (spec.precision === 'mixed' && layout.startsWith('blocked')) continue;
      const model = trainModel(spec);
      const same = found.some((other) => Buffer.compare(other.model, model) === 0);
      if (!same) found.push({ layout, spec, model });
    } catch (error) {
      if (!(error instanceof FrontierError) || error.code !== 'BAD_INPUT' || found.length === 0) throw error;
      left.push(error.message);
    }
  }
  return { found, left };
}

interface Timed {
  readonly candidate: Candidate;
  steps: number;
  best: number;
}

/** Windows of some steps, round robin over the training windows. */
function endsOf(trainEnds: Int32Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => trainEnds[i % trainEnds.length]!);
}

async function time(timed: Timed, session: TrainSession, { clock, trainEnds }: TuneRequest): Promise<number> {
  const { batch, accumulation = 1 } = timed.candidate.spec;
  const ends = endsOf(trainEnds, timed.steps * batch * accumulation);
  const started = clock.nowMs();
  await session.run(ends, timed.steps, () => 1e-6);
  const tookMs = clock.nowMs() - started;
  const msPerStep = tookMs / timed.steps;
  if (tookMs < SHORTEST_RUN_MS) timed.steps = Math.min(MOST_STEPS, timed.steps * 4);
  return msPerStep;
}

/** Opens a candidate for some rounds and closes it again: several open at once would hold several times the memory. */
async function turn(timed: Timed, request: TuneRequest, fastest: number): Promise<void> {
  const { spec } = timed.candidate;
  const session = await TrainSession.open(request.engine, spec, request.data, request.session);
  try {
    await session.load(freshState(spec.layout, spec.seed, spec), 0);
    // The first run also prepares kernels and memory.
    await time(timed, session, request);
    for (let round = 0; round < ROUNDS; round++) {
      timed.best = Math.min(timed.best, await time(timed, session, request));
      if (timed.best > HOPELESS * fastest) break;
    }
  } finally {
    await session.release();
  }
}

/** Milliseconds per step of each candidate that the engine takes, fastest first. */
async function measure(found: readonly Candidate[], request: TuneRequest): Promise<LayoutTime[]> {
  const tried = found.map((candidate): Timed => ({ candidate, steps: 1, best: Number.POSITIVE_INFINITY }));
  const fastest = (): number => Math.min(...tried.map(({ best }) => best));
  let refusal: unknown;
  for (const timed of tried) {
    try {
      await turn(timed, request, fastest());
    } catch (error) {
      if (!(error instanceof FrontierError) || error.code !== 'ENGINE_FAILED') throw error;
      refusal = error;
    }
  }
  const taken = tried.filter(({ best }) => Number.isFinite(best));
  if (taken.length === 0) throw refusal;
  // Once more in turns: a busy moment of the machine must not decide.
  for (const timed of taken) if (timed.best <= HOPELESS * fastest()) await turn(timed, request, fastest());
  return taken
    .map(({ candidate, best }): LayoutTime => ({ layout: candidate.layout, msPerStep: best }))
    .sort((a, b) => a.msPerStep - b.msPerStep);
}

/**
 * Chooses the layout of convolutions by measurement, the counterpart of cuDNN's auto-tuner: each layout trains a few
 * steps of the real model on the real data, in turns, and the fastest is kept for this device and model.
 *
 * A run must keep the layout it began with: layouts round differently, so another one would not give the same bits.
 *
 * @throws FrontierError BAD_INPUT where the model cannot be built channels first; ENGINE_FAILED where the engine takes
 *   no layout
 */
export async function tuneLayout(request: TuneRequest): Promise<TuneResult> {
  const key = cacheKey(request);
  const known = request.cacheFile ? (await readCache(request.cacheFile))?.decisions[key] : undefined;
  const { found, left } = await candidates(request);
  const kept = known && found.some(({ layout }) => layout === known.layout) ? known : undefined;
  const why = left.length > 0 ? `; left out: ${left.join('; ')}` : '';
  if (kept) {
    const note = `${sentence(kept.times)}, as measured here before${why}.`;
    return { layout: kept.layout, times: kept.times, cached: true, note };
  }
  if (found.length === 1) {
    const { layout } = found[0]!;
    const note = `Layout of convolutions: ${NAMES[layout]}; there is nothing to choose for this model${why}.`;
    return { layout, times: [], cached: false, note };
  }
  const times = await measure(found, request);
  const layout = times[0]!.layout as ConvLayout;
  let note = `${sentence(times)}${why}.`;
  if (request.cacheFile) {
    try {
      await remember(request.cacheFile, key, { layout, times: [...times] });
    } catch (error) {
      note += ` It could not be kept for the next run: ${errorBody(error).message}.`;
    }
  }
  return { layout, times, cached: false, note };
}
