import { FrontierError } from '../../../src-shared/errors.ts';
import { AlpacaHistory } from './alpaca.ts';
import { AlphaVantageHistory } from './alphavantage.ts';
import { CTraderHistory } from './ctrader/history.ts';
import { DukascopyHistory } from './dukascopy.ts';
import { OandaHistory } from './oanda.ts';
import type { HistoryProvider } from './port.ts';
import { TiingoHistory } from './tiingo.ts';

/** A new provider is one file and one line here. */
const PROVIDERS: readonly (() => HistoryProvider)[] = [
  () => new DukascopyHistory(),
  () => new OandaHistory(),
  () => new CTraderHistory(),
  () => new AlpacaHistory(),
  () => new TiingoHistory(),
  () => new AlphaVantageHistory(),
];

/** Every provider, made once per process: each holds the rate limit that its downloads share. */
export class ProviderRegistry {
  readonly #byId: ReadonlyMap<string, HistoryProvider>;

  /** @param providers those of the product unless tests bring others */
  constructor(providers: readonly HistoryProvider[] = PROVIDERS.map((make) => make())) {
    this.#byId = new Map(providers.map((p) => [p.id, p]));
  }

  /** In the order in which they are offered. */
  list(): readonly HistoryProvider[] {
    return [...this.#byId.values()];
  }

  /** @throws FrontierError NOT_FOUND for an id that no provider has */
  get(id: string): HistoryProvider {
    const provider = this.#byId.get(id);
    if (provider) return provider;
    throw new FrontierError(
      'NOT_FOUND',
      `There is no history provider "${id}".`,
      `There are: ${[...this.#byId.keys()].join(', ')}.`,
    );
  }
}
