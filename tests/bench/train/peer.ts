import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';

/** The PyTorch script as a process that is asked for one thing at a time. */
export class Peer {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, version: string) {
    this.#child = child;
    this.#lines = lines;
    this.version = version;
  }

  /** @returns undefined where no Python with PyTorch is installed (Debian: python3-torch) */
  static async start(threads: number): Promise<Peer | undefined> {
    const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: String(threads) };
    const script = path.join(import.meta.dirname, '..', 'train_torch.py');
    // The distribution's Python has Debian's package also where another Python comes first in the path.
    for (const python of ['python3', '/usr/bin/python3']) {
      const installed = await promisify(execFile)(python, ['-c', 'import torch']).then(
        () => true,
        () => false,
      );
      if (!installed) continue;
      const child = spawn(python, [script, String(threads)], { env, stdio: ['pipe', 'pipe', 'inherit'] });
      const reader: Interface = createInterface({ input: child.stdout });
      const lines = reader[Symbol.asyncIterator]();
      const first = await lines.next();
      if (first.done) throw new Error('the PyTorch script ended before its first line');
      const { version } = JSON.parse(first.value) as { version: string };
      return new Peer(child, lines, version);
    }
    return undefined;
  }

  async #ask<Answer>(question: string): Promise<Answer> {
    this.#child.stdin!.write(`${question}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error(`the PyTorch script ended at "${question}"`);
    return JSON.parse(line.value) as Answer;
  }

  /** Milliseconds per step of one round. */
  train(workload: string, steps: number): Promise<number> {
    return this.#ask(`train ${workload} ${steps}`);
  }

  /** Milliseconds of one sample. */
  latency(workload: string, count: number): Promise<{ p50: number; p95: number }> {
    return this.#ask(`latency ${workload} ${count}`);
  }

  /** Peak resident megabytes of the process. */
  async peakMegabytes(): Promise<number> {
    return (await this.#ask<number>('memory')) / 1024;
  }

  stop(): void {
    this.#child.stdin!.end();
  }
}
