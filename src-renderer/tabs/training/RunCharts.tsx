import { useMemo } from 'react';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { EmptyState, ErrorLine } from '../../ui/states.tsx';
import { axisEnd } from './curve.ts';
import { MiniChart } from './MiniChart.tsx';
import { multiplesOf } from './multiples.ts';
import { useReadings } from './queries.ts';
import { isActive } from './runActions.ts';

interface RunChartsProps {
  readonly run: TrainingRunDto;
  readonly hover: number | undefined;
  readonly onHover: (step: number | undefined) => void;
}

/** Learning rate, gradient norm, speed and what the devices say of themselves, side by side. */
export function RunCharts({ run, hover, onHover }: RunChartsProps) {
  const { data, error, reload } = useReadings(run.id, isActive(run.state));
  const multiples = useMemo(() => multiplesOf(run.curve, data ?? []), [run.curve, data]);
  const lastStep = axisEnd(run);
  if (multiples.length === 0 && !error) {
    return (
      <EmptyState
        title={run.endedMs === undefined ? 'Nothing was measured yet' : 'Nothing was measured'}
        text="Learning rate, gradient and devices show here by step, where a run has steps."
      />
    );
  }
  return (
    <>
      {error ? <ErrorLine error={error} onRetry={reload} /> : null}
      <div className="ft-multiples" data-testid="run-multiples">
        {multiples.map((m) => (
          <MiniChart key={m.title} {...m} lastStep={lastStep} hover={hover} onHover={onHover} />
        ))}
      </div>
    </>
  );
}
