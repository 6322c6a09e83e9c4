import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { rpc, useQuery, useWatch } from '../../ui/rpc.ts';
import { type TradesFrom, useChart } from './chartStore.ts';
import type { ShownTrade } from './tradeMarkers.ts';

interface Trades {
  readonly from: TradesFrom;
  /** Undefined while they load, or when they belong to another market. */
  readonly trades: readonly ShownTrade[] | undefined;
  /** The market that the chosen source traded, where it is not the one on the chart. */
  readonly elsewhere: string | undefined;
  /** Sources that could be chosen. */
  readonly hasBacktest: boolean;
  readonly hasSession: boolean;
}

/** Trades of the chosen backtest or session, if it traded the symbol on the chart; they show in any timeframe of it. */
export function useTrades(market: { readonly symbol: string; readonly timeframe: AnyTimeframe }): Trades {
  const from = useChart((c) => c.tradesFrom);
  const backtestId = useWorkspace((w) => w.backtestId);
  const sessionId = useWorkspace((w) => w.sessionId);
  const wantBacktest = from === 'backtest' ? backtestId : undefined;
  const wantSession = from === 'session' ? sessionId : undefined;
  const backtest = useQuery(
    'backtest.get',
    () =>
      wantBacktest === undefined
        ? Promise.resolve(undefined)
        : rpc.backtest.get({ backtestId: wantBacktest }),
    [wantBacktest],
  ).data;
  const session = useWatch(
    (signal) =>
      wantSession === undefined ? undefined : rpc.live.watch({ sessionId: wantSession }, { signal }),
    [wantSession],
  ).data;
  const source = from === 'backtest' ? backtest : from === 'session' ? session : undefined;
  const fits = source?.symbol === market.symbol;
  const open: readonly ShownTrade[] = from === 'session' && session?.position ? [session.position] : [];
  return {
    from,
    trades: fits && source ? [...source.trades, ...open] : undefined,
    elsewhere: source && !fits ? `${source.symbol} ${source.timeframe}` : undefined,
    hasBacktest: backtestId !== undefined,
    hasSession: sessionId !== undefined,
  };
}
