import type { ReportPart } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { rankCorrelation, rSquared } from '../../../src-shared/metrics/prediction.ts';
import { composedSettings } from '../../models/composed.ts';
import { ensembleModel, type Member, unionOf } from '../../models/portable.ts';
import { ArtifactStore, type LoadedArtifact } from '../../store/artifacts.ts';
import { type RegressorManifest, regressorOf } from '../../store/manifest.ts';
import { openEngine } from '../../tensor/engine.ts';
import { SPLIT_PARTS } from '../../validation/splits.ts';
import { openModel } from '../modelFiles.ts';
import { askModel } from '../signals.ts';
import type { Fitted } from './fit.ts';
import { endsIn, type Prepared, prepare } from './prepare.ts';
import type { ToStore } from './storeModel.ts';
import { type LearnedHistory, loadHistory, type TrainPayload } from './train.ts';

/** A scaler that changes nothing: each member brings its own. */
const PASS_ON_CLIP = 1e30;

interface Chosen {
  readonly artifact: LoadedArtifact;
  readonly manifest: RegressorManifest;
}

const refuse = (message: string, hint: string): FrontierError =>
  new FrontierError('BAD_INPUT', message, hint);

/** The members, which must have been made from the same history for the same horizon. */
function membersOf({ home, input, dataset }: TrainPayload, ids: readonly string[]): Chosen[] {
  if (new Set(ids).size !== ids.length || ids.length < 2)
    throw refuse('An ensemble needs at least two different models.', 'Choose more models.');
  const store = new ArtifactStore(home);
  return ids.map((id) => {
    const artifact = store.find(input.symbol, input.timeframe, id);
    const manifest = regressorOf(artifact.manifest);
    if (manifest.dataHash !== dataset.dataHash)
      throw refuse(
        `${id} was trained on another version of the history.`,
        'Train it again, or leave it out.',
      );
    return { artifact, manifest };
  });
}

function commonHorizon(members: readonly Chosen[]): number {
  const horizon = members[0]!.manifest.horizonBars;
  const other = members.find(({ manifest }) => manifest.horizonBars !== horizon);
  if (!other) return horizon;
  throw refuse(
    `${members[0]!.manifest.modelId} predicts ${horizon} bars ahead, ${other.manifest.modelId} ${other.manifest.horizonBars}.`,
    'Choose models of one horizon.',
  );
}

/** Only bars that no member saw more of than the part allows: each part begins with the last and ends with the first. */
function commonSplit(prepared: Prepared, members: readonly Chosen[]): Prepared {
  const split = { ...prepared.split };
  for (const part of SPLIT_PARTS) {
    const ranges = members.flatMap(({ manifest }) => manifest.spans.filter((s) => s.name === part));
    const from = Math.max(split[part].from, ...ranges.map((r) => r.from));
    const to = Math.min(split[part].to, ...ranges.map((r) => r.to));
    split[part] = { from, to: Math.max(from, to) };
  }
  return { ...prepared, split };
}

interface Scored {
  readonly member: Member;
  readonly row: (string | number | null)[];
}

/** What a member says on the validation and test spans, by itself. */
async function score(chosen: Chosen, prepared: Prepared, history: LearnedHistory): Promise<Scored> {
  const { artifact, manifest } = chosen;
  const { engine } = await openEngine('cpu', 2);
  const predictor = await openModel(artifact, engine);
  try {
    const { predictions } = await askModel(predictor, manifest, history.bars, history.others);
    const on = (part: 'validation' | 'test') => {
      const rows = endsIn(prepared.ends, prepared.targets, prepared.split[part]);
      return {
        said: Float64Array.from(rows, (r) => predictions[r]!),
        came: Float64Array.from(rows, (r) => prepared.targets[r]!),
      };
    };
    const [validation, test] = [on('validation'), on('test')];
    const rank = rankCorrelation(validation.came, validation.said);
    return {
      member: {
        onnx: artifact.model,
        scaler: manifest.scaler,
        window: manifest.windowBars,
        outputs: predictor.outputs,
        scale: manifest.calibration.predictionScale,
        // A member that ranks bars the wrong way round counts next to nothing.
        weight: Math.max(1e-3, Number.isFinite(rank) ? rank : 0),
      },
      row: [
        manifest.modelId,
        manifest.family,
        rank,
        rSquared(test.came, test.said),
        rankCorrelation(test.came, test.said),
      ],
    };
  } finally {
    await predictor.close();
  }
}

/** Joins stored models of one market to one model; the members' files are copied into it. */
export async function composeEnsemble(payload: TrainPayload): Promise<ToStore> {
  const started = performance.now();
  const settings = composedSettings('ensemble', payload.input.model);
  const chosen = membersOf(payload, settings.members);
  const horizonBars = commonHorizon(chosen);
  const features = unionOf(chosen.map(({ manifest }) => ({ scaler: manifest.scaler })));
  const windowBars = Math.max(...chosen.map(({ manifest }) => manifest.windowBars));
  const input = { ...payload.input, features, symbols: [], horizonBars, windowBars };
  const others = [...new Set(chosen.flatMap(({ manifest }) => Object.keys(manifest.otherHashes ?? {})))];
  const history = await loadHistory(payload.home, payload.dataset, others);
  const prepared = commonSplit(prepare(history.bars, input, history.marks, history.others), chosen);
  const scored: Scored[] = [];
  for (const one of chosen) scored.push(await score(one, prepared, history));
  const members = scored.map(({ member }) => member);
  const fitted: Fitted = {
    onnx: ensembleModel(members, settings.combine),
    outputs: 1,
    steps: 0,
    seconds: (performance.now() - started) / 1000,
    finalLoss: Number.NaN,
    bestStep: 0,
    engine: 'cpu',
    stopped: false,
    parameters: chosen.reduce((sum, { manifest }) => sum + manifest.parameters, 0),
    model: settings,
    figures: {},
  };
  const pass = {
    names: [...features],
    mean: features.map(() => 0),
    std: features.map(() => 1),
    clip: PASS_ON_CLIP,
  };
  return {
    ...payload,
    input,
    history,
    prepared: { ...prepared, scaler: pass, scaled: prepared.matrix.values },
    fitted,
    members: settings.members,
    report: [membersTable(scored, settings.combine)],
  };
}

function membersTable(scored: readonly Scored[], combine: string): ReportPart {
  const total = scored.reduce((sum, { member }) => sum + member.weight, 0);
  return {
    kind: 'table',
    title: 'Members',
    note: 'What each member says by itself on the spans that the ensemble is judged on.',
    columns: [
      'Model',
      'Family',
      'Rank correlation, validation',
      'R², test',
      'Rank correlation, test',
      'Weight',
    ],
    rows: scored.map(({ row, member }) => [
      ...row.map((cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? null : cell)),
      combine === 'weighted' ? member.weight / total : 1 / scored.length,
    ]),
  };
}
