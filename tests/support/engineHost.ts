/**
 * An engine behind its loopback host, in a process that fault tests may kill.
 *
 * node engineHost.ts HOME RENDERER: prints the address with its token when it is open; SIGTERM ends it.
 */
import { createEngine } from '../../src-main/app/index.ts';
import { FileSecretStore } from '../../src-main/ops/secrets.ts';
import { startHost } from '../../src-main/server/host.ts';

const [home, rendererDir] = process.argv.slice(2);
if (home === undefined || rendererDir === undefined) throw new Error('usage: engineHost.ts HOME RENDERER');
const engine = await createEngine({ home, host: 'loopback', secrets: new FileSecretStore(home) });
const host = await startHost({ engine, home, rendererDir, port: 0 });
process.once('SIGTERM', () => {
  void host
    .close()
    .then(() => engine.close())
    .then(() => process.exit(0));
});
console.log(host.url);
