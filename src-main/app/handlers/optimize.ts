import { type EngineContext, isEnded } from '../context.ts';
import { watch } from '../hub.ts';
import type { Implementer } from '../rpc.ts';
import type { StudyRuns } from '../studyRuns.ts';

export function optimizeHandlers(os: Implementer, context: EngineContext, studies: StudyRuns) {
  return {
    start: os.optimize.start.handler(({ input }) => ({ studyId: studies.start(input) })),
    list: os.optimize.list.handler(() => context.stores.studies.list()),
    get: os.optimize.get.handler(({ input }) => studies.get(input.studyId)),
    pause: os.optimize.pause.handler(({ input }) => studies.pause(input.studyId)),
    resume: os.optimize.resume.handler(({ input }) => studies.resume(input.studyId)),
    stop: os.optimize.stop.handler(({ input }) => studies.stop(input.studyId)),
    watch: os.optimize.watch.handler(({ input, signal }) => {
      studies.get(input.studyId);
      return watch(context.hub, [`study:${input.studyId}`], {
        read: () => studies.get(input.studyId),
        isLast: (study) => isEnded(study.state),
        signal,
        minIntervalMs: 200,
      });
    }),
    point: os.optimize.point.handler(({ input, signal }) =>
      studies.point(input.studyId, input.trialId, signal),
    ),
  };
}
