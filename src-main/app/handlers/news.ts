import type { EngineContext } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import { pending } from './pending.ts';

export function newsHandlers(os: Implementer, _context: EngineContext) {
  return {
    events: os.news.events.handler(() => pending()),
    headlines: os.news.headlines.handler(() => pending()),
    sources: os.news.sources.handler(() => pending()),
    import: os.news.import.handler(() => pending()),
    providers: os.news.providers.handler(() => pending()),
    fetch: os.news.fetch.handler(() => pending()),
    removeSource: os.news.removeSource.handler(() => pending()),
    blackouts: os.news.blackouts.handler(() => pending()),
  };
}
