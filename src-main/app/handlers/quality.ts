import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

/** What the check found in a history, where it has bars, and repairs. */
export function qualityHandlers(os: Implementer, _context: EngineContext) {
  return {
    coverage: os.data.coverage.handler(() => pending()),
    repairs: {
      choices: os.data.repairs.choices.handler(() => pending()),
      preview: os.data.repairs.preview.handler(() => pending()),
      apply: os.data.repairs.apply.handler(() => pending()),
    },
  };
}
