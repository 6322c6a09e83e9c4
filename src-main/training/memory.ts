import { FrontierError } from '../../src-shared/errors.ts';
import type { ConvLayout } from '../tensor/model.ts';
import type { RunChoices } from './checkpoint.ts';

/** How ONNX Runtime, its providers, the C++ library and V8 say that there is no more memory. */
const SAYS_SO = new RegExp(
  [
    'out of (device |video |gpu )?memory',
    'out_of_memory',
    'E_OUTOFMEMORY',
    'bad[_ ]alloc',
    'failed to allocate',
    'allocation failed',
    'cudaErrorMemoryAllocation',
    'CUBLAS_STATUS_ALLOC_FAILED',
    'CUDNN_STATUS_ALLOC_FAILED',
    'cannot allocate memory',
  ].join('|'),
  'i',
);

/** Whether an engine failed for want of memory, so that a smaller batch may do. */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof FrontierError) return error.code === 'ENGINE_FAILED' && SAYS_SO.test(error.message);
  return error instanceof RangeError && SAYS_SO.test(error.message);
}

/** The smallest batch that is tried. */
const LEAST_BATCH = 4;

/** How a batch is cut. */
export type Batching = Pick<RunChoices, 'batch' | 'accumulation'>;

/**
 * Half the batch and twice the micro-batches: the same windows make an update, with half the memory.
 * @throws FrontierError ENGINE_FAILED where the batch cannot be halved any more
 */
export function halved({ batch, accumulation }: Batching, cause: unknown): Batching {
  if (batch % 2 === 0 && batch / 2 >= LEAST_BATCH)
    return { batch: batch / 2, accumulation: accumulation * 2 };
  throw new FrontierError(
    'ENGINE_FAILED',
    `there is not enough memory for a batch of ${batch}, which cannot be halved any more`,
    'Choose a smaller model or a shorter window, switch gradient checkpointing on, or free memory.',
    cause,
  );
}

/** The layout that goes on with a smaller batch: blocks of channels want whole blocks of windows too. */
export function layoutFor(layout: ConvLayout, { batch }: Batching): ConvLayout {
  const block = /^blocked(\d+)$/.exec(layout)?.[1];
  return block === undefined || batch % Number(block) === 0 ? layout : 'channelsFirst';
}
