import { z } from 'zod';
import {
  type importModelSchema,
  type ListedModel,
  type ModelDto,
  type ReportPart,
  reportPartSchema,
  trainInputSchema,
} from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { DEFAULT_FEATURES, FEATURE_GROUPS } from '../../features/registry.ts';
import { COMPOSED_FAMILIES } from '../../models/composed.ts';
import { withScaler } from '../../models/portable.ts';
import { listFamilies } from '../../models/registry.ts';
import type { LoadedArtifact } from '../../store/artifacts.ts';
import { type EngineContext, runJob } from '../context.ts';
import { outputPath } from '../exports.ts';
import { modelRef } from '../forecast.ts';
import { historyOf } from '../histories.ts';
import type { AdoptPayload } from '../jobs/adopt.ts';
import type { PredictPayload, PredictResult } from '../jobs/predict.ts';
import { pruneModels, REPORT_FILE } from '../modelFiles.ts';
import type { Implementer } from '../rpc.ts';

function artifactOf(context: EngineContext, modelId: string): LoadedArtifact {
  const { symbol, timeframe, version } = context.stores.models.get(modelId);
  return context.artifacts.load(symbol, timeframe, version);
}

function reportOf(context: EngineContext, modelId: string): ReportPart[] {
  const { symbol, timeframe, version } = context.stores.models.get(modelId);
  const bytes = context.artifacts.file(symbol, timeframe, version, REPORT_FILE);
  if (!bytes) return [];
  return z.array(reportPartSchema).parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

/** The model with its scaler inside, under a name that says what it is. */
function exported(context: EngineContext, model: ListedModel) {
  const { manifest, model: onnx } = artifactOf(context, model.id);
  const { symbol, timeframe, family, features, horizonBars, target, windowBars } = manifest;
  const bytes = withScaler(onnx, manifest.scaler, windowBars, {
    symbol,
    timeframe,
    family,
    features: features.join(','),
    horizonBars: String(horizonBars),
    target,
  });
  return {
    name: `${symbol}_${timeframe}_${family}_v${model.version}.onnx`,
    mime: 'application/octet-stream',
    base64: Buffer.from(bytes).toString('base64'),
  };
}

type ImportInput = z.infer<typeof importModelSchema>;

/** Registers a file made elsewhere; the worker opens, wraps, calibrates and judges it. */
async function importModel(context: EngineContext, input: ImportInput, signal: AbortSignal | undefined) {
  const { symbol, timeframe, features, horizonBars, confidence, scale, uploadId } = input;
  const { dataset } = historyOf(context, symbol, timeframe);
  const path = uploadId === undefined ? input.path : context.uploads.take(uploadId).path;
  if (path === undefined) {
    throw new FrontierError('BAD_INPUT', 'No model file was named.', 'Choose an .onnx file.');
  }
  const payload: AdoptPayload = {
    home: context.home,
    modelId: context.ids.next('mdl'),
    newestVersion: context.stores.models.latest(symbol, timeframe)?.version ?? 0,
    path,
    scale,
    dataset,
    input: trainInputSchema.parse({
      symbol,
      timeframe,
      family: 'imported',
      features,
      horizonBars,
      confidence,
    }),
  };
  const model = await runJob<ModelDto>(context, 'adopt', 'Import a model', payload, signal);
  context.stores.models.add(model);
  pruneModels(context, model);
  context.hub.notify('models');
  if (uploadId !== undefined) context.uploads.remove(uploadId);
  return model;
}

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
    families: os.training.families.handler(() => [...listFamilies(), ...COMPOSED_FAMILIES]),
    models: os.training.models.handler(() => context.stores.models.list()),
    model: os.training.model.handler(({ input }) => context.stores.models.get(input.modelId)),
    modelReport: os.training.modelReport.handler(({ input }) => reportOf(context, input.modelId)),
    pin: os.training.pin.handler(({ input }) => {
      context.stores.models.pin(input.modelId, input.pinned);
      context.hub.notify('models');
    }),
    verifyModel: os.training.verifyModel.handler(async ({ input, signal }) => {
      const ref = modelRef(context, context.stores.models.get(input.modelId));
      const checks = await runJob<string[]>(context, 'verify', 'Verify a model', ref, signal);
      return { ok: true as const, checks };
    }),
    exportModel: os.training.exportModel.handler(({ input }) =>
      exported(context, context.stores.models.get(input.modelId)),
    ),
    importModel: os.training.importModel.handler(({ input, signal }) => importModel(context, input, signal)),
    predict: os.training.predict.handler(async ({ input, signal }) => {
      const model = context.stores.models.get(input.modelId);
      const { exportId, path: out } = await outputPath(context, input.out, `${model.id}.csv`);
      const payload: PredictPayload = {
        ...modelRef(context, model),
        path: input.path,
        out,
        overwrite: input.overwrite,
      };
      const { rows } = await runJob<PredictResult>(context, 'predict', 'Predict', payload, signal);
      return { rows, path: out, exportId };
    }),
  };
}
