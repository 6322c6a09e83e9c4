import { DEFAULT_FEATURES, FEATURE_GROUPS } from '../../features/registry.ts';
import { listFamilies } from '../../models/registry.ts';
import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

/** Trained models: the register, their files, and what they say. */
export function modelHandlers(os: Implementer, context: EngineContext) {
  return {
    features: os.training.features.handler(() =>
      Object.entries(FEATURE_GROUPS).flatMap(([group, features]) =>
        features.map(({ name, doc, warmupBars }) => ({
          name,
          doc,
          group,
          warmupBars,
          standard: DEFAULT_FEATURES.includes(name),
        })),
      ),
    ),
    families: os.training.families.handler(() => listFamilies()),
    models: os.training.models.handler(() => context.stores.models.list()),
    model: os.training.model.handler(({ input }) => context.stores.models.get(input.modelId)),
    modelReport: os.training.modelReport.handler(() => pending()),
    pin: os.training.pin.handler(({ input }) => {
      context.stores.models.pin(input.modelId, input.pinned);
      context.hub.notify('models');
    }),
    verifyModel: os.training.verifyModel.handler(() => pending()),
    exportModel: os.training.exportModel.handler(() => pending()),
    importModel: os.training.importModel.handler(() => pending()),
    predict: os.training.predict.handler(() => pending()),
  };
}
