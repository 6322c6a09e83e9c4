/** `npm run bench -- NAME …`: runs benchmarks of tests/bench; each prints one JSON line per figure. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = fileURLToPath(new URL('../tests/bench', import.meta.url));
const known = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && !name.startsWith('_'))
  .map((name) => name.slice(0, -3));
const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const unknown = asked.filter((name) => !known.includes(name));
if (asked.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no benchmark ${unknown.join(', ')}.`);
  console.error(`usage: npm run bench -- NAME …   known: ${known.join(', ')}`);
  process.exit(2);
}
for (const name of asked) {
  const bench: unknown = await import(pathToFileURL(join(folder, `${name}.ts`)).href);
  if (typeof bench !== 'object' || bench === null || !('run' in bench) || typeof bench.run !== 'function')
    throw new Error(`${name} exports no run()`);
  await bench.run();
}
