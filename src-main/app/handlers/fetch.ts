import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

export function fetchHandlers(os: Implementer, _context: EngineContext) {
  return {
    providers: os.data.fetch.providers.handler(() => pending()),
    setKey: os.data.fetch.setKey.handler(() => pending()),
    removeKey: os.data.fetch.removeKey.handler(() => pending()),
    start: os.data.fetch.start.handler(() => pending()),
    update: os.data.fetch.update.handler(() => pending()),
    stop: os.data.fetch.stop.handler(() => pending()),
    watch: os.data.fetch.watch.handler(() => pending()),
  };
}
