/** Every history provider against a peer on 127.0.0.1 that speaks its protocol. */
import {
  alpacaCryptoFixture,
  alpacaStockFixture,
  alphaVantageFixture,
  ctraderFixture,
  dukascopyFixture,
  oandaFixture,
  tiingoFixture,
} from '../peers/fixtures.ts';
import { providerConformance } from '../peers/providerConformance.ts';

providerConformance(
  'Dukascopy bid',
  { pages: 'repeats-refused', unknownSymbol: 'refused', keyless: true },
  () => dukascopyFixture('bid'),
);
providerConformance('OANDA bid', { pages: 'repeats-dropped', unknownSymbol: 'refused' }, () =>
  oandaFixture('bid'),
);
providerConformance(
  'Alpaca crypto',
  { pages: 'repeats-dropped', unknownSymbol: 'refused' },
  alpacaCryptoFixture,
);
providerConformance('Alpaca stocks', { pages: 'one', unknownSymbol: 'refused' }, alpacaStockFixture);
providerConformance('Tiingo FX', { pages: 'repeats-refused', unknownSymbol: 'refused' }, () =>
  tiingoFixture('EURUSD', true),
);
providerConformance('Tiingo crypto', { pages: 'repeats-refused', unknownSymbol: 'empty' }, () =>
  tiingoFixture('BTCUSD', false),
);
providerConformance('Alpha Vantage', { pages: 'one', unknownSymbol: 'refused' }, alphaVantageFixture);
providerConformance(
  'cTrader',
  { pages: 'repeats-refused', unknownSymbol: 'known', serverError: 'INTERNAL_SERVER_ERROR' },
  ctraderFixture,
);
