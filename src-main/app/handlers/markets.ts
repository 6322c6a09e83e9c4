import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

export function marketsHandlers(os: Implementer, _context: EngineContext) {
  return {
    calendars: {
      list: os.markets.calendars.list.handler(() => pending()),
      save: os.markets.calendars.save.handler(() => pending()),
      remove: os.markets.calendars.remove.handler(() => pending()),
      assign: os.markets.calendars.assign.handler(() => pending()),
    },
    state: os.markets.state.handler(() => pending()),
    sessions: os.markets.sessions.handler(() => pending()),
  };
}
