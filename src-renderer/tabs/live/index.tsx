import { EmptyState } from '../../ui/states.tsx';

/** The Live tab. */
export function LiveTab() {
  return (
    <EmptyState
      title="Nothing is deployed yet"
      text="Pick a point of a Pareto front in the Optimise tab and deploy it to the paper broker."
    />
  );
}
