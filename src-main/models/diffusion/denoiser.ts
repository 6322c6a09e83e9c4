import type { Engine, HostTensor } from '../../tensor/engine.ts';
import { Graph } from '../../tensor/graph.ts';
import { constantParameters, type ModelSize } from '../../tensor/model.ts';
import { emitModel } from '../../tensor/onnx/emit.ts';
import type { ParameterLayout } from '../../tensor/parameters.ts';
import { type DenoiserSettings, denoise, encodeWindow } from './forecaster.ts';
import type { Denoiser } from './sampler.ts';

/** A trained denoising network of its own, for samplers outside the inference graph. */
export interface OpenDenoiser {
  /** For series that all follow the window given at opening. */
  readonly denoise: Denoiser;
  close(): Promise<void>;
}

/**
 * Opens the denoising network of a diffusion model on an engine: `x` [count, length] at step `t` int32 [1] after
 * `window` [1, window, features] -> `noise` [count, length].
 * @param window scaled features [window * features]
 * @throws FrontierError ENGINE_FAILED where the engine refuses the graph
 */
export async function openDenoiser(
  engine: Engine,
  settings: DenoiserSettings,
  size: Pick<ModelSize, 'window' | 'features'>,
  weights: { readonly layout: ParameterLayout; readonly values: Float32Array },
  window: Float32Array,
): Promise<OpenDenoiser> {
  const graph = new Graph('denoiser');
  const { length } = settings;
  const parameter = constantParameters(graph, weights.layout, weights.values);
  const x = graph.input('x', 'float32', [1, length], ['count', length]);
  const t = graph.input('t', 'int32', [1]);
  const seen = graph.input('window', 'float32', [1, size.window, size.features]);
  // One row, which broadcasts over the series.
  const condition = encodeWindow(parameter, settings, seen);
  graph.output('noise', denoise(parameter, settings, { x, times: t, condition }), ['count', length]);
  const session = await engine.createSession(emitModel(graph));
  const fixed: HostTensor = { dtype: 'float32', shape: [1, size.window, size.features], data: window };
  return {
    denoise: async (series, step) => {
      const { noise } = await session.run({
        x: { dtype: 'float32', shape: [series.length / length, length], data: series },
        t: { dtype: 'int32', shape: [1], data: Int32Array.of(step) },
        window: fixed,
      });
      return noise!.data as Float32Array;
    },
    close: () => session.release(),
  };
}
