import { readFile, stat } from 'node:fs/promises';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ModelDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { adoptModel } from '../../models/portable.ts';
import { Predictor } from '../../models/predictor.ts';
import { type EngineSession, openEngine } from '../../tensor/engine.ts';
import type { Fitted } from './fit.ts';
import { type Prepared, prepare } from './prepare.ts';
import { storeModel } from './storeModel.ts';
import { loadHistory } from './train.ts';

/** A model file made elsewhere, to be registered. */
export interface AdoptPayload {
  readonly home: string;
  readonly modelId: string;
  /** As of `ToStore`. */
  readonly newestVersion: number;
  readonly path: string;
  readonly input: TrainInput;
  readonly scale: boolean;
  readonly dataset: DatasetDto;
}

const MAX_BYTES = 512 * 1024 ** 2;

/** Bars that a model is tried on before it is registered, and how many of them alone as well. */
const TRIED = 512;
const TRIED_ALONE = 3;

const bad = (message: string, hint: string, cause?: unknown): FrontierError =>
  new FrontierError('BAD_INPUT', message, hint, cause);

async function readModel(path: string): Promise<Uint8Array> {
  const missing = (cause: unknown): never => {
    throw new FrontierError('NOT_FOUND', `${path} cannot be read.`, 'Check the path.', cause);
  };
  // Asked before it is read: a pipe never ends, and neither does a device.
  const found = await stat(path).catch(missing);
  if (!found.isFile()) throw bad(`${path} is no file.`, 'Choose an .onnx file.');
  if (found.size > MAX_BYTES) throw bad(`${path} is larger than 512 MiB.`, 'Export a smaller model.');
  return readFile(path).catch(missing);
}

/** The file as an engine opens it. @throws FrontierError BAD_INPUT with what the engine says of it */
async function opened(path: string, bytes: Uint8Array): Promise<EngineSession> {
  const { engine } = await openEngine('cpu', 1);
  try {
    return await engine.createSession(bytes);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw bad(`${path} cannot be opened: ${said}`, 'Export it again as ONNX with operator set 17.', error);
  }
}

/** The file with our ports, and how many bars it sees. @throws FrontierError BAD_INPUT where it does not fit */
async function adopted(path: string, features: number): Promise<{ onnx: Uint8Array; window: number }> {
  const bytes = await readModel(path);
  const session = await opened(path, bytes);
  const [input, ...more] = session.inputs;
  const [output] = session.outputs;
  await session.release();
  if (!input || !output || more.length > 0 || input.dtype !== 'float32') {
    const described = session.inputs.map((p) => `${p.name} ${p.dtype}[${p.shape.join()}]`).join(', ');
    throw bad(
      `The model takes ${described || 'nothing'}; one float32 input is needed.`,
      'Export it with a single float32 input [batch, window, features] or [batch, features].',
    );
  }
  const [, columns = 1, ...beyond] = output.shape;
  if (
    output.dtype !== 'float32' ||
    output.shape.length === 0 ||
    beyond.length > 0 ||
    !(Number(columns) >= 1)
  ) {
    throw bad(
      `The model gives ${output.name} ${output.dtype}[${output.shape.join()}]; one float32 number per window is needed.`,
      'Export it with a float32 output [batch, 1], or [batch, columns] whose first column is the prediction.',
    );
  }
  return adoptModel({ onnx: bytes, input, output }, features);
}

/**
 * Tries the model on bars of the history: one number for each window, the same whenever it is asked and whatever other
 * windows are asked about with it. Backtests ask about many bars at a time, live sessions about one.
 * @throws FrontierError BAD_INPUT naming what it does instead
 */
async function tryOut(onnx: Uint8Array, { scaled, ends }: Prepared, bars: BarColumns): Promise<void> {
  const { engine } = await openEngine('cpu', 1);
  const predictor = await Predictor.load(onnx, engine);
  try {
    const stride = Math.max(1, Math.floor(ends.length / TRIED));
    const tried = ends.filter((_, i) => i % stride === 0).slice(0, TRIED);
    const { y } = await predictor.askRows(scaled, tried);
    if (y?.length !== tried.length)
      throw bad(
        `Asked about ${tried.length} windows, the model gives ${y?.length ?? 0} numbers.`,
        'Export it so that each row of a batch has a prediction of its own.',
      );
    const wrong = y.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw bad(
        `The model predicts ${y[wrong]} for the bar of ${new Date(bars.timeMs[tried[wrong]!]!).toISOString()}.`,
        'Check that features and scaling are those it was trained with.',
      );
    for (let i = 0; i < Math.min(TRIED_ALONE, tried.length); i++) {
      const alone = (await predictor.predictRows(scaled, tried.slice(i, i + 1)))[0]!;
      if (Math.abs(alone - y[i]!) > 1e-4 * Math.max(1e-3, Math.abs(alone)))
        throw bad(
          `The model predicts ${y[i]} for a bar among others and ${alone} for the same bar alone.`,
          'Export it for inference: without dropout, random numbers or normalisation over the batch.',
        );
    }
  } finally {
    await predictor.close();
  }
}

/** A scaler that changes nothing, for models that bring their own. */
function unscaled(prepared: Prepared): Prepared {
  const { names, values } = prepared.matrix;
  const scaler = {
    names: [...names],
    mean: names.map(() => 0),
    std: names.map(() => 1),
    clip: Number.MAX_VALUE,
  };
  return { ...prepared, scaler, scaled: values };
}

/** Registers a model made elsewhere: wraps its ports, calibrates and judges it as one of ours. */
export async function adoptJob(payload: AdoptPayload): Promise<ModelDto> {
  const { home, modelId, dataset, path, scale } = payload;
  const features = payload.input.features.length;
  const { onnx, window } = await adopted(path, features);
  const input = { ...payload.input, windowBars: window };
  const history = await loadHistory(home, dataset, []);
  const scaledOnes = prepare(history.bars, input, history.marks, history.others);
  const prepared = scale ? scaledOnes : unscaled(scaledOnes);
  await tryOut(onnx, prepared, history.bars);
  const fitted: Fitted = {
    onnx,
    outputs: 1,
    steps: 0,
    seconds: 0,
    finalLoss: Number.NaN,
    bestStep: 0,
    engine: 'elsewhere',
    stopped: false,
    parameters: 0,
    model: { file: path.split(/[\\/]/).at(-1) ?? path, scale },
    figures: {},
  };
  return storeModel({
    home,
    runId: '',
    modelId,
    newestVersion: payload.newestVersion,
    input,
    dataset,
    history,
    prepared,
    fitted,
  });
}
