import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ort from 'onnxruntime-node';

/**
 * Optimised graphs on disk. Rewriting a deep training graph takes ONNX Runtime longer than loading the result, and
 * the same graph is opened again by every resumption, every worker and every trial.
 */
export interface GraphCache {
  readonly folder: string;
  /** What the rewriting depends on besides model and level: ONNX Runtime, engine, processor. */
  readonly environment: string;
  /** Graphs below this many bytes are optimised faster than they are read. */
  readonly leastBytes?: number;
}

/** Below this a session opens in a few milliseconds either way. */
const LEAST_BYTES = 8192;
const DIGEST_BYTES = 32;

const sha256 = (parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\n');
  return hash.digest();
};

/** File of a model's optimised graph. */
export function cacheFile(
  { folder, environment }: GraphCache,
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): string {
  const choices = JSON.stringify([options.graphOptimizationLevel, options.extra, options.executionProviders]);
  return path.join(folder, `${sha256([environment, choices, model]).toString('hex').slice(0, 32)}.ortgraph`);
}

/** The cached graph, or undefined where there is none or its checksum does not match. */
async function readCached(file: string): Promise<Uint8Array | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    return undefined;
  }
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  return body.length > 0 && sha256([body]).equals(bytes.subarray(body.length)) ? body : undefined;
}

/** Puts the graph that ONNX Runtime wrote into the cache: whole and with its checksum, or not at all. */
async function keep(written: string, file: string): Promise<void> {
  const body = await readFile(written);
  await writeFile(written, Buffer.concat([body, sha256([body])]));
  await rename(written, file);
}

/**
 * Creates a session from the cached optimised graph, or from the model and fills the cache. A cache that cannot be
 * read or written costs its saving and nothing else.
 */
export async function withGraphCache(
  cache: GraphCache,
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  const rewrites = options.graphOptimizationLevel !== 'disabled';
  if (!rewrites || model.byteLength < (cache.leastBytes ?? LEAST_BYTES))
    return ort.InferenceSession.create(model, options);
  const file = cacheFile(cache, model, options);
  const cached = await readCached(file);
  if (cached) {
    try {
      return await ort.InferenceSession.create(cached, { ...options, graphOptimizationLevel: 'disabled' });
    } catch {
      // Not what this ONNX Runtime wrote: made again below.
    }
  }
  const temporary = `${file}.${process.pid}.tmp`;
  const writable = await mkdir(cache.folder, { recursive: true }).then(
    () => true,
    () => false,
  );
  if (!writable) return ort.InferenceSession.create(model, options);
  try {
    const session = await ort.InferenceSession.create(model, {
      ...options,
      optimizedModelFilePath: temporary,
    });
    await keep(temporary, file).catch(() => undefined);
    return session;
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
