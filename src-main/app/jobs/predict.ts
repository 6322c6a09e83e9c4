import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { importFile } from '../../data/importer.ts';
import type { JobContext } from '../../jobs/port.ts';
import { ArtifactStore, type LoadedArtifact } from '../../store/artifacts.ts';
import { BarStore } from '../../store/bars.ts';
import { type RegressorManifest, regressorOf } from '../../store/manifest.ts';
import { openEngine } from '../../tensor/engine.ts';
import { homePaths } from '../context.ts';
import { openModel } from '../modelFiles.ts';
import { askModel, historyOf, type ModelRef, othersOf, type Signals, withIntervals } from '../signals.ts';

export interface PredictPayload extends ModelRef {
  /** A file of bars; absent: the history the model was trained on. */
  readonly path?: string | undefined;
  readonly out: string;
  readonly overwrite: boolean;
}

export interface PredictResult {
  readonly rows: number;
}

/** Bars of a file, in the timeframe that the model knows. */
async function fileBars(path: string, manifest: RegressorManifest): Promise<BarColumns> {
  const { symbol, timeframe, priceSide } = manifest;
  const read = await importFile(path, { symbol, priceSide });
  if (read.timeframe === timeframe) return read.bars;
  throw new FrontierError(
    'BAD_INPUT',
    `${path} holds ${read.timeframe} bars; the model reads ${timeframe}.`,
    `Give a file of ${timeframe} bars, or choose a model of ${read.timeframe}.`,
  );
}

/** Answers over bars that may not be stored. */
async function signalsOf(artifact: LoadedArtifact, bars: BarColumns, store: BarStore): Promise<Signals> {
  const { engine } = await openEngine('cpu', 2);
  const predictor = await openModel(artifact, engine);
  try {
    const others = await othersOf(store, artifact.manifest);
    const answers = await askModel(predictor, artifact.manifest, bars, others);
    return withIntervals(answers, artifact.manifest.calibration);
  } finally {
    await predictor.close();
  }
}

/** A return over the horizon as a fraction of the price, from the model's units. */
const asReturn = (y: number, atr: number, close: number, horizonBars: number): number =>
  Math.expm1(((y * atr) / close) * Math.sqrt(horizonBars));

const PIECE_ROWS = 20_000;

/** Writes one line per bar that the model can say something about. */
async function writeCsv(
  payload: PredictPayload,
  horizonBars: number,
  bars: BarColumns,
  signals: Signals,
): Promise<number> {
  if (!payload.overwrite && existsSync(payload.out)) {
    throw new FrontierError(
      'CONFLICT',
      `${payload.out} exists already.`,
      'Choose another name, or allow it to be overwritten.',
    );
  }
  const temporary = `${payload.out}.${process.pid}.tmp`;
  const file = await open(temporary, 'w');
  let rows = 0;
  try {
    let text = 'timestamp,prediction,lower,upper\n';
    for (let i = 0; i < bars.timeMs.length; i++) {
      const [close, atr] = [bars.close[i]!, signals.atr[i]!];
      const shown = [signals.predictions[i]!, signals.lower[i]!, signals.upper[i]!].map((y) =>
        asReturn(y, atr, close, horizonBars),
      );
      if (!Number.isFinite(shown[0]!)) continue;
      const time = new Date(bars.timeMs[i]!).toISOString().replace('.000Z', 'Z');
      text += `${time},${shown.map((v) => (Number.isFinite(v) ? String(v) : '')).join(',')}\n`;
      rows++;
      if (rows % PIECE_ROWS === 0) {
        await file.write(text);
        text = '';
      }
    }
    await file.write(text);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  if (rows === 0) {
    await rm(temporary, { force: true });
    throw new FrontierError(
      'BAD_INPUT',
      'The model can say nothing about these bars: its features need more history than they hold.',
      'Give a longer file.',
    );
  }
  await rename(temporary, payload.out);
  return rows;
}

/** Predictions over a history or a file, as CSV: the return over the horizon as a fraction of the price. */
export async function predictJob(payload: PredictPayload, _context: JobContext): Promise<PredictResult> {
  const artifact = new ArtifactStore(payload.home).load(payload.symbol, payload.timeframe, payload.version);
  const manifest = regressorOf(artifact.manifest);
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const bars =
      payload.path === undefined
        ? (await historyOf(store, manifest)).bars
        : await fileBars(payload.path, manifest);
    const signals = await signalsOf(artifact, bars, store);
    return { rows: await writeCsv(payload, manifest.horizonBars, bars, signals) };
  } finally {
    await store.close();
  }
}
