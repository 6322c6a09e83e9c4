import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

/** What the machine has, and what a run would take of it. */
export function hardwareHandlers(os: Implementer, _context: EngineContext) {
  return {
    hardware: os.training.hardware.handler(() => pending()),
    estimate: os.training.estimate.handler(() => pending()),
  };
}
