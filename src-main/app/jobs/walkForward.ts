import type { TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { accountFor, costsFor } from '../../../src-shared/trading/costs.ts';
import { roundTripCost } from '../../../src-shared/trading/pricing.ts';
import { applyScaler, fitScaler } from '../../features/index.ts';
import { Predictor } from '../../models/predictor.ts';
import { openEngine } from '../../tensor/engine.ts';
import { embargoFor } from '../../validation/splits.ts';
import { type FitPlace, fitModel } from './fit.ts';
import { endsIn, type Prepared } from './prepare.ts';

/** How a model did on stretches that came after everything it was trained on. */
export interface WalkForward {
  /** Windows judged. */
  readonly n: number;
  /** Share of windows whose direction was right, of those that moved. */
  readonly accuracy: number;
  /** Root mean squared error, in units of the target. */
  readonly rmse: number;
  /** Of trading every prediction's direction over its whole horizon, one after the other, after costs; annualised. */
  readonly sharpe: number;
  /** Largest fall of the sum of those returns from its peak, per cent. */
  readonly drawdownPct: number;
  readonly trades: number;
}

const YEAR_MS = 365.25 * 86_400_000;
/** The first fold trains on this share of the history, later ones on all before them. */
const FIRST_SHARE = 0.4;
const LEAST_ROWS = 200;

interface Fold {
  readonly train: { from: number; to: number };
  readonly validation: { from: number; to: number };
  readonly judged: { from: number; to: number };
}

/** Expanding windows over the rows before `to`, with an embargo before and after the validation stretch. */
function foldsOf(prepared: Prepared, input: TrainInput, to: number, count: number): Fold[] {
  const from = prepared.split.train.from;
  const embargo = embargoFor({ horizonBars: input.horizonBars, windowBars: input.windowBars });
  const first = from + Math.floor(FIRST_SHARE * (to - from));
  const length = Math.floor((to - first) / count);
  return Array.from({ length: count }, (_, i) => {
    const start = first + i * length;
    // A tenth of what is known serves early stopping; it ends before the judged stretch by the embargo.
    const known = start - embargo;
    const cut = known - Math.floor(0.1 * (known - from));
    return {
      train: { from, to: Math.max(from, cut - embargo) },
      validation: { from: cut, to: known },
      judged: { from: start, to: i === count - 1 ? to : start + length },
    };
  });
}

/** Everything that is fitted sees the fold's training stretch only: the scaler too. */
function onFold(prepared: Prepared, fold: Fold): Prepared {
  const { matrix } = prepared;
  const scaler = fitScaler(matrix, fold.train.from, fold.train.to);
  return {
    ...prepared,
    scaler,
    scaled: applyScaler(scaler, matrix.values, matrix.rows),
    split: { ...prepared.split, train: fold.train, validation: fold.validation },
  };
}

async function predictFold(
  prepared: Prepared,
  input: TrainInput,
  bars: BarColumns,
  fold: Fold,
  place: FitPlace,
): Promise<{ rows: Int32Array; said: Float32Array }> {
  const own = onFold(prepared, fold);
  if (endsIn(own.ends, own.targets, fold.train).length < LEAST_ROWS) {
    throw new FrontierError(
      'REFUSED',
      `An expanding window of ${input.horizonBars} bars ahead would train on fewer than ${LEAST_ROWS} samples.`,
      'Use a longer history, fewer folds, or shorter horizons.',
    );
  }
  const fitted = await fitModel(own, input, bars, place);
  if (fitted.stopped)
    throw new FrontierError('CANCELLED', 'The run was stopped before its end; no model was stored.');
  const { engine } = await openEngine('cpu', 2);
  const predictor = await Predictor.load(fitted.onnx, engine);
  try {
    const rows = endsIn(own.ends, own.targets, fold.judged);
    const all = await predictor.predictRows(own.scaled, rows);
    return { rows, said: Float32Array.from(rows, (_, i) => all[i * predictor.outputs]!) };
  } finally {
    await predictor.close();
  }
}

/**
 * Trains on expanding windows and judges each model on the stretch after it.
 * @param to end of the rows that may be used
 * @param place its stage counts the fits of the run
 */
export async function walkForward(
  prepared: Prepared,
  input: TrainInput,
  bars: BarColumns,
  { to, folds, place }: { to: number; folds: number; place: FitPlace },
): Promise<WalkForward> {
  const judged: { row: number; said: number }[] = [];
  for (const [i, fold] of foldsOf(prepared, input, to, folds).entries()) {
    const checkpointDir = `${place.checkpointDir}-h${input.horizonBars}-fold${i}`;
    const { rows, said } = await predictFold(prepared, input, bars, fold, {
      ...place,
      checkpointDir,
      ...(place.stage ? { stage: { ...place.stage, done: place.stage.done + i } } : {}),
    });
    rows.forEach((row, k) => {
      judged.push({ row, said: said[k]! });
    });
  }
  return figuresOf(judged, prepared, input, bars);
}

function figuresOf(
  judged: readonly { row: number; said: number }[],
  { targets }: Prepared,
  { horizonBars, symbol }: TrainInput,
  bars: BarColumns,
): WalkForward {
  let right = 0;
  let moved = 0;
  let squares = 0;
  for (const { row, said } of judged) {
    squares += (said - targets[row]!) ** 2;
    if (targets[row] === 0) continue;
    moved++;
    if (Math.sign(said) === Math.sign(targets[row]!)) right++;
  }
  const returns = tradedReturns(judged, horizonBars, symbol, bars);
  const mean = returns.reduce((a, b) => a + b, 0) / returns.length;
  const deviation = Math.sqrt(returns.reduce((a, r) => a + (r - mean) ** 2, 0) / (returns.length - 1));
  const span = bars.timeMs[judged.at(-1)!.row]! - bars.timeMs[judged[0]!.row]!;
  const perYear = (returns.length * YEAR_MS) / span;
  return {
    n: judged.length,
    accuracy: right / moved,
    rmse: Math.sqrt(squares / judged.length),
    sharpe: (mean / deviation) * Math.sqrt(perYear),
    drawdownPct: largestFall(returns),
    trades: returns.length,
  };
}

/** Log returns of following each prediction over its horizon without overlap, less the cost of a round trip. */
function tradedReturns(
  judged: readonly { row: number; said: number }[],
  horizonBars: number,
  symbol: string,
  bars: BarColumns,
): number[] {
  const instrument = instrumentFor(symbol);
  const first = bars.close[judged[0]!.row]!;
  const spec = {
    instrument,
    priceSide: 'mid' as const,
    costs: costsFor(instrument, first),
    account: accountFor(instrument),
    intrabar: 'stop-first' as const,
  };
  const returns: number[] = [];
  let free = -1;
  for (const { row, said } of judged) {
    if (row < free || said === 0) continue;
    const close = bars.close[row]!;
    const move = Math.log(bars.close[row + horizonBars]! / close);
    returns.push(Math.sign(said) * move - roundTripCost(spec, close) / close);
    free = row + horizonBars;
  }
  return returns;
}

/** Largest fall of the running sum of log returns from its peak, per cent of the peak. */
function largestFall(returns: readonly number[]): number {
  let sum = 0;
  let peak = 0;
  let fall = 0;
  for (const r of returns) {
    sum += r;
    peak = Math.max(peak, sum);
    fall = Math.max(fall, -Math.expm1(sum - peak));
  }
  return 100 * fall;
}
