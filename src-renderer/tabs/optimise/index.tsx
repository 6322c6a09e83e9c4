import { EmptyState } from '../../ui/states.tsx';

/** The Optimise tab. */
export function OptimiseTab() {
  return (
    <EmptyState
      title="No study yet"
      text="A study searches the strategy genes for the best trade-offs of return, drawdown, Sharpe and win rate."
    />
  );
}
