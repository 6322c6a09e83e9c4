import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { serveJobs } from '../../src-main/jobs/workerSide.ts';
import { FrontierError } from '../../src-shared/errors.ts';

/** A worker for the tests of the job port: counts to a number, checkpointing each step in a file. */
interface CountPayload {
  readonly file: string;
  readonly upTo: number;
  readonly dieAt?: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

serveJobs({
  count: async () => async (payload, context) => {
    const { file, upTo, dieAt } = payload as CountPayload;
    context.onMessage((message) => appendFileSync(`${file}.heard`, `${JSON.stringify(message)}\n`));
    let at = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    while (at < upTo && !context.signal.aborted) {
      await context.waitWhilePaused();
      at += 1;
      writeFileSync(file, String(at));
      appendFileSync(`${file}.log`, `${at}\n`);
      context.report({ fraction: at / upTo, message: `at ${at}` });
      if (at === dieAt) process.kill(process.pid, 'SIGKILL');
      await sleep(5);
    }
    return { at };
  },
  fail: async () => async () => {
    throw new FrontierError('BAD_INPUT', 'told to fail', 'do not');
  },
});
