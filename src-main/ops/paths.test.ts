import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import {
  appVersion,
  layoutOf,
  parallelEntryOf,
  resourcesDir,
  resourcesDirOf,
  rootDir,
  workerEntryOf,
} from './paths.ts';

describe('paths', () => {
  it('finds the files of this clone from source', () => {
    expect(existsSync(join(rootDir(), 'package.json'))).toBe(true);
    expect(resourcesDir()).toBe(join(rootDir(), 'resources'));
    expect(appVersion()).toBe(packageJson.version);
  });

  it('resolves source, bundle and archive', () => {
    const at = (...parts: string[]) => layoutOf(pathToFileURL(join('/opt', ...parts)).href);
    const source = at('frontier', 'src-main', 'ops', 'paths.ts');
    expect(source).toEqual({ fromSource: true, root: join('/opt', 'frontier') });
    expect(workerEntryOf(source)).toBe(join('/opt/frontier/src-main/app/worker.ts'));

    const bundle = at('frontier', 'dist', 'main', 'paths-abc123.js');
    expect(bundle).toEqual({ fromSource: false, root: join('/opt', 'frontier') });
    expect(workerEntryOf(bundle)).toBe(join('/opt/frontier/dist/main/worker.js'));
    expect(parallelEntryOf(bundle)).toBe(join('/opt/frontier/dist/main/parallelWorker.js'));
    expect(existsSync(parallelEntryOf(layoutOf(import.meta.url)))).toBe(true);
    expect(resourcesDirOf(bundle)).toBe(join('/opt/frontier/resources'));

    const installed = at('Frontier', 'resources', 'app.asar', 'dist', 'main', 'main.js');
    expect(resourcesDirOf(installed)).toBe(join('/opt/Frontier/resources/resources'));
    expect(workerEntryOf(installed)).toBe(join('/opt/Frontier/resources/app.asar/dist/main/worker.js'));
  });
});
