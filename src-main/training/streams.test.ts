import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceReading } from '../../src-shared/contract/training.ts';
import { CONFIG, learnable, recordingIo } from '../../tests/support/trainingRun.ts';
import { readCheckpoint } from './checkpointStore.ts';
import { train } from './trainer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'frontier-streams-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const data = learnable(800, 3, 4);
const stepsPerEpoch = Math.floor(data.trainEnds.length / CONFIG.batch);

describe('what a run tells', () => {
  it('the points of its curve once each, with learning rate and gradient norm', async () => {
    const link = recordingIo(directory);
    const config = { ...CONFIG, schedule: { kind: 'cosine', warmupSteps: 10 } } as const;
    const result = await train(data, config, link);
    const points = link.reports.flatMap((report) => report.points);
    expect(points).toEqual(result.curve);
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: result.steps }, (_, i) => i + 1));
    expect(points[0]!.learningRate).toBeCloseTo(CONFIG.learningRate / 10, 12);
    expect(points.every(({ gradientNorm }) => gradientNorm! > 0)).toBe(true);
    const validated = points.filter(({ validation }) => validation !== undefined);
    expect(validated.map(({ step }) => step)).toEqual(
      Array.from({ length: CONFIG.epochs }, (_, i) => (i + 1) * stepsPerEpoch),
    );
    const best = Math.min(...validated.map(({ validation }) => validation!));
    expect(link.reports.at(-1)).toMatchObject({ bestValidationLoss: best, stepsPerEpoch, etaMs: 0 });
    // The loss that is reported at the end is the mean of the last epoch.
    const last = points.slice(-stepsPerEpoch).reduce((sum, { train: loss }) => sum + loss, 0) / stepsPerEpoch;
    expect(result.finalLoss).toBeCloseTo(last, 12);
  });

  it('that a checkpoint was asked for and is on the disk while it goes on', async () => {
    let wanted = false;
    const saved: number[] = [];
    const link = recordingIo(directory, {
      checkpointIntervalMs: 1e9,
      takeSaveRequest: () => {
        const asked = wanted;
        wanted = false;
        return asked;
      },
      onSaved: (step) => saved.push(step),
    });
    const during: (number | undefined)[] = [];
    const result = await train(data, CONFIG, {
      ...link,
      onChunk: (report) => {
        wanted = report.step === 8;
        if (report.step === 16) void readCheckpoint(directory).then((c) => during.push(c?.progress.step));
      },
    });
    expect(saved).toEqual([8, result.steps]);
    expect(during).toEqual([8]);
    const told = link.lines.filter(({ topic }) => topic === 'checkpoint').map(({ message }) => message);
    expect(told).toContain('Checkpoint of step 8 written as asked.');
  });

  it('the engine, why it ended early, and that it went on from a checkpoint', async () => {
    const noise = { ...data, targets: data.targets.map((_, i) => Math.sin(i * 12.9898) * 2) };
    const config = { ...CONFIG, model: { hidden: [64] }, epochs: 200, patience: 3 };
    const link = recordingIo(directory);
    const result = await train(noise, config, link);
    expect(link.lines[0]).toEqual({
      level: 'decision',
      topic: 'engine',
      message: 'Training on cpu, 2 CPU threads.',
    });
    const epoch = result.bestStep / stepsPerEpoch;
    const early = link.lines.find(({ topic }) => topic === 'early stop');
    expect(early?.message).toContain(`keeps epoch ${epoch} (step ${result.bestStep},`);
    const again = recordingIo(directory);
    const same = await train(noise, config, again);
    expect(again.lines[0]!.message).toBe(`Going on from the checkpoint of step ${result.steps}.`);
    expect(Buffer.from(same.onnx).equals(Buffer.from(result.onnx))).toBe(true);
  });

  it('what its devices say, at most every 2 s', async () => {
    let nowMs = 1_700_000_000_000;
    const readings: DeviceReading[] = [];
    const asked: (readonly string[])[] = [];
    const link = recordingIo(directory, {
      clock: { nowMs: () => nowMs },
      onReading: (reading) => readings.push(reading),
      readDevices: (devices) => {
        asked.push(devices);
        const unknown = { utilization: null, temperatureC: null, powerWatt: null, fanPct: null };
        return devices.map((device) => ({ ...unknown, timeMs: nowMs, device, memoryBytes: 5 }));
      },
    });
    const chunks: number[] = [];
    const config = { ...CONFIG, chunkSteps: 1000, epochs: 9 };
    await train(data, config, {
      ...link,
      onChunk: ({ step }) => {
        chunks.push(step);
        nowMs += 500;
      },
    });
    expect(chunks).toHaveLength(9);
    expect(asked).toEqual([['cpu'], ['cpu'], ['cpu']]);
    expect(readings.map(({ step }) => step)).toEqual([0, 4 * stepsPerEpoch, 8 * stepsPerEpoch]);
    expect(readings[1]!.timeMs - readings[0]!.timeMs).toBe(2000);
  });
});

describe('a run on two workers', () => {
  it('gives what one with the whole batch gives, and says how it averages', async () => {
    const config = { ...CONFIG, epochs: 3, threads: 1 };
    const one = await train(data, config, recordingIo(path.join(directory, 'one')));
    const link = recordingIo(path.join(directory, 'two'));
    const two = await train(data, { ...config, batch: 16, devices: 2 }, link);
    expect(two.steps).toBe(one.steps);
    expect(two.bestValidationLoss).toBeCloseTo(one.bestValidationLoss!, 5);
    expect(link.reports.at(-1)!.workers).toBe(2);
    expect(link.lines.find(({ topic }) => topic === 'worker')?.message).toBe(
      '2 workers on cpu, cpu with 1 CPU threads each average gradients every step.',
    );
  });
});
