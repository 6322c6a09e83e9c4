import { spawn } from 'node:child_process';
import { createEngine, type FrontierEngine } from '../../app/index.ts';
import { rendererDir } from '../../ops/paths.ts';
import { FileSecretStore } from '../../ops/secrets.ts';
import { startHost } from '../../server/host.ts';

export interface ServeOptions {
  readonly home: string;
  readonly port: number;
  /** Opens the user's browser on the address. */
  readonly open: boolean;
  /** Prints the address and nothing else. */
  readonly quiet: boolean;
  /** How the address is told; as a line of standard output when absent. */
  readonly announce?: ((host: { readonly url: string; readonly port: number }) => void) | undefined;
}

/** Starts the user's browser; where that is impossible the printed address is enough. */
function openBrowser(url: string): void {
  const [command, args] =
    process.platform === 'win32'
      ? ['cmd', ['/c', 'start', '', url]]
      : [process.platform === 'darwin' ? 'open' : 'xdg-open', [url]];
  const child = spawn(command as string, args as string[], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

/**
 * Resolves when the user ends the program: Ctrl-C, a closed terminal, or the system's request. Repeats are heard and
 * ignored: under npm one Ctrl-C comes twice, and the second must not cut the closing short.
 */
function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}

/** Serves an open engine on loopback until the user ends it. */
export async function serveEngine(engine: FrontierEngine, options: ServeOptions): Promise<void> {
  // Before anyone can know the address: who sees it may end the program at once.
  const stopped = untilStopped();
  const host = await startHost({
    engine,
    home: options.home,
    rendererDir: rendererDir(),
    port: options.port,
  });
  if (options.announce) options.announce(host);
  else console.log(host.url);
  if (options.open) openBrowser(host.url);
  if (!options.quiet)
    console.error('The workstation is open at this address. It stays on this machine; end it with Ctrl-C.');
  await stopped;
  if (!options.quiet) console.error('Closing …');
  await host.close();
}

/** The loopback host: `npm start -- --browser`, or where no Electron binary can be had. */
export async function serve(options: ServeOptions): Promise<void> {
  const engine = await createEngine({
    home: options.home,
    host: 'loopback',
    secrets: new FileSecretStore(options.home),
  });
  try {
    await serveEngine(engine, options);
  } finally {
    await engine.close();
  }
}
