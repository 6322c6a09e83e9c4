/** Entry of a compute worker: one process per job. */
import type { JobHandler } from '../jobs/port.ts';
import { serveJobs } from '../jobs/workerSide.ts';
import { loadMarkets } from '../ops/markets.ts';

/** A symbol means the same in a worker as in the engine: with the calendars of the data folder. */
function learnMarkets(payload: unknown): void {
  if (typeof payload === 'object' && payload !== null && 'home' in payload) loadMarkets(String(payload.home));
}

/** Payloads were made by the engine of the same version, which validated what came from outside. */
function handler<P>(run: (payload: P, context: Parameters<JobHandler>[1]) => Promise<unknown>): JobHandler {
  return (payload, context) => {
    learnMarkets(payload);
    return run(payload as P, context);
  };
}

serveJobs({
  import: async () => handler((await import('./jobs/import.ts')).importJob),
  inspect: async () => handler((await import('./jobs/inspect.ts')).inspectJob),
  repair: async () => handler((await import('./jobs/repair.ts')).repairJob),
  resample: async () => handler((await import('./jobs/resample.ts')).resampleJob),
  export: async () => handler((await import('./jobs/export.ts')).exportJob),
  fetch: async () => handler((await import('./jobs/fetch.ts')).fetchJob),
  fetchSpan: async () => handler((await import('./jobs/fetch.ts')).fetchSpanJob),
  train: async () => handler((await import('./jobs/train.ts')).trainJob),
  backtest: async () => handler((await import('./jobs/backtest.ts')).backtestJob),
  point: async () => handler((await import('./jobs/backtest.ts')).pointJob),
  signals: async () => handler((await import('./jobs/backtest.ts')).signalsJob),
  adherence: async () => handler((await import('./jobs/adherence.ts')).adherenceJob),
  fan: async () => handler((await import('./jobs/overlays.ts')).fanJob),
  anomalies: async () => handler((await import('./jobs/overlays.ts')).anomaliesJob),
  study: async () => handler((await import('./jobs/study.ts')).studyJob),
  news: async () => handler((await import('./jobs/news.ts')).newsImportJob),
  adopt: async () => handler((await import('./jobs/adopt.ts')).adoptJob),
  predict: async () => handler((await import('./jobs/predict.ts')).predictJob),
  verify: async () => handler((await import('./modelFiles.ts')).verifyJob),
  estimate: async () => handler((await import('./jobs/estimate.ts')).estimateJob),
  hardware: async () => handler((await import('./jobs/hardware.ts')).hardwareJob),
});
