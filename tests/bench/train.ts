import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../src-main/tensor/engine.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import type { ConvLayout } from '../../src-main/tensor/model.ts';
import { latencyOf, trainInChild } from './train/measures.ts';
import { Peer } from './train/peer.ts';
import { layoutOf, openWorkload, type Variation, WORKLOADS, type Workload } from './train/workloads.ts';

/**
 * Training, prediction and memory against PyTorch on the same work: two threads each, rounds in turns, best round.
 * `FRONTIER_BENCH_ONLY=tcn` runs the workloads whose name holds that text.
 */

const THREADS = 2;
const BENCH = 'train';

const round = (value: number): number => Number(value.toPrecision(4));

const ENV = {
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.cpus().length,
  threads: THREADS,
  node: process.version,
  engine: 'onnxruntime-node cpu',
};

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Undefined where the peer has no such figure, or is not installed. */
  readonly peerValue?: number | undefined;
  readonly [more: string]: unknown;
}

function report(peer: Peer | undefined, { name, value, unit, peerValue, ...more }: Figure): void {
  console.log(
    JSON.stringify({
      bench: BENCH,
      name,
      value: round(value),
      unit,
      peer: peerValue === undefined ? null : `PyTorch ${peer!.version} CPU`,
      peerValue: peerValue === undefined ? null : round(peerValue),
      ratio: peerValue === undefined ? null : round(peerValue / value),
      env: ENV,
      ...more,
    }),
  );
}

/** Steps per second of one workload, ours and the peer's in turns. */
async function trainLine(workload: Workload, engine: Engine, peer: Peer | undefined): Promise<ConvLayout> {
  const layout = await layoutOf(workload, engine);
  const open = await openWorkload(workload, engine, { layout });
  // The first round prepares kernels and memory on both sides.
  await open.round(1);
  await peer?.train(workload.peer, 1);
  let [ours, theirs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < workload.rounds; i++) {
    ours = Math.min(ours, await open.round());
    // The threads of either side spin for a while after a round, and would take time from the other's.
    await delay(REST_MS);
    if (!peer) continue;
    theirs = Math.min(theirs, await peer.train(workload.peer, workload.steps));
    await delay(REST_MS);
  }
  await open.release();
  report(peer, {
    name: workload.name,
    value: ours,
    unit: 'ms/step',
    peerValue: peer ? theirs : undefined,
    batch: workload.batch,
    parameters: open.parameters,
    layout,
    ...(workload.aim === undefined ? {} : { aim: workload.aim }),
    ...(workload.note === undefined ? {} : { note: workload.note }),
  });
  return layout;
}

const REST_MS = 500;

/** Most milliseconds aimed at: 95th percentile of one sample. */
const LATENCY_AIMS: Readonly<Record<string, number>> = { mlp: 0.1, tcn: 2 };
const BATCH_AIM_MS = 20;

async function latencyLines(workload: Workload, peer: Peer | undefined): Promise<void> {
  // A window is too small to share: one thread on either side of ours, the peer as it trains.
  const engine = cpuEngine(1);
  const one = await latencyOf(workload, engine, 1, 1000);
  const theirs = await peer?.latency(workload.peer, 300);
  for (const share of ['p50', 'p95'] as const) {
    const aim = LATENCY_AIMS[workload.family];
    report(peer, {
      name: `${workload.name}, one prediction, ${share}`,
      value: one[share],
      unit: 'ms',
      peerValue: theirs?.[share],
      ...(share === 'p95' && aim !== undefined ? { aimMs: aim } : {}),
    });
  }
  const hundred = await latencyOf(workload, cpuEngine(THREADS), 100, 50);
  report(peer, {
    name: `${workload.name}, 100 predictions in one batch, p95`,
    value: hundred.p95,
    unit: 'ms',
    aimMs: BATCH_AIM_MS,
  });
}

/** Peak resident memory of a process that trains one workload. */
async function memoryLine(workload: Workload, layout: ConvLayout): Promise<void> {
  const ours = await trainInChild(workload, { layout }, 2, THREADS);
  if (!ours) return;
  const peer = await Peer.start(THREADS);
  await peer?.train(workload.peer, workload.steps * 2);
  const theirs = await peer?.peakMegabytes();
  peer?.stop();
  report(peer, {
    name: `${workload.name}, peak resident memory of training`,
    value: ours.peakMb,
    unit: 'MB',
    peerValue: theirs,
    aim: round(1 / 1.5),
  });
}

/** What a switch of the hardware dialog changes: milliseconds and megabytes with and without it. */
const SWITCHES: readonly { readonly name: string; readonly workload: string; readonly with: Variation }[] = [
  { name: 'graph optimisation off', workload: 'mlp-137-b64', with: { graphOptimization: 'off' } },
  { name: 'graph optimisation basic', workload: 'mlp-137-b64', with: { graphOptimization: 'basic' } },
  { name: 'graph optimisation extended', workload: 'mlp-137-b64', with: { graphOptimization: 'extended' } },
  { name: 'graph optimisation off', workload: 'transformer-64x20-b64', with: { graphOptimization: 'off' } },
  { name: 'mixed precision', workload: 'mlp-960-b256', with: { precision: 'mixed' } },
  { name: 'gradient accumulation 4 x 64', workload: 'mlp-960-b256', with: { accumulation: 4 } },
  { name: 'gradient checkpointing', workload: 'transformer-64x20-b64', with: { checkpointing: true } },
  { name: 'tiled attention', workload: 'transformer-64x20-b64', with: { attention: 'tiled' } },
  {
    name: 'channels last',
    workload: 'tcn-240x20-b128, every step computed',
    with: { layout: 'channelsLast' },
  },
  {
    name: 'blocks of 16 channels',
    workload: 'tcn-240x20-b128, every step computed',
    with: { layout: 'blocked16' },
  },
];

async function switchLines(): Promise<void> {
  const plain = new Map<string, Awaited<ReturnType<typeof trainInChild>>>();
  for (const { name, workload, with: variation } of SWITCHES) {
    const measured = WORKLOADS.find((known) => known.name === workload)!;
    try {
      if (!plain.has(workload)) plain.set(workload, await trainInChild(measured, {}, 4, THREADS));
      const without = plain.get(workload);
      const figures = await trainInChild(measured, variation, 4, THREADS);
      if (!figures || !without) continue;
      report(undefined, {
        name: `${workload}, ${name}`,
        value: figures.msPerStep,
        unit: 'ms/step',
        without: round(without.msPerStep),
        peakMb: round(figures.peakMb),
        peakMbWithout: round(without.peakMb),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error);
      console.error(`${workload}, ${name}: not measured: ${reason}`);
    }
  }
}

/** Runs the benchmark and prints one JSON line per figure. */
export async function run(): Promise<void> {
  const only = process.env.FRONTIER_BENCH_ONLY;
  const chosen = WORKLOADS.filter(({ name }) => only === undefined || name.includes(only));
  const peer = await Peer.start(THREADS);
  const engine = cpuEngine(THREADS);
  const layouts = new Map<string, ConvLayout>();
  try {
    for (const workload of chosen) layouts.set(workload.name, await trainLine(workload, engine, peer));
    for (const workload of chosen) {
      if (LATENCY_AIMS[workload.family] !== undefined) await latencyLines(workload, peer);
    }
  } finally {
    peer?.stop();
  }
  for (const workload of chosen) await memoryLine(workload, layouts.get(workload.name)!);
  if (only === undefined) await switchLines();
}
