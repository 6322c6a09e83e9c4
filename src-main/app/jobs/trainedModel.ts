import type { SpanDto } from '../../../src-shared/contract/common.ts';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import {
  FAMILIES,
  type FamilyName,
  type ModelDto,
  type TrainInput,
} from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { roleOf } from '../../models/registry.ts';
import { appVersion } from '../../ops/paths.ts';
import type { StoredArtifact } from '../../store/artifacts.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import { type ChronologicalSplit, SPLIT_PARTS } from '../../validation/splits.ts';
import { systemClock } from '../ids.ts';
import type { Fitted } from './fit.ts';
import type { Judged } from './judge.ts';
import type { Prepared } from './prepare.ts';

const TARGET = 'ln(close[t+H]/close[t]) / (atr14[t]/close[t]*sqrt(H))';

/** What a manifest is made from. */
export interface Trained {
  readonly modelId: string;
  readonly runId: string;
  readonly input: TrainInput;
  readonly dataset: DatasetDto;
  readonly bars: BarColumns;
  readonly prepared: Prepared;
  readonly fitted: Fitted;
  readonly judged: Judged;
  readonly otherHashes: Readonly<Record<string, string>>;
  readonly members?: readonly string[];
  readonly sample: NonNullable<ModelManifest['sample']>;
  /** Settings that the user did not choose but the result depends on. */
  readonly fixedSettings: Readonly<Record<string, unknown>>;
}

function spansOf(split: ChronologicalSplit, bars: BarColumns): SpanDto[] {
  return SPLIT_PARTS.map((name) => {
    const { from, to } = split[name];
    return { name, from, to, fromMs: bars.timeMs[from]!, toMs: bars.timeMs[to - 1]! };
  });
}

/** Everything the run depended on and what came out. */
export function manifestOf(trained: Trained): Omit<ModelManifest, 'version' | 'format'> {
  const { input, dataset, bars, prepared, fitted, judged } = trained;
  const features = prepared.matrix.names;
  const window = trained.sample.x.length / features.length;
  return {
    modelId: trained.modelId,
    symbol: dataset.symbol,
    timeframe: dataset.timeframe,
    synthetic: dataset.synthetic,
    createdMs: systemClock.nowMs(),
    runId: trained.runId,
    family: input.family,
    role: roleOf(input.family),
    ...(Object.keys(trained.otherHashes).length > 0 ? { otherHashes: { ...trained.otherHashes } } : {}),
    ...(fitted.device === undefined ? {} : { device: fitted.device }),
    figures: [...judged.figures],
    ...(trained.members ? { members: [...trained.members] } : {}),
    sample: trained.sample,
    features,
    scaler: prepared.scaler,
    windowBars: window,
    horizonBars: input.horizonBars,
    target: TARGET,
    io: {
      input: 'x',
      inputShape: [-1, window, features.length],
      output: 'y',
      outputShape: [-1, fitted.outputs],
    },
    calibration: judged.calibration,
    conformal: judged.conformal,
    spans: spansOf(prepared.split, bars),
    priceSide: dataset.priceSide,
    referencePrice: middlePrice(prepared.split.train, bars),
    dataHash: dataset.dataHash,
    bars: dataset.bars,
    codeVersion: appVersion(),
    seed: input.seed,
    engine: fitted.engine,
    hyperParameters: {
      ...input,
      model: fitted.model,
      ...trained.fixedSettings,
      ...(fitted.choices ? { chosen: fitted.choices } : {}),
    },
    parameters: fitted.parameters,
    metrics: {
      finalLoss: orNull(fitted.finalLoss),
      bestValidationLoss: fitted.bestValidationLoss ?? null,
      bestStep: fitted.bestStep,
      testR2: orNull(judged.testR2),
      testRankCorrelation: orNull(judged.testRankCorrelation),
      samplesLeftOut: prepared.samplesLeftOut,
    },
  };
}

/** JSON has no NaN. */
const orNull = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null;

/** Known before anything is judged: costs may follow the price level, never the future. */
function middlePrice({ from, to }: { from: number; to: number }, bars: BarColumns): number {
  return bars.close[Math.floor((from + to) / 2)]!;
}

function familyNameOf(name: string): FamilyName {
  const known = FAMILIES.find((family) => family === name);
  if (known) return known;
  throw new FrontierError(
    'CORRUPT',
    `The model is of the family ${name}, which this release does not know.`,
    'Open it with the release that made it, or train again.',
  );
}

/** The row of a stored model. */
export function modelDto(stored: StoredArtifact): ModelDto {
  const { manifest: m } = stored;
  return {
    id: m.modelId,
    version: stored.version,
    symbol: m.symbol,
    timeframe: m.timeframe,
    synthetic: m.synthetic,
    family: familyNameOf(m.family),
    role: m.role ?? 'regressor',
    createdMs: m.createdMs,
    horizonBars: m.horizonBars,
    windowBars: m.windowBars,
    features: m.features,
    parameters: m.parameters,
    engine: m.engine,
    seed: m.seed,
    dataHash: m.dataHash,
    sha256: stored.sha256,
    conformal: m.conformal,
    testR2: m.metrics.testR2 ?? null,
    testRankCorrelation: m.metrics.testRankCorrelation ?? null,
    samplesLeftOut: m.metrics.samplesLeftOut ?? 0,
    spans: m.spans,
    figures: m.figures ?? [],
    ...(m.device === undefined ? {} : { device: m.device }),
    ...(m.runId === undefined ? {} : { runId: m.runId }),
    members: m.members ?? [],
    settings: m.hyperParameters,
  };
}
