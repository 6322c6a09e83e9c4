import { readFile } from 'node:fs/promises';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ModelDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { adoptModel } from '../../models/portable.ts';
import { openEngine } from '../../tensor/engine.ts';
import type { Fitted } from './fit.ts';
import { type Prepared, prepare } from './prepare.ts';
import { storeModel } from './storeModel.ts';
import { loadHistory } from './train.ts';

/** A model file made elsewhere, to be registered. */
export interface AdoptPayload {
  readonly home: string;
  readonly modelId: string;
  readonly path: string;
  readonly input: TrainInput;
  readonly scale: boolean;
  readonly dataset: DatasetDto;
}

const MAX_BYTES = 512 * 1024 ** 2;

async function readModel(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new FrontierError('NOT_FOUND', `${path} cannot be read.`, 'Check the path.', cause);
  });
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new FrontierError('BAD_INPUT', `${path} is larger than 512 MiB.`, 'Export a smaller model.');
}

/** The file with our ports, and how many bars it sees. @throws FrontierError BAD_INPUT where it does not fit */
async function adopted(path: string, features: number): Promise<{ onnx: Uint8Array; window: number }> {
  const bytes = await readModel(path);
  const { engine } = await openEngine('cpu', 1);
  const session = await engine.createSession(bytes);
  const [input, ...more] = session.inputs;
  const [output] = session.outputs;
  await session.release();
  if (!input || !output || more.length > 0 || input.dtype !== 'float32') {
    const described = session.inputs.map((p) => `${p.name} ${p.dtype}[${p.shape.join()}]`).join(', ');
    throw new FrontierError(
      'BAD_INPUT',
      `The model takes ${described || 'nothing'}; one float32 input is needed.`,
      'Export it with a single float32 input [batch, window, features] or [batch, features].',
    );
  }
  return adoptModel({ onnx: bytes, input, output }, features);
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
  const prepared = prepare(history.bars, input, history.marks, history.others);
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
    input,
    dataset,
    history,
    prepared: scale ? prepared : unscaled(prepared),
    fitted,
  });
}
