import type { EngineContext } from '../context.ts';
import { hardwareOf } from '../hardware.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

/** What the machine has, and what a run would take of it. */
export function hardwareHandlers(os: Implementer, context: EngineContext) {
  return {
    hardware: os.training.hardware.handler(({ input }) => hardwareOf(context).devices(input.probe)),
    estimate: os.training.estimate.handler(() => pending()),
  };
}
