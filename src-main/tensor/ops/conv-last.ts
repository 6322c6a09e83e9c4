import { shapeError, type Value } from '../graph.ts';
import type { Conv1dOptions } from './conv.ts';
import { gemm } from './matrix.ts';
import { concat, padAxis, reshape, slice } from './shape.ts';

/**
 * 1-D convolution, channels last, as one matrix product: what the taps see is laid side by side per step. Computes
 * what `conv1d` computes; for engines whose matrix products are much faster than their convolutions.
 * @param x [batch, time, in]
 * @param w [taps, in, out], tap 0 the oldest step
 * @returns [batch, time', out]
 */
export function convLast1d(x: Value, w: Value, bias: Value, options: Conv1dOptions = {}): Value {
  const { dilation = 1, stride = 1, padBefore = 0, padAfter = 0 } = options;
  const [taps, channels, out] = w.shape as [number, number, number];
  const padded = padAxis(x, 1, padBefore, padAfter);
  const span = padded.shape[1]! - (taps - 1) * dilation;
  if (x.shape[2] !== channels || span < 1) throw shapeError('convLast1d', [x, w], 'extents differ');
  const seen = Array.from({ length: taps }, (_, tap) =>
    taps === 1 && stride === 1 ? padded : slice(padded, 1, tap * dilation, tap * dilation + span, stride),
  );
  const columns = taps === 1 ? seen[0]! : concat(seen, 2);
  const rows = reshape(columns, [-1, taps * channels]);
  const y = gemm(rows, reshape(w, [taps * channels, out]), bias);
  return reshape(y, [-1, columns.shape[1]!, out]);
}
