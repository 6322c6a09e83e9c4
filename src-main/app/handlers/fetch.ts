import { FrontierError } from '../../../src-shared/errors.ts';
import { NewsRegistry } from '../../news/providers/registry.ts';
import type { EngineContext } from '../context.ts';
import { fetchRunsOf } from '../fetching.ts';
import { watch } from '../hub.ts';
import type { Implementer } from '../rpc.ts';

/** Printable without spaces: what a header or a message can carry. */
const USABLE = /^[\x21-\x7e]{1,8192}$/;

/** @throws FrontierError BAD_INPUT for a name that no provider asks for, or a value that cannot be sent */
function checkKey(known: readonly string[], secret: string, value?: string): void {
  if (!known.includes(secret)) {
    throw new FrontierError(
      'BAD_INPUT',
      `No provider asks for a key named "${secret}".`,
      `Those that are asked for: ${known.join(', ')}.`,
    );
  }
  if (value !== undefined && !USABLE.test(value)) {
    throw new FrontierError(
      'BAD_INPUT',
      `The value for ${secret} holds a space, a line break or a sign that no key has.`,
      'Copy it again without spaces or line breaks.',
    );
  }
}

export function fetchHandlers(os: Implementer, context: EngineContext) {
  const runs = fetchRunsOf(context);
  const newsSecrets = new NewsRegistry().list().flatMap((provider) => provider.keys.map((key) => key.secret));
  const known = [...new Set([...runs.secretNames(), ...newsSecrets])];
  return {
    providers: os.data.fetch.providers.handler(() => runs.providers()),
    setKey: os.data.fetch.setKey.handler(async ({ input }) => {
      const value = input.value.trim();
      checkKey(known, input.secret, value);
      await context.secrets.set(input.secret, value);
      context.hub.notify('fetch');
    }),
    removeKey: os.data.fetch.removeKey.handler(async ({ input }) => {
      checkKey(known, input.secret);
      await context.secrets.remove(input.secret);
      context.hub.notify('fetch');
    }),
    start: os.data.fetch.start.handler(async ({ input }) => ({
      fetchId: await runs.start(input.providerId, input.tasks),
    })),
    update: os.data.fetch.update.handler(async ({ input }) => ({
      fetchIds: await runs.update(input.histories),
    })),
    stop: os.data.fetch.stop.handler(({ input }) => runs.stop(input.fetchId)),
    watch: os.data.fetch.watch.handler(({ signal }) =>
      watch(context.hub, ['fetch'], { read: () => runs.list(), signal }),
    ),
  };
}
