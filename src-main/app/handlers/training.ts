import { exportRun } from '../../training/runExport.ts';
import { type EngineContext, isEnded } from '../context.ts';
import { watch } from '../hub.ts';
import type { Implementer } from '../rpc.ts';
import type { TrainingRuns } from '../trainingRuns.ts';
import { hardwareHandlers } from './hardware.ts';
import { modelHandlers } from './models.ts';

export function trainingHandlers(os: Implementer, context: EngineContext, runs: TrainingRuns) {
  const { trainingRuns } = context.stores;
  return {
    start: os.training.start.handler(({ input }) => ({ runId: runs.start(input) })),
    list: os.training.list.handler(() => context.stores.trainingRuns.list()),
    get: os.training.get.handler(({ input }) => runs.get(input.runId)),
    pause: os.training.pause.handler(({ input }) => runs.pause(input.runId)),
    resume: os.training.resume.handler(({ input }) => runs.resume(input.runId)),
    stop: os.training.stop.handler(({ input }) => runs.stop(input.runId)),
    watch: os.training.watch.handler(({ input, signal }) => {
      runs.get(input.runId);
      return watch(context.hub, [`run:${input.runId}`], {
        read: () => runs.get(input.runId),
        isLast: (run) => isEnded(run.state),
        signal,
      });
    }),
    save: os.training.save.handler(({ input }) => runs.save(input.runId)),
    remove: os.training.remove.handler(({ input }) => runs.remove(input.runId)),
    log: os.training.log.handler(({ input }) => {
      runs.get(input.runId);
      return trainingRuns.log(input.runId);
    }),
    readings: os.training.readings.handler(({ input }) => {
      runs.get(input.runId);
      return trainingRuns.readings(input.runId);
    }),
    exportRun: os.training.exportRun.handler(({ input: { runId, format } }) => {
      const record = {
        run: runs.get(runId),
        readings: trainingRuns.readings(runId),
        log: trainingRuns.log(runId),
      };
      const { name, mime, bytes } = exportRun(record, format);
      return { name, mime, base64: Buffer.from(bytes).toString('base64') };
    }),
    ...modelHandlers(os, context),
    ...hardwareHandlers(os, context),
  };
}
