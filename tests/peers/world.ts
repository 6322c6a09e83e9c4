import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import type { PeerBar } from './market.ts';

/** What a peer knows: one symbol, its bars, one key. Tests change it while the peer runs. */
export interface PeerWorld {
  /** Frontier's symbol. */
  readonly symbol: string;
  readonly timeframe: Timeframe;
  bars: readonly PeerBar[];
  /** The key that is accepted. */
  key: string;
  /** The peer's clock when it starts. */
  readonly nowMs: number;
}
