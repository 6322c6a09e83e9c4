import { readFileSync } from 'node:fs';
import { cpuEngine } from '../../../src-main/tensor/engines/cpu.ts';
import { openWorkload, type Variation, WORKLOADS } from './workloads.ts';

/**
 * Trains one workload in a process of its own and prints the least milliseconds per step and the process's peak
 * resident megabytes. Arguments: workload, variation as JSON, rounds, threads.
 */
const [name, variation, rounds, threads] = process.argv.slice(2) as [string, string, string, string];
const workload = WORKLOADS.find((known) => known.name === name)!;
const open = await openWorkload(workload, cpuEngine(Number(threads)), JSON.parse(variation) as Variation);
await open.round(1);
let best = Number.POSITIVE_INFINITY;
for (let i = 0; i < Number(rounds); i++) best = Math.min(best, await open.round());
await open.release();
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1];
console.log(JSON.stringify({ msPerStep: best, peakMb: Number(peak) / 1024, parameters: open.parameters }));
