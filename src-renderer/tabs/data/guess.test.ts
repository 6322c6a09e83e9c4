import { describe, expect, it } from 'vitest';
import { guessFromFileName } from './guess.ts';

describe('what a file name says', () => {
  it.each([
    ['GBPJPY_H1_2015_2020.csv.gz', { symbol: 'GBPJPY', timeframe: 'H1' }],
    ['EURUSD_M1_2015-02-01_2015-02-13.csv.gz', { symbol: 'EURUSD', timeframe: 'M1' }],
    ['GBPUSD_M1_2012-02_ask.csv.gz', { symbol: 'GBPUSD', timeframe: 'M1', priceSide: 'ask' }],
    ['DAT_ASCII_EURUSD_M1_2023.csv', { symbol: 'EURUSD', timeframe: 'M1' }],
    ['raw_metatrader_GBPJPY_M1_2016.csv', { symbol: 'GBPJPY', timeframe: 'M1' }],
    ['EURUSD60.csv', { symbol: 'EURUSD', timeframe: 'H1' }],
    ['EURUSD1440.csv', { symbol: 'EURUSD', timeframe: 'D1' }],
    ['BTCUSDT_H1_2021-04_2023-12.csv.gz', { symbol: 'BTCUSDT', timeframe: 'H1' }],
    ['BTCUSDT-15m-2024-01.csv', { symbol: 'BTCUSDT', timeframe: 'M15' }],
    ['RELIANCE_NSE_D1_2017_2022-02.csv.gz', { symbol: 'RELIANCE', timeframe: 'D1' }],
    ['C:\\Users\\me\\eurusd_m5.csv', { symbol: 'EURUSD', timeframe: 'M5' }],
    ['2020.csv', {}],
    ['bars.csv', {}],
  ])('%s', (name, expected) => {
    expect(guessFromFileName(name)).toEqual(expected);
  });
});
