import { FrontierError } from '../../../src-shared/errors.ts';
import { AlpacaHistory } from './alpaca.ts';
import { AlphaVantageHistory } from './alphavantage.ts';
import { CTraderHistory, type CTraderOptions } from './ctrader/history.ts';
import { DukascopyHistory } from './dukascopy.ts';
import { OandaHistory } from './oanda.ts';
import type { HistoryProvider } from './port.ts';
import { TiingoHistory } from './tiingo.ts';

/** Where a provider is asked; its real address without. */
type Address = Pick<CTraderOptions, 'baseUrl' | 'liveUrl' | 'tokenUrl'>;
/** Addresses by the provider's id, for stand-ins. */
export type ProviderAddresses = Readonly<Record<string, { [K in keyof Address]?: Address[K] | undefined }>>;

/** A new provider is one file and one line here. */
const PROVIDERS: Readonly<Record<string, (address: Address) => HistoryProvider>> = {
  dukascopy: (address) => new DukascopyHistory(address),
  oanda: (address) => new OandaHistory(address),
  ctrader: (address) => new CTraderHistory(address),
  alpaca: (address) => new AlpacaHistory(address),
  tiingo: (address) => new TiingoHistory(address),
  alphavantage: (address) => new AlphaVantageHistory(address),
};

/** Every provider, made once per process: each holds the rate limit that its downloads share. */
export class ProviderRegistry {
  readonly #byId: ReadonlyMap<string, HistoryProvider>;

  /** @param providers those of the product unless tests bring others */
  constructor(providers: readonly HistoryProvider[] = Object.values(PROVIDERS).map((make) => make({}))) {
    this.#byId = new Map(providers.map((p) => [p.id, p]));
  }

  /** The providers of the product, some of them at other addresses. */
  static at(addresses: ProviderAddresses): ProviderRegistry {
    const providers = Object.entries(PROVIDERS).map(([id, make]) => {
      const { baseUrl, liveUrl, tokenUrl } = addresses[id] ?? {};
      return make({
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(liveUrl === undefined ? {} : { liveUrl }),
        ...(tokenUrl === undefined ? {} : { tokenUrl }),
      });
    });
    return new ProviderRegistry(providers);
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
