import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileTrialSink, runKillableStudy } from './testing/killableStudy.ts';
import type { Trial } from './trials.ts';
import { MemoryTrialSink } from './trials.ts';

const SCRIPT = fileURLToPath(new URL('./testing/killableStudy.ts', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frontier-study-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the study in its own process, which kills itself -9 after some measurements. */
function runInProcess(path: string, killAfter?: number): { signal: string | null; output: string } {
  const given = killAfter === undefined ? [] : [String(killAfter)];
  const { signal, stdout } = spawnSync(process.execPath, [SCRIPT, path, ...given], { encoding: 'utf8' });
  return { signal, output: stdout };
}

it('STUDY-3: a study killed -9 twice ends as if it had not been, and measures no stored trial again', async () => {
  const path = join(folder, 'trials.jsonl');
  const stored = (): readonly Trial[] => new FileTrialSink(path).load();
  expect(runInProcess(path, 62).signal).toBe('SIGKILL');
  // Batches of 5 in generations of 24: 48 + 2 x 5 were stored, the batch in hand was not.
  expect(stored()).toHaveLength(58);
  expect(runInProcess(path, 100).signal).toBe('SIGKILL');
  const kept = stored().length;
  expect(kept).toBeGreaterThanOrEqual(154);
  const end = runInProcess(path);
  expect(end.signal).toBeNull();
  expect(JSON.parse(end.output)).toEqual({ evaluated: 240 - kept, replayed: kept });
  const whole = await runKillableStudy(new MemoryTrialSink(), () => {});
  expect(stored()).toEqual(whole.trials);
});
