import { defineConfig } from 'vitest/config';

/** Unit, parity and integration tests; the browser tests run separately (`vitest.e2e.config.ts`). */
export default defineConfig({
  test: {
    include: ['src-*/**/*.test.ts', 'src-*/**/*.test.tsx', 'tests/{unit,parity,integration}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
