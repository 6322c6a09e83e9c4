/**
 * `npm test`: every check of the project, one after the other, and a last line `N passed, N failed`. Arguments name
 * stages (`lint`, `types`, `layers`, `build`, `unit`, `e2e`); without any, all run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleName, tryBuild } from './build.ts';
import { ensureChromium } from './chromium.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'frontier-test-'));
const count = { passed: 0, failed: 0, skipped: 0 };

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  return (
    spawnSync(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    }).status === 0
  );
}

const tool = (name: string): string => join(root, 'node_modules', '.bin', name);

function check(name: string, passes: () => boolean): void {
  const start = performance.now();
  const ok = passes();
  count[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
}

/** Runs a Vitest configuration and adds what it counted; a run that ends badly counts as a failure by itself. */
function vitest(config: string, env: NodeJS.ProcessEnv = {}): void {
  const file = join(scratch, `${config}.json`);
  const ok = run(
    tool('vitest'),
    ['run', '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    env,
  );
  if (!existsSync(file)) {
    count.failed += 1;
    return;
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  count.passed += report.numPassedTests;
  count.failed += report.numFailedTests;
  count.skipped += report.numPendingTests + report.numTodoTests;
  if (!ok && report.numFailedTests === 0) count.failed += Math.max(1, report.numFailedTestSuites);
}

const STAGES: Readonly<Record<string, () => void>> = {
  lint: () => check('lint and format', () => run(tool('biome'), ['ci', '.'])),
  types: () => {
    for (const project of ['src-shared', 'src-main', 'src-main/desktop', 'src-renderer', 'tests'])
      check(`types of ${project}`, () => run(tool('tsc'), ['-p', project]));
  },
  layers: () => check('layer rule', () => run(process.execPath, ['scripts/layers.ts'])),
  build: () => {
    for (const name of ['renderer', 'main'] satisfies BundleName[])
      check(`bundle of ${name}`, () => tryBuild(name));
  },
  unit: () => {
    // Chromium brings the software Vulkan driver that the WebGPU tests run on; without it they report themselves skipped.
    try {
      ensureChromium();
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
    vitest('vitest.config.ts');
  },
  e2e: () => {
    if (!tryBuild('renderer')) throw new Error('Without the interface there are no browser tests.');
    vitest('vitest.e2e.config.ts', { FRONTIER_CHROMIUM: ensureChromium() });
  },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in STAGES));
if (unknown.length > 0) {
  console.error(`There is no stage ${unknown.join(', ')}. Known: ${Object.keys(STAGES).join(', ')}.`);
  process.exit(2);
}
try {
  for (const [name, stage] of Object.entries(STAGES)) if (asked.length === 0 || asked.includes(name)) stage();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  count.failed += 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(
  `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`,
);
process.exit(count.failed === 0 ? 0 : 1);
