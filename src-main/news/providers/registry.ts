import { FrontierError } from '../../../src-shared/errors.ts';
import { AlpacaNews } from './alpacaNews.ts';
import { AlphaVantageNews } from './alphaVantageNews.ts';
import { FmpNews } from './fmp.ts';
import { ForexFactoryNews } from './forexFactory.ts';
import type { NewsProvider } from './port.ts';

/** A new provider is one file and one line here. */
const PROVIDERS: readonly (() => NewsProvider)[] = [
  () => new ForexFactoryNews(),
  () => new FmpNews(),
  () => new AlpacaNews(),
  () => new AlphaVantageNews(),
];

/** Every news provider, made once per process: each holds its rate limit. */
export class NewsRegistry {
  readonly #byId: ReadonlyMap<string, NewsProvider>;

  /** @param providers those of the product unless tests bring others */
  constructor(providers: readonly NewsProvider[] = PROVIDERS.map((make) => make())) {
    this.#byId = new Map(providers.map((p) => [p.id, p]));
  }

  /** In the order in which they are offered. */
  list(): readonly NewsProvider[] {
    return [...this.#byId.values()];
  }

  /** @throws FrontierError NOT_FOUND for an id that no provider has */
  get(id: string): NewsProvider {
    const provider = this.#byId.get(id);
    if (provider) return provider;
    throw new FrontierError(
      'NOT_FOUND',
      `There is no news provider "${id}".`,
      `There are: ${[...this.#byId.keys()].join(', ')}.`,
    );
  }
}
