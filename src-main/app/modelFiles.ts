import type { ModelDto } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { resolveFeatures } from '../features/index.ts';
import { Predictor } from '../models/predictor.ts';
import { ArtifactStore, type LoadedArtifact } from '../store/artifacts.ts';
import { type Engine, openEngine } from '../tensor/engine.ts';
import type { EngineContext } from './context.ts';

/** Name of the file beside a model that holds its report. */
export const REPORT_FILE = 'report.json';

/** Versions of a kind of model that are kept besides the pinned ones. */
const KEPT_VERSIONS = 5;

/** Largest difference to the stored sample, relative to its size: engines round differently. */
const SAMPLE_TOLERANCE = 1e-3;

const mismatch = (id: string, what: string, hint: string): FrontierError =>
  new FrontierError('CONFLICT', `The model ${id} does not fit: ${what}.`, hint);

const RETRAIN = 'Restore the model from a backup, or train it again.';

/** Feature names that this release knows, in the order of the scaler that was fitted with them. */
function checkFeatures({ manifest }: LoadedArtifact): void {
  const { features, scaler, modelId } = manifest;
  const at = features.findIndex((name, i) => scaler.names[i] !== name);
  if (at >= 0 || scaler.names.length !== features.length) {
    const place = Math.max(0, at);
    throw mismatch(
      modelId,
      `its feature ${place + 1} is ${features[place] ?? 'missing'}, its scaler was fitted on ${scaler.names[place] ?? 'nothing'}`,
      RETRAIN,
    );
  }
  resolveFeatures([...new Set(features.map((name) => name.slice(name.indexOf(':') + 1)))]);
}

function checkShape({ manifest }: LoadedArtifact, predictor: Predictor): void {
  const { windowBars, features, modelId, io } = manifest;
  const said = `${windowBars} bars of ${features.length} features to ${io.outputShape[1]} outputs`;
  const got = `${predictor.window} bars of ${predictor.features} features to ${predictor.outputs} outputs`;
  if (said !== got) throw mismatch(modelId, `the manifest says ${said}, the file takes ${got}`, RETRAIN);
}

async function checkSample(
  { manifest }: LoadedArtifact,
  predictor: Predictor,
  engine: Engine,
): Promise<void> {
  const { sample, modelId } = manifest;
  if (!sample) return;
  const got = await predictor.predict(Float32Array.from(sample.x), 1);
  const size = Math.max(1e-3, ...sample.y.map(Math.abs));
  const at = sample.y.findIndex((y, i) => !(Math.abs(got[i]! - y) <= SAMPLE_TOLERANCE * size));
  if (at < 0) return;
  throw mismatch(
    modelId,
    `for its stored sample it said ${sample.y[at]}, on ${engine.name} it now says ${got[at]}`,
    'Choose the engine it was trained on, or train it again.',
  );
}

/**
 * Opens a model to predict with, after checking that it is what was stored: features and their order, shapes, and
 * that it still says of its stored sample what it said when it was made (file checksums are checked by `load`).
 * @throws FrontierError CONFLICT naming both sides; BAD_INPUT for a feature that this release does not have; CORRUPT
 *   where the engine cannot open the file
 */
export async function openModel(artifact: LoadedArtifact, engine: Engine): Promise<Predictor> {
  checkFeatures(artifact);
  const predictor = await Predictor.load(artifact.model, engine);
  try {
    checkShape(artifact, predictor);
    await checkSample(artifact, predictor, engine);
    return predictor;
  } catch (error) {
    await predictor.close();
    throw error;
  }
}

/** What `openModel` has proved, in words. */
export function checksOf({ manifest, sha256 }: LoadedArtifact, engine: Engine): string[] {
  return [
    `files equal their checksums (model SHA-256 ${sha256.slice(0, 12)}…)`,
    `manifest of format ${manifest.format}, version ${manifest.version}`,
    `${manifest.features.length} features known, in the order of the scaler`,
    `opens on ${engine.name} with the shapes of the manifest`,
    manifest.sample
      ? 'says of the stored sample what it said when it was stored'
      : 'has no stored sample: it was made by an earlier release',
  ];
}

/**
 * Removes the files of all but the newest models of the same kind: symbol, timeframe, family and horizon. Pinned models
 * stay, and so do those that are deployed, to trade on or to keep out of unusual windows. The records stay, marked as no longer present.
 */
export function pruneModels(
  context: Pick<EngineContext, 'stores' | 'artifacts' | 'hub'>,
  like: ModelDto,
): string[] {
  const { models, deployments } = context.stores;
  const deployed = new Set(deployments.list().flatMap((d) => [d.modelId, d.avoidAnomalies]));
  const kind = (m: ModelDto): string => [m.symbol, m.timeframe, m.family, m.horizonBars].join();
  const own = models.list().filter((m) => m.present && kind(m) === kind(like));
  const newest = [...own].sort((a, b) => b.version - a.version).slice(0, KEPT_VERSIONS);
  const removed = own.filter((m) => !m.pinned && !deployed.has(m.id) && !newest.includes(m));
  for (const model of removed) {
    context.artifacts.remove(model.symbol, model.timeframe, model.version);
    models.markAbsent(model.id);
  }
  if (removed.length > 0) context.hub.notify('models');
  return removed.map((m) => m.id);
}

/** Opens a stored model as backtests and live sessions do, and says what that proved. @throws as `openModel` */
export async function verifyJob(ref: {
  readonly home: string;
  readonly symbol: string;
  readonly timeframe: ModelDto['timeframe'];
  readonly version: number;
}): Promise<string[]> {
  const artifact = new ArtifactStore(ref.home).load(ref.symbol, ref.timeframe, ref.version);
  const { engine } = await openEngine('cpu', 1);
  const predictor = await openModel(artifact, engine);
  await predictor.close();
  return checksOf(artifact, engine);
}
