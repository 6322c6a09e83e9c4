import { useMemo } from 'react';
import type { StudyDto } from '../../../src-shared/contract/optimize.ts';
import { Plot } from '../../ui/Plot.tsx';
import { useChartColors } from '../../ui/theme.ts';

const LAYOUT = {
  xaxis: { title: { text: 'Evaluations', standoff: 4 }, rangemode: 'tozero' },
  yaxis: { title: { text: 'Hypervolume', standoff: 6 } },
  margin: { l: 58, r: 12, t: 10, b: 38 },
  hovermode: 'x',
};

/** How much the front still gains: the volume it dominates, over the evaluations. Flat means searched out. */
export function Hypervolume({ study }: { readonly study: StudyDto }) {
  const colors = useChartColors();
  const traces = useMemo(
    () => [
      {
        type: 'scatter',
        mode: 'lines+markers',
        x: study.hypervolume.map((p) => p.evaluations),
        y: study.hypervolume.map((p) => p.value),
        line: { color: colors.accent, width: 2, shape: 'hv' },
        marker: { size: 4, color: colors.accent },
        hovertemplate: '%{y:.4f} after %{x} evaluations<extra></extra>',
      },
    ],
    [study.hypervolume, colors],
  );
  return (
    <Plot
      traces={traces}
      layout={LAYOUT}
      label="Hypervolume over evaluations"
      view={study.id}
      testId="hypervolume"
    />
  );
}
