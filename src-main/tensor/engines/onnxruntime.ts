import ort from 'onnxruntime-node';
import { errorBody, FrontierError } from '../../../src-shared/errors.ts';
import type { EngineSession, HostTensor, PortInfo, SessionOptions } from '../engine.ts';
import type { DataType } from '../graph.ts';
import { type GraphCache, withGraphCache } from './graphCache.ts';

/** What the engines set on a session; the rest is the same for all. */
export interface SessionSettings {
  readonly providers: readonly ort.InferenceSession.ExecutionProviderConfig[];
  readonly threads: number;
  /** Name used in error messages. */
  readonly label: string;
  /** Whether ONNX Runtime plans one block for all of a run's values, which DirectML refuses. Default true. */
  readonly memoryPattern?: boolean;
  /** Where optimised graphs are kept; absent: nowhere. Of no use to engines that compile their graphs. */
  readonly cache?: GraphCache | undefined;
}

/** Version of the ONNX Runtime inside the package. */
export const onnxRuntimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common;

/** ONNX Runtime reports through messages only: the first line, without the source position and the check in it. */
export function firstLine(error: unknown): string {
  const line = errorBody(error).message.split('\n')[0]!.trim();
  return line.replace(/\S*\/onnxruntime_src\/.*? was false\. /, '').replace(/\S*\/onnxruntime_src\/\S+ /, '');
}

/** What ONNX Runtime says where an engine has no kernel for an operator, in its several wordings. */
const UNSUPPORTED = [
  /(?:Could not find an implementation for|Failed to find kernel for|No Op registered for)\s+([A-Za-z0-9_.]+)/,
  /Fatal error: (?:[a-z.]*:)?([A-Za-z0-9_]+)\(-?\d+\) is not a registered function\/op/,
];

/** The operator that an engine lacks, as its error names it; undefined for other failures. */
export function unsupportedOperator(error: unknown): string | undefined {
  const { message } = errorBody(error);
  return UNSUPPORTED.map((wording) => wording.exec(message)?.[1]).find((name) => name !== undefined);
}

function refusal(label: string, error: unknown): FrontierError {
  const operator = unsupportedOperator(error);
  if (operator) {
    const hint = 'Choose another engine (the CPU runs every operator), or another kind of model.';
    return new FrontierError('ENGINE_FAILED', `${label} has no operator ${operator}`, hint, error);
  }
  const hint = 'The model does not fit this engine; train again, or choose another engine.';
  return new FrontierError('ENGINE_FAILED', `${label} refused the model: ${firstLine(error)}`, hint, error);
}

const LEVELS = { off: 'disabled', basic: 'basic', extended: 'extended', all: 'all' } as const;

/** ONNX Runtime's own options of a session. Values of `extra` must be strings. */
export function ortOptions(
  { providers, threads, memoryPattern }: Omit<SessionSettings, 'label' | 'cache'>,
  { graphOptimization = 'all', disabledOptimizers = [], memoryArena = true }: SessionOptions,
): ort.InferenceSession.SessionOptions {
  const optimization =
    disabledOptimizers.length === 0
      ? {}
      : { optimization: { disable_specified_optimizers: disabledOptimizers.join(';') } };
  return {
    executionProviders: [...providers],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: LEVELS[graphOptimization],
    logSeverityLevel: 3,
    ...(memoryPattern === undefined ? {} : { enableMemPattern: memoryPattern }),
    ...(memoryArena ? {} : { enableCpuMemArena: false }),
    // Adam's moments of idle units decay into denormal numbers, which cost a hundred times a normal operation.
    extra: { session: { set_denormal_as_zero: '1' }, ...optimization },
  };
}

/** Creates a session of onnxruntime-node behind our seam. */
export async function createOnnxSession(
  model: Uint8Array,
  { label, cache, ...settings }: SessionSettings,
  options: SessionOptions = {},
): Promise<EngineSession> {
  const native = ortOptions(settings, options);
  try {
    const session = await (cache
      ? withGraphCache(cache, model, native)
      : ort.InferenceSession.create(model, native));
    return wrapSession(session, label);
  } catch (error) {
    throw refusal(label, error);
  }
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
