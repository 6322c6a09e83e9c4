import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

export function chartHandlers(os: Implementer, _context: EngineContext) {
  return {
    window: os.chart.window.handler(() => pending()),
    symbols: os.chart.symbols.handler(() => pending()),
    drawings: {
      list: os.chart.drawings.list.handler(() => pending()),
      save: os.chart.drawings.save.handler(() => pending()),
      remove: os.chart.drawings.remove.handler(() => pending()),
    },
  };
}
