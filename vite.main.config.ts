import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';

/**
 * Bundles what runs outside the renderer into `dist/main`, for the desktop host and for installed products:
 * the shell, its preload script, the engine process, the compute worker, the worker of a
 * parallel training run and the command line.
 * `npx vite build -c vite.main.config.ts`; no entry may be missing.
 *
 * Dependencies stay in `node_modules`: several load native files beside themselves. The output is flat,
 * because `src-main/ops/paths.ts` finds the program's folder from the place of the bundle.
 */
const entries = {
  main: 'src-main/desktop/main.ts',
  engineProcess: 'src-main/desktop/engineProcess.ts',
  worker: 'src-main/app/worker.ts',
  parallelWorker: 'src-main/training/parallelEntry.ts',
  cli: 'src-main/cli/main.ts',
};

/** Packages and built-in modules, in every spelling; only our own files are bundled. */
const outside = (id: string): boolean =>
  id.startsWith('node:') || builtinModules.includes(id) || /^(?!\.{0,2}\/|[A-Za-z]:[\\/]|\0)/.test(id);

export default defineConfig({
  publicDir: false,
  // Node's own names (`process.env`) must not be replaced at build time.
  define: {},
  environments: {
    main: {
      consumer: 'server',
      build: {
        outDir: 'dist/main',
        emptyOutDir: true,
        target: 'node24',
        minify: false,
        sourcemap: true,
        rolldownOptions: {
          input: entries,
          external: outside,
          output: {
            format: 'es',
            entryFileNames: '[name].js',
            chunkFileNames: '[name]-[hash].js',
            // The package's `bin` points at this file.
            banner: (chunk) => (chunk.name === 'cli' ? '#!/usr/bin/env node' : ''),
          },
        },
      },
    },
    preload: {
      consumer: 'server',
      build: {
        outDir: 'dist/main',
        emptyOutDir: false,
        target: 'node24',
        minify: false,
        sourcemap: false,
        rolldownOptions: {
          input: { preload: 'src-main/desktop/preload.ts' },
          // A sandboxed preload may require `electron` and nothing else.
          external: ['electron'],
          output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
        },
      },
    },
  },
  builder: {
    async buildApp(builder) {
      // In this order: the first build empties the folder.
      await builder.build(builder.environments.main!);
      await builder.build(builder.environments.preload!);
    },
  },
});
