import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { isAbort } from '../../ui/errors.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { uploadFile } from '../../ui/upload.ts';

type Imported = Awaited<ReturnType<typeof rpc.news.import>>;

/** The import or download that runs, or how the last one ended. It outlives the tab. */
export type NewsTask =
  | { readonly phase: 'idle' }
  | { readonly phase: 'busy'; readonly what: string; readonly fraction: number | undefined }
  | { readonly phase: 'done'; readonly what: string; readonly result: Imported }
  | { readonly phase: 'failed'; readonly what: string; readonly error: unknown };

export const newsTask = createStore<{ readonly task: NewsTask; readonly file: File | undefined }>(() => ({
  task: { phase: 'idle' },
  file: undefined,
}));

export const useNewsTask = (): NewsTask => useStore(newsTask, (s) => s.task);
export const useNewsFile = (): File | undefined => useStore(newsTask, (s) => s.file);

let running: AbortController | undefined;

async function run(what: string, work: (signal: AbortSignal) => Promise<Imported>): Promise<void> {
  if (newsTask.getState().task.phase === 'busy') return;
  running = new AbortController();
  newsTask.setState({ task: { phase: 'busy', what, fraction: undefined } });
  try {
    const result = await work(running.signal);
    newsTask.setState({ task: { phase: 'done', what, result }, file: undefined });
    invalidate('news.');
  } catch (error) {
    const stopped = running.signal.aborted && isAbort(error);
    newsTask.setState({ task: stopped ? { phase: 'idle' } : { phase: 'failed', what, error } });
  }
}

/** Imports a calendar or headlines; the file stays chosen when it is refused. */
export function importNews(file: File, zone: string): Promise<void> {
  newsTask.setState({ file });
  return run(file.name, async (signal) => {
    const uploadId = await uploadFile(
      file,
      (fraction) => newsTask.setState({ task: { phase: 'busy', what: file.name, fraction } }),
      signal,
    );
    return rpc.news.import(
      { source: { kind: 'upload', uploadId }, ...(zone === '' ? {} : { zone }) },
      { signal },
    );
  });
}

/** Asks a provider for a stretch of time. */
export function fetchNews(providerId: string, name: string, fromMs: number, toMs: number): Promise<void> {
  return run(name, (signal) => rpc.news.fetch({ providerId, fromMs, toMs }, { signal }));
}

export function stopNews(): void {
  running?.abort();
}
