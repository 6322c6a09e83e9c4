import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ModelDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { JobContext } from '../../jobs/port.ts';
import { isComposed } from '../../models/composed.ts';
import { BarStore } from '../../store/bars.ts';
import { homePaths } from '../context.ts';
import type { OtherBars } from '../modelFeatures.ts';
import { composeEnsemble } from './ensemble.ts';
import { fitModel } from './fit.ts';
import { composeHorizons } from './horizons.ts';
import { prepare } from './prepare.ts';
import { storeModel } from './storeModel.ts';

export type { TrainProgressData } from './fit.ts';

export interface TrainPayload {
  readonly home: string;
  readonly runId: string;
  readonly modelId: string;
  /** As of `ToStore`. */
  readonly newestVersion: number;
  readonly input: TrainInput;
  readonly dataset: DatasetDto;
}

export interface TrainJobResult {
  readonly model: ModelDto;
  /** Models that were stored on the way, e.g. one per horizon. */
  readonly further?: readonly ModelDto[];
  readonly finalLoss: number;
  /** Of the fit, where it had validation windows. */
  readonly bestValidation?: number | undefined;
  readonly seconds: number;
  readonly steps: number;
  readonly stopped: boolean;
  readonly engineNote?: string | undefined;
}

/** A history to learn from, with those of the other instruments. */
export interface LearnedHistory {
  readonly bars: BarColumns;
  readonly marks: Uint8Array;
  readonly others: OtherBars;
  readonly otherHashes: Readonly<Record<string, string>>;
}

/** @throws FrontierError CONFLICT where the history changed since the run was asked for; NOT_FOUND for an instrument */
export async function loadHistory(
  home: string,
  dataset: DatasetDto,
  symbols: readonly string[],
): Promise<LearnedHistory> {
  const store = new BarStore(homePaths.bars(home));
  const { symbol, timeframe, priceSide } = dataset;
  try {
    const stored = await store.find(symbol, timeframe, priceSide);
    if (stored?.dataHash !== dataset.dataHash)
      throw new FrontierError(
        'CONFLICT',
        'The history changed while the run was waiting.',
        'Start the run again.',
      );
    const others = new Map<string, BarColumns>();
    const otherHashes: Record<string, string> = {};
    for (const other of symbols.filter((s) => s !== symbol)) {
      const found = await store.find(other, timeframe);
      if (!found) {
        throw new FrontierError(
          'NOT_FOUND',
          `There is no ${other} ${timeframe} history to learn from.`,
          `Import or download ${other} first, or leave it out.`,
        );
      }
      others.set(other, await store.load(other, timeframe, {}, found.priceSide));
      otherHashes[other] = found.dataHash;
    }
    return { ...(await store.loadMarked(symbol, timeframe, {}, priceSide)), others, otherHashes };
  } finally {
    await store.close();
  }
}

/** Features, training, calibration, judgement and the stored artifact: the whole of a training run. */
export async function trainJob(payload: TrainPayload, context: JobContext): Promise<TrainJobResult> {
  const { home, runId, input, dataset } = payload;
  if (isComposed(input.family)) return composedJob(payload, context);
  const history = await loadHistory(home, dataset, input.symbols);
  const { bars } = history;
  const prepared = prepare(bars, input, history.marks, history.others);
  const fitted = await fitModel(prepared, input, bars, {
    checkpointDir: homePaths.checkpoint(home, runId),
    cacheFolder: homePaths.trainingCache(home),
    context,
  });
  if (fitted.stopped)
    throw new FrontierError(
      'CANCELLED',
      'The run was stopped before its end; no model was stored.',
      'Resume goes on from its checkpoint.',
    );
  const model = await storeModel({ ...payload, history, prepared, fitted });
  return {
    model,
    finalLoss: fitted.finalLoss,
    bestValidation: fitted.bestValidationLoss,
    seconds: fitted.seconds,
    steps: fitted.steps,
    stopped: fitted.stopped,
    engineNote: fitted.engineDegradedReason,
  };
}

/** A model made of models. */
async function composedJob(payload: TrainPayload, context: JobContext): Promise<TrainJobResult> {
  const made =
    payload.input.family === 'ensemble'
      ? { set: await composeEnsemble(payload), further: [] }
      : await composeHorizons(payload, context);
  const model = await storeModel(made.set);
  const { finalLoss, seconds, steps } = made.set.fitted;
  return { model, further: made.further, finalLoss, seconds, steps, stopped: false };
}
