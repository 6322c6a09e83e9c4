import { type EngineContext, isEnded } from '../context.ts';
import { watch } from '../hub.ts';
import type { Implementer } from '../rpc.ts';
import type { TrainingRuns } from '../trainingRuns.ts';
import { hardwareHandlers } from './hardware.ts';
import { modelHandlers } from './models.ts';
import { pending } from './pending.ts';

export function trainingHandlers(os: Implementer, context: EngineContext, runs: TrainingRuns) {
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
    save: os.training.save.handler(() => pending()),
    remove: os.training.remove.handler(() => pending()),
    log: os.training.log.handler(() => pending()),
    readings: os.training.readings.handler(() => pending()),
    exportRun: os.training.exportRun.handler(() => pending()),
    ...modelHandlers(os, context),
    ...hardwareHandlers(os, context),
  };
}
