import type { ContractRouterClient } from '@orpc/contract';
import { backtestContract } from './backtest.ts';
import { chartContract } from './chart.ts';
import { dataContract } from './data.ts';
import { liveContract } from './live.ts';
import { marketsContract } from './markets.ts';
import { newsContract } from './news.ts';
import { optimizeContract } from './optimize.ts';
import { reportContract } from './report.ts';
import { systemContract } from './system.ts';
import { trainingContract } from './training.ts';

/** Everything the renderer and the command line can ask of the engine. One contract, two transports. */
export const contract = {
  system: systemContract,
  data: dataContract,
  chart: chartContract,
  markets: marketsContract,
  news: newsContract,
  training: trainingContract,
  backtest: backtestContract,
  optimize: optimizeContract,
  live: liveContract,
  report: reportContract,
};

export type Contract = typeof contract;
/** A typed client of the contract, whatever carries it. */
export type FrontierClient = ContractRouterClient<Contract>;
