import { EmptyState } from '../../ui/states.tsx';

/** The Backtest tab. */
export function BacktestTab() {
  return (
    <EmptyState
      title="No backtest yet"
      text="Train a model, then replay it over history that it has not seen."
    />
  );
}
