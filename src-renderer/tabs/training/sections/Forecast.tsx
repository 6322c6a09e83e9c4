import { timeframeMs } from '../../../../src-shared/market/timeframes.ts';
import { formatDuration } from '../../../ui/format.ts';
import { ExplainedRow } from '../Field.tsx';
import { useTraining } from '../trainingStore.ts';
import type { SectionProps } from './section.ts';

function spanText(
  bars: number | string,
  timeframe: SectionProps['dataset']['timeframe'],
): string | undefined {
  const n = Number(bars);
  if (!Number.isFinite(n) || n < 1) return undefined;
  return `${n} ${n === 1 ? 'bar' : 'bars'} of ${timeframe} ${n === 1 ? 'is' : 'are'} ${formatDuration(n * timeframeMs(timeframe)).replace(/ 0+ (h|min|s)$/, '')} of open market.`;
}

/** What is predicted, from how much, and how sure the band should be. */
export function ForecastSection({ dataset, family, errors }: SectionProps) {
  const horizon = useTraining((s) => s.draft.horizonBars);
  const window = useTraining((s) => s.draft.windowBars);
  const none =
    family && family.role !== 'regressor' ? 'No effect: this family predicts no single return.' : undefined;
  const target = family?.role === 'diffusion' ? undefined : none;
  return (
    <section>
      <h3 className="ft-config-title">Forecast</h3>
      <ExplainedRow
        name="horizonBars"
        error={errors.horizonBars}
        note={target ?? spanText(horizon, dataset.timeframe)}
      />
      <ExplainedRow name="windowBars" error={errors.windowBars} note={spanText(window, dataset.timeframe)} />
      <ExplainedRow name="confidence" error={errors.confidence} note={none} />
      <ExplainedRow name="conformal" error={errors.conformal} note={none} />
    </section>
  );
}
