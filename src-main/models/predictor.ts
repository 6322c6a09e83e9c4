import { FrontierError } from '../../src-shared/errors.ts';
import type { Engine, EngineSession, HostTensor } from '../tensor/engine.ts';

/** Windows per run when predicting over a matrix; bounds the memory of the gathered windows. */
const MATRIX_BATCH = 512;

/**
 * A trained model, loaded. Backtest, replay and live use this class and the same file. On the CPU engine a window
 * gives the same bits alone as within a batch of any size (tested for every family), so a threshold is crossed in
 * live exactly where it was in the backtest.
 */
export class Predictor {
  readonly window: number;
  readonly features: number;
  readonly outputs: number;
  readonly #session: EngineSession;
  #scratch = new Float32Array(0);

  private constructor(session: EngineSession, window: number, features: number, outputs: number) {
    this.#session = session;
    this.window = window;
    this.features = features;
    this.outputs = outputs;
  }

  /**
   * Loads a model file with input `x` float32 [batch, window, features] and output `y` [batch, outputs].
   * @param onnx the bytes of the file
   * @throws FrontierError CORRUPT where the file is no such model
   */
  static async load(onnx: Uint8Array, engine: Engine): Promise<Predictor> {
    let session: EngineSession;
    try {
      session = await engine.createSession(onnx);
    } catch (error) {
      const hint = 'The model file is damaged or not an ONNX model: train again or restore it.';
      throw new FrontierError('CORRUPT', 'the model file cannot be loaded', hint, error);
    }
    const x = session.inputs.find((port) => port.name === 'x');
    const y = session.outputs.find((port) => port.name === 'y');
    const [, window, features] = x?.shape ?? [];
    const outputs = y?.shape[1];
    const usable =
      x?.dtype === 'float32' &&
      session.inputs.length === 1 &&
      typeof window === 'number' &&
      typeof features === 'number' &&
      typeof outputs === 'number';
    if (!usable) {
      await session.release();
      throw new FrontierError(
        'CORRUPT',
        'the model file is no Frontier model: expected x [batch, window, features] and y [batch, outputs]',
        'Choose a model that Frontier trained.',
      );
    }
    return new Predictor(session, window, features, outputs);
  }

  /**
   * Predicts for `count` windows.
   * @param windows [count, window, features], scaled as in training
   * @returns [count, outputs]
   * @throws FrontierError BAD_INPUT where the length does not fit; ENGINE_FAILED where the engine fails
   */
  async predict(windows: Float32Array, count: number): Promise<Float32Array> {
    return (await this.#ask(windows, count)).y!;
  }

  async #ask(windows: Float32Array, count: number): Promise<Record<string, Float32Array>> {
    const expected = count * this.window * this.features;
    if (count < 1 || windows.length !== expected) {
      const message = `${count} windows of ${this.window} x ${this.features} need ${expected} values, got ${windows.length}`;
      throw new FrontierError(
        'BAD_INPUT',
        message,
        'The features do not fit the model; use those it was trained on.',
      );
    }
    const x: HostTensor = { dtype: 'float32', shape: [count, this.window, this.features], data: windows };
    const results = await this.#session.run({ x });
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
    );
  }

  /**
   * Predicts for the windows of a feature matrix that end at the given rows. Not to be called again before it
   * resolves: the gathered windows share one buffer.
   * @param matrix [rows, features], scaled as in training
   * @param ends last row of each window
   * @returns [ends, outputs]
   * @throws FrontierError BAD_INPUT where a window reaches outside the matrix
   */
  async predictRows(matrix: Float32Array, ends: Int32Array): Promise<Float32Array> {
    const predictions = new Float32Array(ends.length * this.outputs);
    await this.#eachBatch(matrix, ends, ({ y }, from) => predictions.set(y!, from * this.outputs));
    return predictions;
  }

  /**
   * Everything the model says of windows: `y` and its further outputs by name, each [ends, …] flattened.
   * Arguments and errors as of `predictRows`.
   */
  async askRows(matrix: Float32Array, ends: Int32Array): Promise<Record<string, Float32Array>> {
    const all: Record<string, Float32Array> = {};
    await this.#eachBatch(matrix, ends, (results, from, count) => {
      for (const [name, data] of Object.entries(results)) {
        const each = data.length / count;
        all[name] ??= new Float32Array(ends.length * each);
        all[name].set(data, from * each);
      }
    });
    return all;
  }

  async #eachBatch(
    matrix: Float32Array,
    ends: Int32Array,
    take: (results: Record<string, Float32Array>, from: number, count: number) => void,
  ): Promise<void> {
    const rows = matrix.length / this.features;
    if (!Number.isInteger(rows)) {
      const message = `a matrix of ${matrix.length} values is not made of rows of ${this.features} features`;
      throw new FrontierError(
        'BAD_INPUT',
        message,
        'Use the features the model was trained on, in their order.',
      );
    }
    const size = this.window * this.features;
    for (let from = 0; from < ends.length; from += MATRIX_BATCH) {
      const count = Math.min(MATRIX_BATCH, ends.length - from);
      const windows = this.#buffer(count * size);
      for (let i = 0; i < count; i++) {
        const end = ends[from + i]!;
        this.#checkEnd(end, rows);
        const start = (end + 1 - this.window) * this.features;
        windows.set(matrix.subarray(start, start + size), i * size);
      }
      take(await this.#ask(windows, count), from, count);
    }
  }

  #checkEnd(end: number, rows: number): void {
    if (end >= this.window - 1 && end < rows) return;
    const message = `a window of ${this.window} rows cannot end at row ${end} of ${rows}`;
    throw new FrontierError('BAD_INPUT', message, 'Give more history before the first prediction.');
  }

  #buffer(length: number): Float32Array {
    if (this.#scratch.length < length) this.#scratch = new Float32Array(length);
    return this.#scratch.subarray(0, length);
  }

  /** Frees the session. */
  async close(): Promise<void> {
    await this.#session.release();
  }
}
