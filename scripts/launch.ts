/** `npm run demo` and `npm run frontier`: the command line, with the interface built where it will be shown. */
import { buildIfStale } from './build.ts';

const [command] = process.argv.slice(2);
if (command === 'demo' || command === 'serve') buildIfStale('renderer');
await import('../src-main/cli/main.ts');
