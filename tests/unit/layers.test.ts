import { describe, expect, it } from 'vitest';
import { checkSource, importProblem } from '../../scripts/layers.ts';

describe('the layer rule', () => {
  it.each([
    ['src-shared/market/bars.ts', 'node:fs'],
    ['src-shared/market/bars.ts', '../../src-main/store/bars.ts'],
    ['src-renderer/main.tsx', '../src-main/app/index.ts'],
    ['src-renderer/main.tsx', 'node:path'],
    ['src-main/store/bars.ts', '../live/session.ts'],
    ['src-main/features/a.ts', '../store/bars.ts'],
    ['src-main/live/session.ts', '../optimize/study.ts'],
    ['src-main/app/index.ts', '../server/host.ts'],
    ['src-main/app/index.ts', 'electron'],
    ['src-main/newfolder/x.ts', '../store/bars.ts'],
  ])('refuses %s importing %s', (from, specifier) => {
    expect(importProblem(from, specifier)).toBeTypeOf('string');
  });

  it.each([
    ['src-main/live/session.ts', '../backtest/engine.ts'],
    ['src-main/live/session.ts', '../../src-shared/errors.ts'],
    ['src-main/store/bars.ts', './lock.ts'],
    ['src-main/desktop/main.ts', 'electron'],
    ['src-renderer/main.tsx', '../src-shared/contract/index.ts'],
    ['src-shared/contract/data.ts', 'zod'],
  ])('allows %s importing %s', (from, specifier) => {
    expect(importProblem(from, specifier)).toBeUndefined();
  });

  it('sees type-only, re-exported, dynamic and inline type imports', () => {
    const source = [
      "import type { A } from '../live/a.ts';",
      "export { b } from '../live/b.ts';",
      "const c = await import('../live/c.ts');",
      "type D = import('../live/d.ts').D;",
    ].join('\n');
    expect(checkSource('src-main/store/x.ts', source).map((v) => v.line)).toEqual([1, 2, 3, 4]);
  });

  it('bans ambient time and chance where money is decided, and only there', () => {
    const source = 'const a = Date.now() + Math.random();\nsetTimeout(f, 1);\nconst d = new Date();';
    expect(checkSource('src-main/live/x.ts', source)).toHaveLength(4);
    expect(checkSource('src-main/server/x.ts', source)).toHaveLength(0);
  });
});
