import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import { OBJECTIVES, type StudyDto, type TrialDto } from '../../../src-shared/contract/optimize.ts';
import { formatNumber } from '../../ui/format.ts';
import { GENE_FIELDS, type GenesDto } from '../../ui/genes.ts';
import { useChartColors } from '../../ui/theme.ts';
import styles from './Optimise.module.css';
import { AXES, extent, objectiveOf } from './pareto.ts';
import { selectTrial } from './view.ts';

export interface ParallelAxis {
  readonly key: string;
  readonly label: string;
  /** For where the full label has no room. */
  readonly short: string;
  readonly unit: string;
  readonly decimals: number;
  readonly low: number;
  readonly high: number;
  readonly value: (trial: TrialDto) => number | undefined;
}

const SHORT: Readonly<Record<keyof GenesDto, string>> = {
  entryThreshold: 'Entry',
  stopAtr: 'Stop',
  targetAtr: 'Target',
  riskFraction: 'Risk',
  maxHoldingBars: 'Hold',
};

/** One axis for each gene and each objective, over the range that the front covers. */
export function parallelAxes(front: readonly TrialDto[]): ParallelAxis[] {
  const genes = GENE_FIELDS.map((field) => ({
    key: field.key as string,
    label: field.label,
    short: SHORT[field.key],
    unit: field.unit,
    decimals: field.decimals,
    value: (trial: TrialDto): number | undefined => trial.genes[field.key] * field.scale,
  }));
  const objectives = OBJECTIVES.map((name) => ({
    key: name as string,
    label: AXES[name].label,
    short: AXES[name].label,
    unit: AXES[name].unit,
    decimals: AXES[name].decimals,
    value: (trial: TrialDto) => objectiveOf(trial, name),
  }));
  return [...genes, ...objectives].map((axis) => {
    const [low, high] = extent(front.map(axis.value)) ?? [0, 1];
    return { ...axis, low, high };
  });
}

const PAD = { top: 34, bottom: 22, side: 44 };

function pathOf(
  trial: TrialDto,
  axes: readonly ParallelAxis[],
  x: (i: number) => number,
  height: number,
): string {
  const points = axes.flatMap((axis, i) => {
    const value = axis.value(trial);
    if (value === undefined) return [];
    const share = axis.high > axis.low ? (value - axis.low) / (axis.high - axis.low) : 0.5;
    const y = PAD.top + (1 - share) * Math.max(0, height - PAD.top - PAD.bottom);
    return [`${x(i).toFixed(1)},${y.toFixed(1)}`];
  });
  return `M${points.join('L')}`;
}

interface ParallelProps {
  readonly study: StudyDto;
  readonly selectedId: string | undefined;
}

/** Parallel coordinates of the front: which genes its points share, and what they trade for it. */
export function Parallel({ study, selectedId }: ParallelProps) {
  const { ref, width, height } = useElementSize();
  const colors = useChartColors();
  const front = useMemo(() => study.trials.filter((t) => t.onFront), [study.trials]);
  const axes = useMemo(() => parallelAxes(front), [front]);
  const step = (width - 2 * PAD.side) / Math.max(1, axes.length - 1);
  const x = (i: number) => PAD.side + i * step;
  const recommendedId = study.recommendedTrialId;
  const rank = (t: TrialDto) => (t.id === selectedId ? 2 : t.id === recommendedId ? 1 : 0);
  const ordered = front.toSorted((a, b) => rank(a) - rank(b));
  const base = height - PAD.bottom;
  return (
    <div ref={ref} style={{ height: '100%', overflow: 'hidden' }}>
      {width > 0 && height > 60 && (
        <svg
          className={styles.parallel}
          width={width}
          height={height}
          role="img"
          aria-label={`Genes and objectives of the ${front.length} points on the front, one line each`}
        >
          {axes.map((axis, i) => (
            <g key={axis.key}>
              <line x1={x(i)} x2={x(i)} y1={PAD.top} y2={base} stroke={colors.border} />
              <text x={x(i)} y={11} textAnchor="middle">
                {step >= 82 ? axis.label : axis.short}
              </text>
              <text x={x(i)} y={26} textAnchor="middle">
                {formatNumber(axis.high, axis.decimals, axis.decimals)}
              </text>
              <text x={x(i)} y={base + 14} textAnchor="middle">
                {formatNumber(axis.low, axis.decimals, axis.decimals)}
              </text>
            </g>
          ))}
          {ordered.map((trial) => {
            const level = rank(trial);
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: the front table is the way by keyboard
              <path
                key={trial.id}
                className={styles.line}
                d={pathOf(trial, axes, x, height)}
                stroke={level === 2 ? colors.accent : level === 1 ? colors.warning : colors.dim}
                strokeOpacity={level > 0 ? 1 : 0.4}
                strokeWidth={level === 2 ? 2.5 : level === 1 ? 1.75 : 1}
                strokeDasharray={level === 1 ? '5 3' : undefined}
                onClick={() => selectTrial(study.id, trial.id)}
              >
                <title>Trial {trial.number}</title>
              </path>
            );
          })}
        </svg>
      )}
    </div>
  );
}
