import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

/** Changes of stored histories and ways out of the store. */
export function historyHandlers(os: Implementer, _context: EngineContext) {
  return {
    changes: os.data.changes.handler(() => pending()),
    undo: os.data.undo.handler(() => pending()),
    resample: os.data.resample.handler(() => pending()),
    export: os.data.export.handler(() => pending()),
    exported: os.data.exported.handler(() => pending()),
  };
}
