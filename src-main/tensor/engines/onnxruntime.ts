import ort from 'onnxruntime-node';
import { errorBody, FrontierError } from '../../../src-shared/errors.ts';
import type { EngineSession, HostTensor, PortInfo } from '../engine.ts';
import type { DataType } from '../graph.ts';

/** What the engines set on a session; the rest is the same for all. */
export interface SessionSettings {
  readonly providers: readonly ort.InferenceSession.ExecutionProviderConfig[];
  readonly threads: number;
  /** Name used in error messages. */
  readonly label: string;
}

/** ONNX Runtime reports through messages only: the first line, without the source position and the check in it. */
export function firstLine(error: unknown): string {
  const line = errorBody(error).message.split('\n')[0]!.trim();
  return line.replace(/\S*\/onnxruntime_src\/.*? was false\. /, '');
}

/** Creates a session of onnxruntime-node behind our seam. */
export async function createOnnxSession(
  model: Uint8Array,
  { providers, threads, label }: SessionSettings,
): Promise<EngineSession> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      executionProviders: [...providers],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Adam's moments of idle units decay into denormal numbers, which cost a hundred times a normal operation.
      extra: { session: { set_denormal_as_zero: '1' } },
    });
  } catch (error) {
    const hint = 'The model does not fit this engine; train again, or choose another engine.';
    throw new FrontierError('ENGINE_FAILED', `${label} refused the model: ${firstLine(error)}`, hint, error);
  }
  return wrapSession(session, label);
}

function wrapSession(session: ort.InferenceSession, label: string): EngineSession {
  return {
    inputs: session.inputMetadata.map(portInfo),
    outputs: session.outputMetadata.map(portInfo),
    async run(feeds) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const name of Object.keys(feeds)) tensors[name] = toOrt(feeds[name]!);
      let results: ort.InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(tensors);
      } catch (error) {
        const hint = 'Lower the batch size or the model size, or choose another engine.';
        throw new FrontierError('ENGINE_FAILED', `${label} failed: ${firstLine(error)}`, hint, error);
      }
      const out: Record<string, HostTensor> = {};
      for (const name of Object.keys(results)) out[name] = fromOrt(results[name] as ort.Tensor);
      return out;
    },
    release: () => session.release(),
  };
}

function portInfo(meta: ort.InferenceSession.ValueMetadata): PortInfo {
  if (!meta.isTensor) return { name: meta.name, dtype: 'other', shape: [] };
  return { name: meta.name, dtype: meta.type, shape: meta.shape };
}

function toOrt(tensor: HostTensor): ort.Tensor {
  // onnxruntime-node borrows the memory of the array: a feed is not copied.
  return new ort.Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.shape);
}

function fromOrt(tensor: ort.Tensor): HostTensor {
  return { dtype: tensor.type as DataType, shape: tensor.dims, data: tensor.data as Float32Array };
}
