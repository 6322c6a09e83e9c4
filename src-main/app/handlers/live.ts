import type { DeploymentDto } from '../../../src-shared/contract/live.ts';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { type ModelManifest, regressorOf } from '../../store/manifest.ts';
import { type AnomalySeal, assertAnomalyModel, loadGuard, sealOf } from '../anomalyRule.ts';
import type { EngineContext } from '../context.ts';
import { ruleFields } from '../entryRules.ts';
import { watch } from '../hub.ts';
import { deploymentHash, venueOf } from '../jobs/backtest.ts';
import { otherSymbols } from '../modelFeatures.ts';
import type { Implementer } from '../rpc.ts';

/** A session follows one feed, so that it cannot compute the features of other instruments. */
function assertDeployable(manifest: Pick<ModelManifest, 'symbol' | 'features'>): void {
  const others = otherSymbols(manifest.features);
  if (others.length === 0) return;
  throw new FrontierError(
    'REFUSED',
    `This model also reads ${others.slice(0, 3).join(', ')}${others.length > 3 ? ' and others' : ''}; a session follows ${manifest.symbol} only.`,
    'Deploy a model that reads its own instrument; sessions of several instruments come with portfolios.',
  );
}

/** The anomaly model that keeps a deployment out of unusual windows. @throws FrontierError as `assertAnomalyModel` */
function anomalySeal(
  context: EngineContext,
  anomalyId: string | undefined,
  model: ModelDto,
): AnomalySeal | undefined {
  if (anomalyId === undefined) return undefined;
  assertAnomalyModel(context.stores.models, anomalyId, model);
  const artifact = loadGuard(context.artifacts, anomalyId, model);
  assertDeployable(artifact.manifest);
  return sealOf(artifact);
}

/** Makes a point of a study a deployment: its genes, model and costs, sealed by a hash. */
function deploy(
  context: EngineContext,
  input: { studyId: string; trialId: string; broker: 'paper' },
): DeploymentDto {
  const study = context.stores.studies.get(input.studyId);
  const trial = context.stores.studies.trial(input.studyId, input.trialId);
  if (!trial.feasible)
    throw new FrontierError(
      'REFUSED',
      'This point has too few trades to be judged.',
      'Choose a point of the front.',
    );
  const model = context.stores.models.get(study.input.modelId);
  const { sha256, manifest } = context.artifacts.load(model.symbol, model.timeframe, model.version);
  assertDeployable(regressorOf(manifest));
  const anomaly = anomalySeal(context, study.input.avoidAnomalies, model);
  const { costs } = venueOf(manifest);
  const deployment: DeploymentDto = {
    id: context.ids.next('dep'),
    createdMs: context.clock.nowMs(),
    modelId: model.id,
    studyId: study.id,
    trialId: trial.id,
    symbol: model.symbol,
    timeframe: model.timeframe,
    synthetic: model.synthetic,
    broker: input.broker,
    genes: trial.genes,
    costs,
    parameterHash: deploymentHash(trial.genes, sha256, costs, study.input, anomaly),
    ...ruleFields(study.input),
  };
  context.stores.deployments.add(deployment);
  context.hub.notify('live');
  return deployment;
}

export function liveHandlers(os: Implementer, context: EngineContext) {
  const { live } = context;
  return {
    deploy: os.live.deploy.handler(({ input }) => deploy(context, input)),
    deployments: os.live.deployments.handler(() => context.stores.deployments.list()),
    start: os.live.start.handler(async ({ input: { deploymentId, bars, speed } }) => ({
      sessionId: await live.start(deploymentId, { bars, speed }),
    })),
    setSpeed: os.live.setSpeed.handler(({ input }) => live.setSpeed(input.sessionId, input.speed)),
    pause: os.live.pause.handler(({ input }) => live.pause(input.sessionId)),
    resume: os.live.resume.handler(({ input }) => live.resume(input.sessionId)),
    stop: os.live.stop.handler(({ input }) => live.stop(input.sessionId)),
    flattenPreview: os.live.flattenPreview.handler(() => live.flattenPreview()),
    flatten: os.live.flatten.handler(async () => {
      const { messages, ...counts } = await live.flattenAll();
      return { ...counts, messages: [...messages] };
    }),
    list: os.live.list.handler(() => live.list()),
    get: os.live.get.handler(({ input }) => live.snapshot(input.sessionId)),
    watch: os.live.watch.handler(({ input, signal }) => {
      live.snapshot(input.sessionId);
      return watch(context.hub, [`session:${input.sessionId}`], {
        read: () => live.snapshot(input.sessionId),
        signal,
        minIntervalMs: 200,
      });
    }),
    adherence: os.live.adherence.handler(({ input }) => live.adherence(input.sessionId)),
  };
}
